"""`aws appstream start-image-builder` against the engine, with each option of its reference page."""

import json
import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from appstream_local.process.admin_client import AdminClient
from appstream_local.process.aws_cli import AwsCli, installed
from appstream_local.process.engine import Engine
from support.processes import run_to_end

pytestmark = pytest.mark.engine

_Start = Callable[..., subprocess.CompletedProcess[str]]

# The page's output section.
_FIELDS = {
    "Name", "Arn", "ImageArn", "Description", "DisplayName", "VpcConfig", "InstanceType", "Platform",
    "IamRoleArn", "State", "StateChangeReason", "CreatedTime", "EnableDefaultInternetAccess",
    "DomainJoinInfo", "NetworkAccessConfiguration", "ImageBuilderErrors", "AppstreamAgentVersion",
    "AccessEndpoints",
}  # fmt: skip


@pytest.fixture(scope="module")
def aws_cli() -> AwsCli:
    """Return the newest AWS CLI, version 2 if there is one."""
    found = installed(os.environ.get("PATH", ""))
    return max(found, key=lambda cli: cli.release) if found else pytest.skip("no AWS CLI on the PATH")


@pytest.fixture
def aws(aws_cli: AwsCli, engine: Engine, admin: AdminClient) -> _Start:
    """Return `aws appstream` against the engine, which has one stopped builder, without the user's configuration."""
    admin.put_image_builder("cad", DisplayName="CAD")

    def run(*arguments: str, environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        return run_to_end(
            [aws_cli.path, "appstream", *arguments, "--endpoint-url", engine.endpoint_url],
            env=engine.environment if environment is None else environment,
            stdin=subprocess.DEVNULL,
            timeout=60,
        )

    return run


@pytest.fixture
def start(aws: _Start) -> _Start:
    """Return `aws appstream start-image-builder`."""
    return lambda *arguments, **options: aws("start-image-builder", *arguments, **options)


@pytest.fixture
def service_error(aws_cli: AwsCli) -> int:
    """Return the exit code for an error of the service."""
    return 254 if aws_cli.release[0] >= 2 else 255


def _needs_version_2(aws_cli: AwsCli) -> None:
    if aws_cli.release[0] < 2:
        pytest.skip(f"needs version 2 of the AWS CLI, and the PATH has only {aws_cli.version}")


def _without(engine: Engine, *names: str) -> dict[str, str]:
    return {name: value for name, value in engine.environment.items() if name not in names}


def test_name_starts_the_builder(start: _Start, admin: AdminClient) -> None:
    """The page's own example: a name, and the started builder as JSON."""
    done = start("--name", "cad")

    assert (0, "") == (done.returncode, done.stderr)
    builder = json.loads(done.stdout)["ImageBuilder"]
    assert ("cad", "CAD", "PENDING") == (builder["Name"], builder["DisplayName"], builder["State"])
    assert 1 == admin.image_builder("cad").starts


@pytest.mark.parametrize(("given", "installed"), [("01-01-2025", "01-01-2025"), ("LATEST", "01-01-2030")])
def test_agent_version_is_installed(start: _Start, admin: AdminClient, given: str, installed: str) -> None:
    """A version is installed as given; LATEST is resolved."""
    admin.set_behavior(latest_agent_version="01-01-2030")
    done = start("--name", "cad", "--appstream-agent-version", given)

    assert "UPDATING_AGENT" == json.loads(done.stdout)["ImageBuilder"]["State"]
    assert installed == admin.image_builder("cad").description["AppstreamAgentVersion"]


@pytest.mark.parametrize("source", ["json", "file", "yaml"])
def test_input_documents_give_the_arguments(
    start: _Start, admin: AdminClient, aws_cli: AwsCli, tmp_path: Path, source: str
) -> None:
    """As JSON on the command line or in a file, or as YAML; an argument overrides the document."""
    if source == "yaml":
        _needs_version_2(aws_cli)
    document = '{"Name": "nobody", "AppstreamAgentVersion": "01-01-2025"}'
    (tmp_path / "input.json").write_text(document)
    option = "--cli-input-yaml" if source == "yaml" else "--cli-input-json"
    done = start(option, f"file://{tmp_path}/input.json" if source == "file" else document, "--name", "cad")

    assert 0 == done.returncode
    assert [{"Name": "cad", "AppstreamAgentVersion": "01-01-2025"}] == [call.request for call in admin.calls()]


def test_the_output_skeleton_starts_nothing(start: _Start, admin: AdminClient) -> None:
    """It lists every field of the page's output section."""
    done = start("--name", "cad", "--generate-cli-skeleton", "output")

    assert set(json.loads(done.stdout)["ImageBuilder"]) >= _FIELDS
    assert [] == admin.calls()


@pytest.mark.parametrize(
    ("options", "shown"),
    [
        ("--query ImageBuilder.State --output text", "PENDING\n"),
        ("--output table --color on", "\x1b["),
        ("--output table --color off", "StartImageBuilder"),
        ("--debug", "PhotonAdminProxyService.StartImageBuilder"),
        ("--debug", "application/x-amz-json-1.1"),
        ("--no-verify-ssl", "InsecureRequestWarning"),
        ("--no-paginate --cli-read-timeout 0 --cli-connect-timeout 20", "PENDING"),
    ],
)
def test_global_options_work(start: _Start, options: str, shown: str) -> None:
    """The engine's response is what each of them expects."""
    done = start("--name", "cad", *options.split())

    assert 0 == done.returncode
    assert shown in done.stdout + done.stderr


@pytest.mark.parametrize("options", ["--output yaml", "--output yaml-stream", "--cli-binary-format raw-in-base64-out"])
def test_global_options_of_version_2_work(start: _Start, aws_cli: AwsCli, options: str) -> None:
    """With no pager and no prompt."""
    _needs_version_2(aws_cli)

    done = start("--name", "cad", *options.split(), "--no-cli-pager", "--no-cli-auto-prompt")

    assert (0, True) == (done.returncode, "PENDING" in done.stdout)


@pytest.mark.parametrize("option", ["--region", "--profile"])
def test_region_and_profile_decide_where(
    start: _Start, admin: AdminClient, engine: Engine, tmp_path: Path, option: str
) -> None:
    """The builder of that Region starts, not its namesake in the default one."""
    admin.reset(region="eu-west-1")
    admin.put_image_builder("cad", region="eu-west-1")
    config = ["[profile night]", "aws_access_key_id = test", "aws_secret_access_key = test", "region = eu-west-1", ""]
    (tmp_path / "config").write_text("\n".join(config))
    environment = {**engine.environment, "AWS_CONFIG_FILE": str(tmp_path / "config")}
    if option == "--profile":
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_DEFAULT_REGION"):
            del environment[name]
    done = start("--name", "cad", option, "night" if option == "--profile" else "eu-west-1", environment=environment)

    assert 0 == done.returncode
    assert (0, 1) == tuple(admin.image_builder("cad", region=where).starts for where in ("us-east-1", "eu-west-1"))


def test_ca_bundle_makes_the_engine_trusted(start: _Start, engine: Engine) -> None:
    """Without it the certificate is refused."""
    # Version 1 would try an untrusted certificate five times.
    environment = {**_without(engine, "AWS_CA_BUNDLE"), "AWS_MAX_ATTEMPTS": "1"}

    refused = start("--name", "cad", environment=environment)
    accepted = start("--name", "cad", "--ca-bundle", str(engine.ca_bundle), environment=environment)

    assert "SSL validation failed" in refused.stderr
    assert 0 == accepted.returncode


def test_no_paginate_shows_the_first_page(aws: _Start, admin: AdminClient) -> None:
    """Without it the CLI requests every page of a list."""
    admin.set_behavior(page_size=1)
    admin.put_image_builder("second")
    names = ("describe-image-builders", "--query", "ImageBuilders[].Name", "--output", "text")

    assert ["cad", "second"] == aws(*names).stdout.split()
    assert ["cad"] == aws(*names, "--no-paginate").stdout.split()


@pytest.mark.parametrize("name", ["nobody", "-bad name!"])
def test_an_unknown_name_is_not_found(start: _Start, service_error: int, name: str) -> None:
    """The model of a start has no pattern for the name, so an invalid one is unknown, too."""
    done = start(f"--name={name}")

    assert (service_error, "") == (done.returncode, done.stdout)
    assert "An error occurred (ResourceNotFoundException) when calling the StartImageBuilder operation" in done.stderr


@pytest.mark.parametrize("options", [["--name", ""], ["--name", "cad", "--appstream-agent-version", "x" * 101]])
def test_a_length_out_of_bounds_starts_nothing(start: _Start, admin: AdminClient, options: list[str]) -> None:
    """The CLI refuses what is too short, the service what is too long."""
    done = start(*options)

    assert 0 != done.returncode
    assert "length" in done.stderr
    assert 0 == admin.image_builder("cad").starts


def test_a_running_builder_cannot_be_started(start: _Start, admin: AdminClient, service_error: int) -> None:
    """The message has the state."""
    admin.set_state("cad", "RUNNING")
    done = start("--name", "cad")

    assert service_error == done.returncode
    assert "(ResourceNotAvailableException)" in done.stderr
    assert "RUNNING" in done.stderr


def test_an_unsigned_request_is_refused(start: _Start, admin: AdminClient, service_error: int) -> None:
    """With --no-sign-request the caller is unknown."""
    done = start("--name", "cad", "--no-sign-request")

    assert service_error == done.returncode
    assert "MissingAuthenticationToken" in done.stderr
    assert [] == admin.calls()


def test_a_throttled_start_is_retried(start: _Start, admin: AdminClient) -> None:
    """The CLI retries by itself, and the builder starts once."""
    admin.add_fault("throttle", times=1)

    assert 0 == start("--name", "cad").returncode
    assert [400, 200] == [call.status for call in admin.calls()]
    assert 1 == admin.image_builder("cad").starts


def test_a_dropped_connection_is_reported(start: _Start, admin: AdminClient, engine: Engine) -> None:
    """The CLI sees a closed connection instead of a response."""
    admin.add_fault("drop")
    done = start("--name", "cad", environment={**engine.environment, "AWS_MAX_ATTEMPTS": "1"})

    assert 255 == done.returncode
    assert "Connection was closed before we received a valid response" in done.stderr
