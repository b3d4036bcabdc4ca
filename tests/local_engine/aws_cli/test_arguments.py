"""`aws appstream start-image-builder`: the arguments of its own, given in every way there is."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from appstream_local.process.admin_client import AdminClient

pytestmark = pytest.mark.engine

_START = "start-image-builder"
_Aws = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(autouse=True)
def _stopped(admin: AdminClient) -> None:
    admin.put_image_builder("cad", DisplayName="CAD")


def test_name_starts_the_builder(aws: _Aws, admin: AdminClient) -> None:
    """The page's own example: a name, and the started builder as JSON."""
    done = aws(_START, "--name", "cad")

    assert (0, "") == (done.returncode, done.stderr)
    builder = json.loads(done.stdout)["ImageBuilder"]
    assert ("cad", "CAD", "PENDING") == (builder["Name"], builder["DisplayName"], builder["State"])
    assert 1 == admin.image_builder("cad").starts


def test_agent_version_is_installed(aws: _Aws, admin: AdminClient) -> None:
    """A version is taken as given."""
    done = aws(_START, "--name", "cad", "--appstream-agent-version", "01-01-2025")

    assert "UPDATING_AGENT" == json.loads(done.stdout)["ImageBuilder"]["State"]
    assert "01-01-2025" == admin.image_builder("cad").description["AppstreamAgentVersion"]


def test_agent_version_latest_is_resolved(aws: _Aws, admin: AdminClient) -> None:
    """LATEST becomes the version it stands for."""
    admin.set_behavior(latest_agent_version="01-01-2030")
    aws(_START, "--name", "cad", "--appstream-agent-version", "LATEST")

    assert "01-01-2030" == admin.image_builder("cad").description["AppstreamAgentVersion"]


@pytest.mark.parametrize("source", ["text", "file"])
def test_cli_input_json_gives_the_arguments(aws: _Aws, admin: AdminClient, tmp_path: Path, source: str) -> None:
    """The document may stand on the command line or in a file."""
    document = '{"Name": "cad", "AppstreamAgentVersion": "01-01-2025"}'
    (tmp_path / "input.json").write_text(document)
    done = aws(_START, "--cli-input-json", document if source == "text" else f"file://{tmp_path}/input.json")

    assert 0 == done.returncode
    assert [{"Name": "cad", "AppstreamAgentVersion": "01-01-2025"}] == [call.request for call in admin.calls()]


def test_arguments_override_cli_input_json(aws: _Aws, admin: AdminClient) -> None:
    """What the command line says counts."""
    aws(_START, "--cli-input-json", '{"Name": "nobody"}', "--name", "cad")

    assert ["cad"] == [call.name for call in admin.calls()]


@pytest.mark.usefixtures("aws_cli_2")
def test_cli_input_yaml_gives_the_arguments(aws: _Aws, admin: AdminClient) -> None:
    """The same as YAML, which version 2 has."""
    done = aws(_START, "--cli-input-yaml", "Name: cad\nAppstreamAgentVersion: LATEST")

    assert 0 == done.returncode
    assert [{"Name": "cad", "AppstreamAgentVersion": "LATEST"}] == [call.request for call in admin.calls()]


@pytest.mark.parametrize("choice", [[], ["input"]])
def test_the_input_skeleton_lists_every_argument(aws: _Aws, admin: AdminClient, choice: list[str]) -> None:
    """It prints what can be given, and calls nothing."""
    done = aws(_START, "--generate-cli-skeleton", *choice)

    assert {"Name": "", "AppstreamAgentVersion": ""} == json.loads(done.stdout)
    assert [] == admin.calls()


@pytest.mark.usefixtures("aws_cli_2")
def test_the_yaml_skeleton_says_what_is_required(aws: _Aws, admin: AdminClient) -> None:
    """It prints the same as YAML, with comments."""
    done = aws(_START, "--generate-cli-skeleton", "yaml-input")

    assert done.stdout.startswith("Name: ''  # [REQUIRED]")
    assert [] == admin.calls()


def test_the_output_skeleton_lists_every_field(aws: _Aws, admin: AdminClient) -> None:
    """It prints every field of the page's output section, and starts nothing."""
    done = aws(_START, "--name", "cad", "--generate-cli-skeleton", "output")

    page = {
        "Name", "Arn", "ImageArn", "Description", "DisplayName", "VpcConfig", "InstanceType", "Platform",
        "IamRoleArn", "State", "StateChangeReason", "CreatedTime", "EnableDefaultInternetAccess",
        "DomainJoinInfo", "NetworkAccessConfiguration", "ImageBuilderErrors", "AppstreamAgentVersion",
        "AccessEndpoints",
    }  # fmt: skip
    assert page <= set(json.loads(done.stdout)["ImageBuilder"])
    assert [] == admin.calls()
