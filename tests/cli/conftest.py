"""The commands over a fake AWS in virtual time."""

import io
from datetime import timezone

import pytest

from appstream_image_builder_cli.arguments import parse
from appstream_image_builder_cli.commands import Commands
from appstream_image_builder_cli.observer import Observer
from support.fake_appstream import NAME
from support.fake_aws import FakeAws, Run
from support.virtual_time import VirtualClock


@pytest.fixture
def clock() -> VirtualClock:
    """Return a clock that moves only when somebody sleeps; it begins at 08:00:00 UTC."""
    return VirtualClock()


@pytest.fixture
def aws(clock: VirtualClock) -> FakeAws:
    """Return AWS with a stopped builder."""
    return FakeAws(clock)


@pytest.fixture
def run(aws: FakeAws, clock: VirtualClock) -> Run:
    """Return what runs a command for the builder: its exit code and the lines it prints."""

    def run(command: str, *options: str, stream: io.StringIO | None = None) -> tuple[int, list[str]]:
        arguments = parse([command, NAME, *options])
        observer = Observer(
            aws.client,
            name=NAME,
            region="eu-central-1",
            stack_name=arguments.stack_name,
            log_group=arguments.log_group,
            now=clock.time,
        )
        out = stream or io.StringIO()
        code = Commands(arguments, observer=observer, clock=clock, stream=out, zone=timezone.utc).run()
        return code, out.getvalue().splitlines()

    return run
