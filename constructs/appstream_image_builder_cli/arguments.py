"""The command line as a typed value; knows what is valid, not what is done about it."""

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, NoReturn

import jmespath

from appstream_image_builder_cli import exit_codes
from running_image_builder_function import contract

OUTPUTS = ("json", "yaml", "text", "table")

WAIT_SECONDS = 3600.0
"""How long ``status --wait`` waits where it is not told: no deploy of a running builder takes longer."""

_PROGRAM = "appstream-image-builder"
_CODES = (
    "Exit codes: 0 RUNNING (status without --wait: described), 1 not going to be RUNNING, 124 --timeout passed, "
    "130 Ctrl-C, 252 wrong arguments, 253 no credentials or Region, 254 AWS answered with an error, 255 another error."
)


@dataclass(frozen=True, kw_only=True)
class Arguments:
    """What the command line asks for.

    Attributes:
        command: ``watch`` or ``status``.
        name: The image builder's name.
        region: The Region; None for what the environment or the profile says.
        profile: The profile; None for the default one.
        endpoint_url: Where every AWS service answers; None for AWS's own endpoints.
        ca_bundle: A file of certificates to trust; None for the default.
        verify_ssl: Whether certificates are verified.
        output: One of ``OUTPUTS``; None for the view made for people.
        query: A JMESPath expression; None for everything.
        stack_name: The stack that deploys the builder; None to look for it.
        log_group: The function's log group; None for what the stack says.
        wait: Whether ``status`` waits for RUNNING.
        timeout: Seconds to wait at most; None for no limit.
        interval: Seconds between two looks.
        color: ``on``, ``off`` or ``auto``.
    """

    command: str
    name: str
    region: str | None = None
    profile: str | None = None
    endpoint_url: str | None = None
    ca_bundle: str | None = None
    verify_ssl: bool = True
    output: str | None = None
    query: str | None = None
    stack_name: str | None = None
    log_group: str | None = None
    wait: bool = False
    timeout: float | None = None
    interval: float = 2.0
    color: str = "auto"


def parse(command_line: Sequence[str]) -> Arguments:
    """Return the typed arguments.

    Raises:
        SystemExit: Help was asked for (0), or an argument is wrong (252, one line on standard error).
    """
    parser = _parser()
    given = vars(parser.parse_args(command_line))
    # Accepted as the AWS CLI accepts it: there is no pager here to switch off.
    given.pop("no_cli_pager", None)
    if given.get("wait"):
        given.setdefault("timeout", WAIT_SECONDS)
    elif given["command"] == "status" and ("timeout" in given or "interval" in given):
        # Else a script would take the exit code of a look for that of a wait.
        parser.error("--timeout and --interval go with --wait")
    return Arguments(**given)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """End with one line, and the AWS CLI's code for it."""
        sys.stderr.write(f"error: {message}; see {self.prog} --help\n")
        raise SystemExit(exit_codes.USAGE)


def _parser() -> argparse.ArgumentParser:
    # An option that is not given is left out, so that a command does not undo what stands before it.
    shared: Any = {"allow_abbrev": False, "argument_default": argparse.SUPPRESS}
    parser = _Parser(
        prog=_PROGRAM,
        usage="%(prog)s [options] watch|status NAME [options]",
        description="See how a deploy of an image builder goes.",
        **shared,
    )
    _add_aws_options(parser)
    commands = parser.add_subparsers(dest="command", required=True, metavar="watch|status")
    about = {
        "watch": "show each change until the deploy is over: states, time left, hand-overs, the address",
        "status": "print once how the image builder and its deploy stand",
    }
    for command, text in about.items():
        # Not the usage above, which it would begin with.
        prog = f"{_PROGRAM} {command}"
        own = commands.add_parser(command, prog=prog, help=text, description=text, epilog=_CODES, **shared)
        _add_aws_options(own)
        _add_options(own)
    status = commands.choices["status"]
    status.add_argument("--wait", action="store_true", help="wait, and exit 0 only when it is RUNNING")
    return parser


def _add_aws_options(parser: Any) -> None:
    """Add what the AWS CLI takes before and after a command."""
    add = parser.add_argument
    add("--region", help="the Region; default: AWS_REGION, AWS_DEFAULT_REGION, or the profile's")
    add("--profile", help="the profile of the AWS configuration")
    add("--endpoint-url", metavar="URL", type=_url, help="where the AWS services answer")
    add("--ca-bundle", metavar="FILE", type=_file, help="certificates to trust")
    add("--no-verify-ssl", dest="verify_ssl", action="store_false", help="do not verify certificates")
    add("--output", choices=OUTPUTS, help="a document instead of the view for people; watch: one for each change")
    add("--query", metavar="JMESPATH", type=_query, help="what of the document to print; as json where no --output is")
    add("--no-cli-pager", action="store_true", help="accepted; no pager is ever used")
    add("--color", choices=("on", "off", "auto"), help="default: auto, which honors NO_COLOR")


def _add_options(parser: Any) -> None:
    add = parser.add_argument
    add("name", metavar="NAME", type=_name, help="the image builder's name")
    add("--stack-name", metavar="STACK", help="the stack that deploys the builder; default: looked for")
    add("--log-group", metavar="GROUP", help="the function's log group; default: what the stack's template says")
    add("--timeout", metavar="SECONDS", type=_seconds, help="stop waiting then; default: watch never, --wait 3600")
    add("--interval", metavar="SECONDS", type=_interval, help="between two looks; default: 2")


def _name(text: str) -> str:
    if not contract.NAME_PATTERN.fullmatch(text):
        raise argparse.ArgumentTypeError(
            f"{text!r} is no builder's name: 1 to 101 letters, digits, '_', '.' or '-', a letter or digit first"
        )
    return text


def _url(text: str) -> str:
    if not text.startswith(("http://", "https://")):
        raise argparse.ArgumentTypeError(f"{text!r} is no address: begin it with https://")
    return text


def _file(text: str) -> str:
    if not os.access(text, os.R_OK):
        raise argparse.ArgumentTypeError(f"{text!r} cannot be read: give a file of certificates")
    return text


def _query(text: str) -> str:
    try:
        jmespath.compile(text)
    except jmespath.exceptions.JMESPathError as error:
        reason = str(error).splitlines()[0].rstrip(":")
        raise argparse.ArgumentTypeError(f"{text!r} is no JMESPath expression: {reason}") from None
    return text


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    return value if isfinite(value) else -1.0


def _seconds(text: str) -> float:
    if (value := _number(text)) < 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds from 0")
    return value


def _interval(text: str) -> float:
    if not 0.1 <= (value := _number(text)) <= 3600:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds from 0.1 to 3600")
    return value
