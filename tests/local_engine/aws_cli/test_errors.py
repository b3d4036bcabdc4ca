"""`aws appstream start-image-builder` where something is wrong: what it says, and its exit code."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Callable, Iterator

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


@pytest.fixture
def service_error(aws_cli: AwsCli) -> int:
    """Return the exit code for an error the service answered."""
    return 254 if aws_cli.release[0] >= 2 else 255


@pytest.fixture
def usage_error(aws_cli: AwsCli) -> int:
    """Return the exit code for a command line that cannot be understood."""
    return 252 if aws_cli.release[0] >= 2 else 2


@pytest.fixture
def once(engine: Engine) -> dict[str, str]:
    """Return an environment in which the CLI does not retry."""
    return {**engine.environment, "AWS_MAX_ATTEMPTS": "1"}


@pytest.fixture
def silent_port() -> Iterator[int]:
    """Return a port where somebody listens and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield int(listener.getsockname()[1])


@pytest.mark.parametrize("name", ["nobody", "-bad name!"])
def test_a_name_no_builder_has_is_not_found(aws: _Aws, service_error: int, name: str) -> None:
    """A start's model has no pattern for the name: a bad one is as unknown as any other."""
    done = aws(_START, f"--name={name}")

    assert (service_error, "") == (done.returncode, done.stdout)
    assert "An error occurred (ResourceNotFoundException) when calling the StartImageBuilder operation" in done.stderr


@pytest.mark.parametrize("options", [["--name", ""], ["--name", "cad", "--appstream-agent-version", "x" * 101]])
def test_a_length_out_of_bounds_is_refused(aws: _Aws, admin: AdminClient, options: list[str]) -> None:
    """Too short is refused by the CLI itself, too long by the service; neither starts anything."""
    done = aws(_START, *options)

    assert 0 != done.returncode
    assert "length" in done.stderr
    assert 0 == admin.image_builder("cad").starts


@pytest.mark.parametrize("options", [[], ["--name", "cad", "--color", "red"]])
def test_a_command_line_that_cannot_be_understood_is_refused(
    aws: _Aws, usage_error: int, admin: AdminClient, options: list[str]
) -> None:
    """A missing name, an unknown option: nothing is sent."""
    done = aws(_START, *options)

    assert done.returncode in (usage_error, 255)
    assert "usage: aws" in done.stderr
    assert [] == admin.calls()


def test_a_running_builder_cannot_be_started(aws: _Aws, admin: AdminClient, service_error: int) -> None:
    """The state is in the message."""
    admin.set_state("cad", "RUNNING")
    done = aws(_START, "--name", "cad")

    assert service_error == done.returncode
    assert "(ResourceNotAvailableException)" in done.stderr
    assert "RUNNING" in done.stderr


def test_an_unsigned_request_is_refused(aws: _Aws, admin: AdminClient, service_error: int) -> None:
    """With --no-sign-request the engine asks who is calling, as AWS does."""
    done = aws(_START, "--name", "cad", "--no-sign-request")

    assert service_error == done.returncode
    assert "MissingAuthenticationToken" in done.stderr
    assert [] == admin.calls()


def test_a_throttled_start_is_tried_again(aws: _Aws, admin: AdminClient) -> None:
    """The CLI retries by itself, and one start comes of it."""
    admin.add_fault("throttle", times=1)

    assert 0 == aws(_START, "--name", "cad").returncode
    assert [400, 200] == [call.status for call in admin.calls()]
    assert 1 == admin.image_builder("cad").starts


def test_a_dropped_connection_is_reported(aws: _Aws, admin: AdminClient, once: dict[str, str]) -> None:
    """The CLI sees a connection that was closed, not an answer."""
    admin.add_fault("drop")
    done = aws(_START, "--name", "cad", environment=once)

    assert 255 == done.returncode
    assert "Connection was closed before we received a valid response" in done.stderr


@pytest.mark.parametrize(
    ("scheme", "option"),
    # With TLS, a server that says nothing keeps the connection from coming about.
    [("http", "--cli-read-timeout"), ("https", "--cli-connect-timeout")],
)
def test_a_silent_server_is_given_up(
    aws_cli: AwsCli, once: dict[str, str], silent_port: int, scheme: str, option: str
) -> None:
    """Each time-out ends the wait for an endpoint that never answers, long before the default minute."""
    endpoint = f"{scheme}://127.0.0.1:{silent_port}"
    command = ("appstream", _START, "--name", "cad", "--endpoint-url", endpoint, option, "1")
    done = aws_cli.run(*command, environment=once, timeout=30)

    assert 255 == done.returncode
    assert "timeout on endpoint URL" in done.stderr


@pytest.mark.usefixtures("aws_cli_2")
def test_a_prompt_needs_a_terminal(aws: _Aws, admin: AdminClient) -> None:
    """With --cli-auto-prompt in a script there is nobody to prompt: it fails and starts nothing."""
    done = aws(_START, "--name", "cad", "--cli-auto-prompt")

    assert 0 != done.returncode
    assert "not a terminal" in done.stderr
    assert [] == admin.calls()
