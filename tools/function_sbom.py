"""Writes the bill of materials of the function's zip (CycloneDX) into build."""

import hashlib
import json
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

from cdk_appstream_image_builder.function_asset import deployment_package

TARGET = Path(__file__).resolve().parents[1] / "build" / "function.cdx.json"
DISTRIBUTIONS = {"running_image_builder_function": "cdk-appstream-image-builder", "crhelper": "crhelper"}
"""The distribution that each Python package of the zip comes from; both have the same license."""


def sha256(content: bytes) -> list[dict[str, str]]:
    """Return what CycloneDX says of a file's content."""
    return [{"alg": "SHA-256", "content": hashlib.sha256(content).hexdigest()}]


def component(kind: str, name: str) -> dict[str, Any]:
    """Return a distribution, with the license and the address that it has on PyPI."""
    address = f"pkg:pypi/{name}@{version(name)}"
    license_ = [{"license": {"id": "Apache-2.0"}}]
    return {
        "type": kind,
        "bom-ref": address,
        "name": name,
        "version": version(name),
        "licenses": license_,
        "purl": address,
    }


def bill() -> dict[str, Any]:
    """Return the bill: the zip, the distributions in it and each file of theirs."""
    with tempfile.TemporaryDirectory() as folder:
        package = Path(folder) / "function.zip"
        deployment_package.write_function_zip(package)
        own = component("application", DISTRIBUTIONS["running_image_builder_function"])
        own["hashes"] = sha256(package.read_bytes())
    bundled = component("library", "crhelper")
    bundled["components"] = files("crhelper")
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": own},
        "components": [bundled, *files("running_image_builder_function")],
        "dependencies": [{"ref": own["bom-ref"], "dependsOn": [bundled["bom-ref"]]}, {"ref": bundled["bom-ref"]}],
    }


def files(package: str) -> list[dict[str, Any]]:
    """Return the files of a Python package and its distribution's licenses, by their names in the zip."""
    places = (f"{package}/", f"licenses/{DISTRIBUTIONS[package]}/")
    return [
        {"type": "file", "name": name, "hashes": sha256(content)}
        for name, content in sorted(deployment_package.contents().items())
        if name.startswith(places)
    ]


if __name__ == "__main__":
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(json.dumps(bill(), indent=2) + "\n", encoding="utf-8")
    print(f"{TARGET.relative_to(Path.cwd())}: what is in the function's zip")
