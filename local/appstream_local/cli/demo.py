"""What `make deploy-local` and `make local` share."""

import io
import signal
import sys
from pathlib import Path

from appstream_local.process.admin_client import AdminClient

IMAGE_BUILDER = "demo-builder"
START_SECONDS = 20.0

# The repository: the local engine runs from a checkout and is never installed elsewhere.
PROJECT_DIR = Path(__file__).resolve().parents[3]

_VPC = {"SubnetIds": ["subnet-0d3m0000000000001"], "SecurityGroupIds": ["sg-0d3m0000000000001"]}


class Terminated(BaseException):
    """SIGTERM, as an exception that unwinds like Ctrl-C."""


def seed(admin: AdminClient, *, name: str, start_seconds: float) -> None:
    """Add a stopped image builder in a VPC, and set how long its starts take."""
    admin.set_durations(start=start_seconds)
    admin.put_image_builder(name, state="STOPPED", VpcConfig=_VPC)


def unwind_on_sigterm() -> None:
    """Make SIGTERM run every `finally`, as Ctrl-C does."""

    def unwind(_number: int, _frame: object) -> None:
        raise Terminated

    signal.signal(signal.SIGTERM, unwind)
    # A shell makes its background jobs ignore SIGINT, but this command must not.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def print_any_character() -> None:
    """Print an escape where standard output can't encode a character, such as the CDK CLI's red cross."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def ignore_signals() -> None:
    """Don't let a second Ctrl-C interrupt the cleanup."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
