"""Runs one command, and turns errors into one line and an exit code."""

import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from botocore import exceptions as errors
from jmespath.exceptions import JMESPathError

from appstream_image_builder_cli import exit_codes, template
from appstream_image_builder_cli.arguments import Arguments, parse
from appstream_image_builder_cli.commands import Commands
from appstream_image_builder_cli.observer import NotFound, Observer
from appstream_image_builder_cli.session import Session

_CONFIGURATION = (
    errors.ConfigNotFound,
    errors.ConfigParseError,
    errors.CredentialRetrievalError,
    errors.NoCredentialsError,
    errors.NoRegionError,
    errors.PartialCredentialsError,
    errors.ProfileNotFound,
    errors.SSOError,
)
_REMEDIES = {
    errors.NoCredentialsError: "no AWS credentials: run `aws configure` or `aws sso login`, or specify --profile NAME",
    errors.NoRegionError: "no Region: specify --region, or set AWS_REGION",
}
_EXPIRED = ("ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException")
_DENIED = ("AccessDenied", "AccessDeniedException")


def main(command_line: Sequence[str]) -> int:
    """Run a command and return its exit code; see ``exit_codes``."""
    try:
        signal.signal(signal.SIGTERM, _terminated)
        # A shell makes a background job ignore SIGINT; restore the default.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        arguments = parse(command_line)
        if arguments.command == "template":
            return _write_template(arguments)
        session = Session(arguments, os.environ)
        observer = Observer(
            session.client,
            name=arguments.name,
            region=session.region,
            stack_name=arguments.stack_name,
            log_group=arguments.log_group,
            now=time.time,
        )
        return Commands(arguments, observer=observer, clock=time).run()
    except KeyboardInterrupt:
        return exit_codes.INTERRUPTED
    except BrokenPipeError:
        # The reader has closed the pipe. Otherwise Python would report that again when it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return exit_codes.OTHER_ERROR
    except JMESPathError as error:
        return _failed(f"--query does not fit the document: {error}", exit_codes.USAGE)
    except template.CdkMissing as error:
        return _failed(str(error), exit_codes.CONFIGURATION)
    except NotFound as error:
        return _failed(str(error), exit_codes.SERVICE_ERROR)
    except errors.ClientError as error:
        return _failed(_refusal(error), exit_codes.SERVICE_ERROR)
    except _CONFIGURATION as error:
        return _failed(_REMEDIES.get(type(error), str(error)), exit_codes.CONFIGURATION)
    except errors.SSLError as error:
        return _failed(f"specify the certificates to trust with --ca-bundle FILE: {error}", exit_codes.OTHER_ERROR)
    except (errors.BotoCoreError, OSError, ValueError) as error:
        return _failed(str(error), exit_codes.OTHER_ERROR)


def _write_template(arguments: Arguments) -> int:
    written = template.write(
        Path(arguments.output_dir), provider_only=arguments.provider_only, code_parameters=arguments.code_parameters
    )
    for path in written:
        sys.stdout.write(f"{path}\n")
    return 0


def _refusal(error: errors.ClientError) -> str:
    code, message = (str(error.response.get("Error", {}).get(part) or "") for part in ("Code", "Message"))
    remedy = ""
    if code in _EXPIRED:
        remedy = "renew the credentials (`aws sso login`, `aws configure`): "
    elif code in _DENIED:
        remedy = "allow it for this user or role: "
    return f"{remedy}{error.operation_name}: {code}: {message}"


def _failed(text: str, code: int) -> int:
    sys.stderr.write(f"error: {' '.join(text.split())}\n")
    return code


def _terminated(_number: int, _frame: object) -> NoReturn:
    # As an exception, so that the view restores the terminal's cursor.
    raise SystemExit(128 + signal.SIGTERM)
