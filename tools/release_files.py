"""Writes what a release offers to those who deploy without CDK: templates, the function's zip, and SHA-256 sums."""

import hashlib
import sys
from pathlib import Path

from appstream_image_builder_cli import template

SUMS = "SHA256SUMS"


def main(folder: Path) -> None:
    """Write the files into a folder."""
    written = {
        path
        for provider_only in (False, True)
        for path in template.write(folder, provider_only=provider_only, code_parameters=False)
    }
    by_bucket = folder / "code-parameters"
    written |= {
        path.replace(folder / path.name.replace(".template.", ".code-parameters.template."))
        for provider_only in (False, True)
        for path in template.write(by_bucket, provider_only=provider_only, code_parameters=True)
        if path.suffix == ".yaml"
    }
    for path in by_bucket.iterdir():
        path.unlink()
    by_bucket.rmdir()
    # The form that `sha256sum --check` reads.
    sums = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in sorted(written)]
    (folder / SUMS).write_text("".join(sums), encoding="utf-8", newline="\n")
    for path in sorted([*written, folder / SUMS]):
        print(path)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
