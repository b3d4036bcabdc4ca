"""The real program in a process of its own, as far as it gets without AWS: errors, exit codes, one line each."""

import io
import os
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from rich.console import Console

from appstream_image_builder_cli.__main__ import main
from support.processes import run_to_end

KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
PLACE = {"AWS_REGION": "eu-west-1"}


def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the program with nothing of the user's environment."""
    environment = {
        "PATH": os.defpath,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
    return run_to_end(
        [sys.executable, "-m", "appstream_image_builder_cli", *arguments], env={**environment, **variables}
    )


@pytest.mark.parametrize(
    ("arguments", "variables", "code", "line"),
    [
        (
            (),
            PLACE,
            253,
            "error: no AWS credentials: run `aws configure` or `aws sso login`, or specify --profile",
        ),
        ((), KEYS, 253, "error: no Region: specify --region, or set AWS_REGION"),
        (("--profile", "no-such"), PLACE, 253, "error: The config profile (no-such) could not be found"),
        (
            ("--endpoint-url", "http://127.0.0.1:9"),
            KEYS | PLACE,
            255,
            'error: Could not connect to the endpoint URL: "http://127.0.0.1:9/"',
        ),
        (("--output", "xml"), {}, 252, "error: argument --output: invalid choice: 'xml'"),
    ],
    ids=["no credentials", "no Region", "no profile", "no connection", "no such output"],
)
def test_what_is_wrong_is_one_line_and_a_code(
    arguments: tuple[str, ...], variables: dict[str, str], code: int, line: str
) -> None:
    """With the remedy in it, and nothing on standard output."""
    done = run("status", "nb-1", *arguments, **variables)

    assert (code, "") == (done.returncode, done.stdout)
    assert done.stderr.startswith(line)
    assert 1 == done.stderr.count("\n")


def test_help_says_what_the_exit_codes_mean() -> None:
    """A script's author looks there first."""
    done = run("status", "--help")

    assert 0 == done.returncode
    assert all(f" {code} " in " ".join(done.stdout.split()) for code in (0, 1, 124, 130, 252, 253, 254, 255))


@pytest.mark.parametrize("program", [("-m", "cdk_appstream_image_builder"), ("-m", "appstream_image_builder_cli")])
def test_both_packages_run_the_commands(program: tuple[str, ...]) -> None:
    """The construct's package is what users of CDK know."""
    done = run_to_end([sys.executable, *program, "--help"])

    # Not the whole of stderr: with an old Node on PATH, jsii writes its banner there.
    assert 0 == done.returncode, done.stderr
    assert done.stdout.startswith("usage: appstream-image-builder ")


def test_the_console_script_runs_the_commands() -> None:
    """It is what `pip install` puts beside Python."""
    (script,) = entry_points(group="console_scripts", name="appstream-image-builder")

    assert main is script.load()


def test_what_a_stream_cannot_encode_is_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a Windows console, or PYTHONIOENCODING=ascii: AWS's messages are in any language."""
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="ascii", write_through=True))

    def command(_: object) -> int:
        Console().print("Ger\u00e4t")
        return 0

    monkeypatch.setattr("appstream_image_builder_cli.main.main", command)

    assert 0 == main()

    assert b"Ger\\xe4t\n" == written.getvalue()


def test_template_writes_where_it_is_told(tmp_path: Path) -> None:
    """And says which files; a folder that cannot be made is one line."""
    done = run("template", "--output-dir", str(tmp_path / "out"), PATH=os.environ["PATH"])

    written = sorted(str(path) for path in (tmp_path / "out").iterdir())
    assert (0, written) == (done.returncode, sorted(done.stdout.split()))
    (tmp_path / "file").write_text("")
    done = run("template", "--output-dir", str(tmp_path / "file"), PATH=os.environ["PATH"])
    assert 255 == done.returncode
    assert done.stderr.splitlines()[-1].startswith("error: [Errno 17] File exists")
