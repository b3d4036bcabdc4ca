"""Owns what `make deploy-local` and `make local` have in common; knows no CDK command."""

from __future__ import annotations

import io
import signal
import sys
from pathlib import Path

from appstream_local.process.admin_client import AdminClient

IMAGE_BUILDER = "demo-builder"
START_SECONDS = 20.0

# The repository: the local engine is run from a checkout and never installed elsewhere.
PROJECT_DIR = Path(__file__).resolve().parents[3]

_VPC = {"SubnetIds": ["subnet-0d3m0000000000001"], "SecurityGroupIds": ["sg-0d3m0000000000001"]}


class Terminated(BaseException):
    """SIGTERM, as an exception that unwinds like Ctrl-C."""


def seed(admin: AdminClient, *, name: str, start_seconds: float) -> None:
    """Put a stopped image builder in a VPC, and make its starts take so many seconds."""
    admin.set_durations(start=start_seconds)
    admin.put_image_builder(name, state="STOPPED", VpcConfig=_VPC)


def unwind_on_sigterm() -> None:
    """Make SIGTERM leave through every `finally`, as Ctrl-C does."""

    def unwind(_number: int, _frame: object) -> None:
        raise Terminated

    signal.signal(signal.SIGTERM, unwind)
    # A shell that starts a job in the background makes it deaf to SIGINT; not so this one.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def print_any_character() -> None:
    """Let a stream that can't encode a character show its escape: the CDK CLI marks errors with a red cross."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def ignore_signals() -> None:
    """From here on only the end is left to do, and a second Ctrl-C must not cut it short."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
