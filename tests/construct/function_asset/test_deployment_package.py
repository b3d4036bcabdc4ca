"""The function's zip: what is in it, that its bytes depend on nothing else, that Lambda can import it."""

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest

from cdk_appstream_image_builder.function_asset import deployment_package
from support.processes import run_to_end
from synth.app import environment

OURS = "running_image_builder_function"

LICENSES = [
    f"licenses/{package}/{file}"
    for package in ("cdk-appstream-image-builder", "crhelper")
    for file in ("LICENSE", "NOTICE")
]

BOTO3 = ("boto3", "botocore", "dateutil", "jmespath", "s3transfer", "urllib3")
"""What Lambda's runtime brings: boto3 and all that it needs, but for the single module six."""

WRITE = """
import pathlib, sys
from cdk_appstream_image_builder.function_asset import deployment_package
deployment_package.write_function_zip(pathlib.Path(sys.argv[1]))
"""

IMPORT = f"""
import pathlib, sys
sys.path += sys.argv[1:]
from {OURS}.handler import handler
assert callable(handler), handler
unpacked = pathlib.Path(sys.argv[1])
files = [pathlib.Path(getattr(module, "__file__", None) or "/") for module in sys.modules.values()]
print(*sorted({{file.relative_to(unpacked).parts[0] for file in files if unpacked in file.parents}}))
"""
"""Prints the packages that came from the first folder."""


def folder_of(package: str) -> Path:
    """Return where a package is installed."""
    spec = find_spec(package)
    assert spec is not None
    assert spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0])


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the zip as it is made here."""
    target = tmp_path_factory.mktemp("asset") / "function.zip"
    deployment_package.write_function_zip(target)
    return target


def test_the_zip_holds_our_code_crhelper_and_the_licenses(package: Path) -> None:
    """Every Python file of the two packages, four license files, and nothing else."""
    code = [
        f"{name}/{path.relative_to(folder_of(name)).as_posix()}"
        for name in (OURS, "crhelper")
        for path in folder_of(name).rglob("*.py")
    ]
    with zipfile.ZipFile(package) as files:
        assert sorted([*code, *LICENSES]) == files.namelist()
    assert f"{OURS}/handler.py" in code


def test_the_licenses_are_the_right_ones(package: Path) -> None:
    """Each package's own license and notice travel with it, whole."""
    with zipfile.ZipFile(package) as files:
        ours, our_notice, theirs, their_notice = (files.read(name).decode() for name in LICENSES)
    assert "Apache License" in ours
    assert "cdk-appstream-image-builder" in our_notice
    assert "Apache License" in theirs
    assert "Custom Resource Helper" in their_notice


def test_every_file_is_readable_by_lambdas_user(package: Path) -> None:
    """Lambda's user is neither owner nor group: each entry is a regular file that all may read, from Unix."""
    with zipfile.ZipFile(package) as files:
        entries = files.infolist()
    assert {(3, 0o644)} == {(entry.create_system, entry.external_attr >> 16 & 0o777) for entry in entries}


def test_the_zip_is_small(package: Path) -> None:
    """The code stays far below the 4 MB above which Lambda's console no longer shows it."""
    assert package.stat().st_size < 500_000


def test_the_bytes_depend_on_contents_alone(package: Path, tmp_path: Path) -> None:
    """Another umask, locale, time zone, hash seed, file times and modes, byte code and stubs: the same zip."""
    for name in (OURS, "crhelper"):
        copy = shutil.copytree(folder_of(name), tmp_path / "site" / name, ignore=shutil.ignore_patterns("__pycache__"))
        (copy / "__pycache__").mkdir()
        (copy / "__pycache__" / "handler.cpython-310.pyc").write_bytes(b"byte code")
        (copy / "stub.pyi").write_text("")
        for path in copy.rglob("*"):
            path.chmod(0o700)
            os.utime(path, (1_000_000_000, 1_000_000_000))
    target = tmp_path / "other.zip"
    subprocess.run(
        [sys.executable, "-O", "-c", WRITE, target],
        env=environment(
            PYTHONPATH=str(tmp_path / "site"), LC_ALL="tr_TR.UTF-8", TZ="Asia/Kathmandu", PYTHONHASHSEED="7"
        ),
        umask=0o077,
        check=True,
    )
    assert hashlib.sha256(package.read_bytes()).hexdigest() == hashlib.sha256(target.read_bytes()).hexdigest()


@pytest.mark.parametrize("change", ["content", "name"])
def test_the_bytes_depend_on_contents_and_names(
    package: Path, tmp_path: Path, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change of code, or of nothing but a file's name, is a new asset and so a new deployment."""
    files = deployment_package.contents()
    text = files.pop(f"{OURS}/contract.py")
    files |= {f"{OURS}/contract.py": text + b"#"} if change == "content" else {f"{OURS}/watch.py": text}
    monkeypatch.setattr(deployment_package, "contents", lambda: files)
    deployment_package.write_function_zip(tmp_path / "other.zip")
    assert package.read_bytes() != (tmp_path / "other.zip").read_bytes()


def test_what_is_not_installed_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A broken installation names the missing part instead of making a smaller zip."""
    monkeypatch.setattr(deployment_package, "LICENSES", {"crhelper": ("NO_SUCH_FILE",)})
    with pytest.raises(FileNotFoundError, match=r"^NO_SUCH_FILE of crhelper is not installed: reinstall crhelper$"):
        deployment_package.write_function_zip(tmp_path / "function.zip")
    monkeypatch.setattr(deployment_package, "PACKAGES", ("no_such_package",))
    with pytest.raises(FileNotFoundError, match=r"^the Python package no_such_package is not installed"):
        deployment_package.write_function_zip(tmp_path / "function.zip")


def test_the_zip_is_importable_with_nothing_but_boto3(package: Path, tmp_path: Path) -> None:
    """Unpacked into an empty folder beside Lambda's boto3, the entry point imports and is callable."""
    unpacked, runtime = tmp_path / "task", tmp_path / "runtime"
    with zipfile.ZipFile(package) as files:
        files.extractall(unpacked)
    runtime.mkdir()
    for name in BOTO3:
        (runtime / name).symlink_to(folder_of(name))
    six = find_spec("six")
    assert six is not None
    (runtime / "six.py").symlink_to(str(six.origin))
    # -I and -S: no site-packages, no PYTHONPATH, nothing of the checkout.
    process = run_to_end(
        [sys.executable, "-I", "-S", "-c", IMPORT, unpacked, runtime],
        cwd=tmp_path,
        env=environment(AWS_DEFAULT_REGION="eu-central-1"),
    )
    assert (f"crhelper {OURS}\n", "", 0) == (process.stdout, process.stderr, process.returncode)
