"""Writes the function's zip, byte for byte the same on every machine."""

import zipfile
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path

PACKAGES = ("crhelper", "running_image_builder_function")
"""The Python packages of the function; boto3 is in Lambda's runtime."""

LICENSES = {"crhelper": ("LICENSE", "NOTICE"), "cdk-appstream-image-builder": ("LICENSE", "NOTICE")}
"""The license files in the package, by distribution."""

_EARLIEST = (1980, 1, 1, 0, 0, 0)
"""The oldest date of a zip: file times must not change the asset's hash."""

_MODE = 0o644
"""Readable by Lambda's user, whatever the umask."""


def write_function_zip(target: Path) -> None:
    """Write the function's deployment package.

    Its bytes depend on file names and contents only, not on times, modes, byte code, or compression (whose output
    differs among zlib versions).

    Args:
        target: The zip to write.

    Raises:
        FileNotFoundError: A package or a license is not installed.
    """
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as package:
        for name, content in sorted(contents().items()):
            entry = zipfile.ZipInfo(name, date_time=_EARLIEST)
            entry.create_system = 3  # Unix, else the mode is ignored
            entry.external_attr = _MODE << 16
            package.writestr(entry, content)


def contents() -> dict[str, bytes]:
    """Return the files of the package by their names in the zip."""
    files = {f"{name}/{path}": content for name in PACKAGES for path, content in _sources(name)}
    for name, licenses in LICENSES.items():
        files |= {f"licenses/{name}/{file}": _license(name, file) for file in licenses}
    return files


def _sources(package: str) -> Iterator[tuple[str, bytes]]:
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError(f"the Python package {package} is not installed: install cdk-appstream-image-builder")
    root = Path(spec.submodule_search_locations[0])
    for path in root.rglob("*.py"):
        yield path.relative_to(root).as_posix(), path.read_bytes()


def _license(name: str, wanted: str) -> bytes:
    try:
        files = distribution(name).files or []
    except PackageNotFoundError:
        files = []
    for file in files:
        if file.name == wanted and any(part.endswith(".dist-info") for part in file.parts):
            return Path(str(file.locate())).read_bytes()
    raise FileNotFoundError(f"{wanted} of {name} is not installed: reinstall {name}")
