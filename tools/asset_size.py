"""Prints what is in the function's deployment package and how large it is, as measured."""

import io
import tempfile
import zipfile
from pathlib import Path

from cdk_appstream_image_builder.function_asset import deployment_package


def main() -> None:
    """Print the files, then the sizes of the package as it is uploaded and as compression would make it."""
    files = deployment_package.contents()
    for name, content in sorted(files.items()):
        print(f"{len(content):>8}  {name}")
    with tempfile.TemporaryDirectory() as folder:
        package = Path(folder) / "function.zip"
        deployment_package.write_function_zip(package)
        stored = package.stat().st_size
    compressed = io.BytesIO()
    with zipfile.ZipFile(compressed, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in sorted(files.items()):
            target.writestr(name, content)
    print(f"function's package: {len(files)} files, {stored:,} bytes zipped as uploaded (stored), ", end="")
    print(f"{len(compressed.getvalue()):,} bytes were it deflated")


if __name__ == "__main__":
    main()
