"""`aws appstream start-image-builder` with every global option of its reference page."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from appstream_local.process.admin_client import AdminClient
from appstream_local.process.aws_cli import AwsCli
from appstream_local.process.engine import Engine

pytestmark = pytest.mark.engine

_START = "start-image-builder"
_Aws = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(autouse=True)
def _stopped(admin: AdminClient) -> None:
    admin.put_image_builder("cad")


def _without(engine: Engine, *names: str) -> dict[str, str]:
    return {name: value for name, value in engine.environment.items() if name not in names}


def test_query_and_output_text_give_a_script_the_state_alone(aws: _Aws) -> None:
    """The query picks one value of the answer, and as text it is bare."""
    done = aws(_START, "--name", "cad", "--query", "ImageBuilder.State", "--output", "text")

    assert "PENDING\n" == done.stdout


@pytest.mark.parametrize(("color", "colored"), [("on", True), ("off", False)])
def test_output_table_is_colored_as_asked(aws: _Aws, color: str, *, colored: bool) -> None:
    """A table names the operation and has escape sequences only with --color on."""
    done = aws(_START, "--name", "cad", "--output", "table", "--color", color)

    assert "StartImageBuilder" in done.stdout
    assert colored == ("\x1b[" in done.stdout)


@pytest.mark.usefixtures("aws_cli_2")
@pytest.mark.parametrize(("output", "expected"), [("yaml", "ImageBuilder:\n"), ("yaml-stream", "- ImageBuilder:\n")])
def test_output_can_be_yaml(aws: _Aws, output: str, expected: str) -> None:
    """A document, or a stream of them."""
    assert aws(_START, "--name", "cad", "--output", output).stdout.startswith(expected)


def test_region_decides_where(aws: _Aws, admin: AdminClient) -> None:
    """The builder of the Region named is started, not its namesake in the default Region."""
    admin.reset(region="eu-west-1")
    admin.put_image_builder("cad", region="eu-west-1")
    done = aws(_START, "--name", "cad", "--region", "eu-west-1")

    assert 0 == done.returncode
    assert (0, 1) == tuple(admin.image_builder("cad", region=where).starts for where in ("us-east-1", "eu-west-1"))


def test_profile_decides_who_and_where(aws: _Aws, admin: AdminClient, engine: Engine, tmp_path: Path) -> None:
    """Keys, Region and output format come from the profile of the configuration file."""
    lines = ["aws_access_key_id = test", "aws_secret_access_key = test", "region = eu-west-1", "output = text"]
    (tmp_path / "config").write_text("\n".join(["[profile night]", *lines, ""]))
    admin.reset(region="eu-west-1")
    admin.put_image_builder("cad", region="eu-west-1")
    keys_and_region = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_DEFAULT_REGION")
    environment = {**_without(engine, *keys_and_region), "AWS_CONFIG_FILE": str(tmp_path / "config")}
    done = aws(_START, "--name", "cad", "--profile", "night", environment=environment)

    assert done.stdout.startswith("IMAGEBUILDER\t")
    assert 1 == admin.image_builder("cad", region="eu-west-1").starts


def test_ca_bundle_makes_the_engine_trusted(aws: _Aws, engine: Engine) -> None:
    """Without it the certificate is refused, with it the call goes through."""
    # Version 1 would try a certificate it does not trust five times.
    environment = {**_without(engine, "AWS_CA_BUNDLE"), "AWS_MAX_ATTEMPTS": "1"}

    refused = aws(_START, "--name", "cad", environment=environment)
    assert "SSL validation failed" in refused.stderr
    accepted = aws(_START, "--name", "cad", "--ca-bundle", str(engine.ca_bundle), environment=environment)
    assert 0 == accepted.returncode


def test_no_verify_ssl_trusts_anybody_and_warns(aws: _Aws, engine: Engine) -> None:
    """The call goes through, and standard error says what that means."""
    done = aws(_START, "--name", "cad", "--no-verify-ssl", environment=_without(engine, "AWS_CA_BUNDLE"))

    assert 0 == done.returncode
    assert "InsecureRequestWarning" in done.stderr


def test_debug_shows_the_request(aws: _Aws) -> None:
    """The wire format is AWS JSON 1.1, whatever else the model names."""
    done = aws(_START, "--name", "cad", "--debug")

    assert 0 == done.returncode
    assert "PhotonAdminProxyService.StartImageBuilder" in done.stderr
    assert "application/x-amz-json-1.1" in done.stderr


def test_no_paginate_shows_one_page(aws: _Aws, admin: AdminClient) -> None:
    """A start takes the option as well; where it matters, the list ends with its first page."""
    admin.set_behavior(page_size=1)
    admin.put_image_builder("second")
    assert 0 == aws(_START, "--name", "cad", "--no-paginate").returncode
    names = ("describe-image-builders", "--query", "ImageBuilders[].Name", "--output", "text")

    assert ["cad", "second"] == aws(*names).stdout.split()
    assert ["cad"] == aws(*names, "--no-paginate").stdout.split()


def test_timeouts_are_accepted(aws: _Aws) -> None:
    """Zero, which is none at all, and a number of seconds."""
    done = aws(_START, "--name", "cad", "--cli-read-timeout", "0", "--cli-connect-timeout", "20")

    assert 0 == done.returncode


@pytest.mark.usefixtures("aws_cli_2")
def test_the_options_of_version_2_are_accepted(aws: _Aws) -> None:
    """No pager, no prompt, and a format for binary arguments, of which there are none."""
    options = ("--no-cli-pager", "--no-cli-auto-prompt", "--cli-binary-format", "raw-in-base64-out")

    assert 0 == aws(_START, "--name", "cad", *options).returncode


def test_v2_debug_warns_of_what_version_2_does_differently(
    aws_clis: list[AwsCli], engine: Engine, admin: AdminClient
) -> None:
    """Only the last releases of version 1 have this option; the start itself goes through."""
    last = next((cli for cli in aws_clis if (1, 44) <= cli.release < (2, 0)), None)
    if last is None:
        pytest.skip("needs version 1.44 or later of the AWS CLI, which version 2 does not replace here")
    command = ("appstream", _START, "--name", "cad", "--v2-debug", "--endpoint-url", engine.endpoint_url)
    done = last.run(*command, environment=engine.environment)

    assert (0, 1) == (done.returncode, admin.image_builder("cad").starts)
    assert "v2" in done.stderr
