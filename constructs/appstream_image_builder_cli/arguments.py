"""Parses and checks the command line."""

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
"""The default of ``status --wait``: no deploy of a running builder takes longer."""

_PROGRAM = "appstream-image-builder"
_CODES = (
    "Exit codes: 0 RUNNING (status without --wait: described), 1 not going to be RUNNING, 124 --timeout passed, "
    "130 Ctrl-C, 252 wrong arguments, 253 no credentials or Region, 254 AWS answered with an error, 255 another error."
)


@dataclass(frozen=True, kw_only=True)
class Arguments:
    """The parsed command line.

    Attributes:
        command: ``watch``, ``status`` or ``template``.
        name: The image builder's name; "" for ``template``.
        region: The Region; None for that of the environment or the profile.
        profile: The profile; None for the default one.
        endpoint_url: The endpoint of every AWS service; None for AWS's own endpoints.
        ca_bundle: A file of certificates to trust; None for the default.
        verify_ssl: Whether certificates are verified.
        output: One of ``OUTPUTS``; None for the view for people.
        query: A JMESPath expression; None for everything.
        stack_name: The stack that deploys the builder; None to find it.
        log_group: The function's log group; None for that in the stack's template.
        wait: Whether ``status`` waits for RUNNING.
        timeout: Seconds to wait at most; None for no limit.
        interval: Seconds between two observations.
        color: ``on``, ``off`` or ``auto``.
        output_dir: The folder that ``template`` writes to.
        provider_only: Whether ``template`` writes the function alone.
        code_parameters: Whether the template has parameters for the bucket and the key of the function's code.
    """

    command: str
    name: str = ""
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
    output_dir: str = "."
    provider_only: bool = False
    code_parameters: bool = False


def parse(command_line: Sequence[str]) -> Arguments:
    """Return the typed arguments.

    Raises:
        SystemExit: Help was asked for (0), or an argument is wrong (252, one line on standard error).
    """
    parser = _parser()
    given = vars(parser.parse_args(command_line))
    # Accepted for compatibility with the AWS CLI; there is no pager to turn off.
    given.pop("no_cli_pager", None)
    if given.get("wait"):
        given.setdefault("timeout", WAIT_SECONDS)
    elif given["command"] == "status" and ("timeout" in given or "interval" in given):
        # Otherwise a script would mistake the exit code of an observation for that of a wait.
        parser.error("--timeout and --interval go with --wait")
    return Arguments(**given)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Exit with one line and the AWS CLI's exit code for usage errors."""
        sys.stderr.write(f"error: {message}; see {self.prog} --help\n")
        raise SystemExit(exit_codes.USAGE)


def _parser() -> argparse.ArgumentParser:
    # Options that are not given are left out, so that the command's own do not undo those before it.
    shared: Any = {"allow_abbrev": False, "argument_default": argparse.SUPPRESS}
    parser = _Parser(
        prog=_PROGRAM,
        usage="%(prog)s [options] watch|status NAME [options]\n       %(prog)s template --output-dir DIR [options]",
        description="Follow the deploy of an image builder, or write a template to deploy one without CDK.",
        **shared,
    )
    _add_aws_options(parser)
    commands = parser.add_subparsers(dest="command", required=True, metavar="watch|status|template")
    about = {
        "watch": "print each change until the deploy ends: states, time left, self-invocations, the address",
        "status": "print the state of the image builder and its deploy once",
    }
    for command, text in about.items():
        # Otherwise it would begin with the usage above.
        prog = f"{_PROGRAM} {command}"
        own = commands.add_parser(command, prog=prog, help=text, description=text, epilog=_CODES, **shared)
        _add_aws_options(own)
        _add_options(own)
    status = commands.choices["status"]
    status.add_argument("--wait", action="store_true", help="wait, and exit 0 only when it is RUNNING")
    text = "write a CloudFormation template and the function's zip, to deploy without CDK; needs CDK itself"
    template = commands.add_parser("template", prog=f"{_PROGRAM} template", help=text, description=text, **shared)
    template.add_argument("--output-dir", metavar="DIR", required=True, help="the folder to write to")
    template.add_argument("--provider-only", action="store_true", help="the function alone, with its token exported")
    text = "parameters for the bucket and the key of the function's zip, instead of its path"
    template.add_argument("--code-parameters", action="store_true", help=text)
    return parser


def _add_aws_options(parser: Any) -> None:
    """Add the options that the AWS CLI accepts before and after a command."""
    add = parser.add_argument
    add("--region", help="the Region; default: AWS_REGION, AWS_DEFAULT_REGION, or the profile's")
    add("--profile", help="the profile of the AWS configuration")
    add("--endpoint-url", metavar="URL", type=_url, help="the endpoint of the AWS services")
    add("--ca-bundle", metavar="FILE", type=_file, help="a file of certificates to trust")
    add("--no-verify-ssl", dest="verify_ssl", action="store_false", help="do not verify certificates")
    add("--output", choices=OUTPUTS, help="print a document instead of the view for people; watch: one for each change")
    add("--query", metavar="JMESPATH", type=_query, help="the part of the document to print; as json without --output")
    add("--no-cli-pager", action="store_true", help="accepted for compatibility; there is no pager")
    add("--color", choices=("on", "off", "auto"), help="default: auto, which honors NO_COLOR")


def _add_options(parser: Any) -> None:
    add = parser.add_argument
    add("name", metavar="NAME", type=_name, help="the image builder's name")
    add(
        "--stack-name", metavar="STACK", help="the stack that deploys the builder; default: found by the builder's name"
    )
    add("--log-group", metavar="GROUP", help="the function's log group; default: that in the stack's template")
    add(
        "--timeout", metavar="SECONDS", type=_seconds, help="the longest wait; default: none for watch, 3600 for --wait"
    )
    add("--interval", metavar="SECONDS", type=_interval, help="seconds between two observations; default: 2")


def _name(text: str) -> str:
    if not contract.NAME_PATTERN.fullmatch(text):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a builder's name: specify 1 to 101 letters, digits, '_', '.' or '-', beginning with a "
            "letter or digit"
        )
    return text


def _url(text: str) -> str:
    if not text.startswith(("http://", "https://")):
        raise argparse.ArgumentTypeError(f"{text!r} is not a URL: begin it with https://")
    return text


def _file(text: str) -> str:
    if not os.access(text, os.R_OK):
        raise argparse.ArgumentTypeError(f"{text!r} cannot be read: specify a file of certificates")
    return text


def _query(text: str) -> str:
    try:
        jmespath.compile(text)
    except jmespath.exceptions.JMESPathError as error:
        reason = str(error).splitlines()[0].rstrip(":")
        raise argparse.ArgumentTypeError(f"{text!r} is not a JMESPath expression: {reason}") from None
    return text


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    return value if isfinite(value) else -1.0


def _seconds(text: str) -> float:
    if (value := _number(text)) < 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds from 0")
    return value


def _interval(text: str) -> float:
    if not 0.1 <= (value := _number(text)) <= 3600:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds from 0.1 to 3600")
    return value
