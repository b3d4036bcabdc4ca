"""The commands are in the wheel and nowhere else: not in what an app imports, and not in the function."""

import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

from cdk_appstream_image_builder.function_asset.deployment_package import contents
from support.processes import run_to_end
from synth.app import environment


def python(program: str, code: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a program with nobody's environment."""
    return run_to_end([program, "-c", code], env=environment(**variables))


def test_an_app_does_not_import_the_commands() -> None:
    """Nor what they need: it is not installed where a pipeline synthesizes."""
    code = (
        "import sys; from cdk_appstream_image_builder import RunningImageBuilder; "
        "print([name for name in sys.modules if name.split('.')[0] in ('rich', 'yaml', 'jmespath') "
        "or name.startswith('appstream_image_builder_cli')])"
    )

    assert "[]\n" == python(sys.executable, code).stdout


def test_the_commands_do_not_import_cdk() -> None:
    """It takes a second and starts a Node, which whoever looks after a deploy need not have."""
    code = "import sys, appstream_image_builder_cli.main; print([n for n in ('aws_cdk', 'jsii') if n in sys.modules])"

    assert "[]\n" == python(sys.executable, code).stdout


def test_the_function_holds_nothing_of_the_commands() -> None:
    """Its hash must not change with them."""
    assert {"crhelper", "licenses", "running_image_builder_function"} == {name.split("/")[0] for name in contents()}


def test_without_the_extra_one_line_says_how_to_install_it(install: Callable[[], Path], wheel: Path) -> None:
    """Whatever is missing; with the wheel in an environment of its own, where the borrowed libraries are hidden."""
    with zipfile.ZipFile(wheel) as files:
        assert "appstream_image_builder_cli/main.py" in files.namelist()
    python = install()
    (borrowed,) = python.parents[1].glob("lib/python*/site-packages/borrowed.pth")
    borrowed.unlink()

    done = run_to_end(
        [python, "-m", "appstream_image_builder_cli", "status", "nb-1"], cwd=python.parent, env=environment()
    )

    assert (253, "") == (done.returncode, done.stdout)
    assert done.stderr.endswith("is not installed: pip install 'cdk-appstream-image-builder[cli]'\n")
    assert 1 == done.stderr.count("\n")
