"""Checks at synth of what the user gave; each failure names the value and the remedy. Makes no constructs."""

from aws_cdk import Duration, Token

from cdk_appstream_image_builder.on_delete import OnDelete
from running_image_builder_function import contract


def check_name(name: str) -> str:
    """Return a builder's name if it can be one; a token's value is checked by the function."""
    if Token.is_unresolved(name):
        return name
    if not isinstance(name, str) or not contract.NAME_PATTERN.fullmatch(name):
        raise ValueError(
            f"image_builder_name is {name!r}: give 1 to 101 letters, digits, '_', '.' or '-', a letter or digit first"
        )
    return name


def check_agent_version(version: str | None) -> str | None:
    """Return an agent's version if it can be one; a token's value is checked by the function."""
    if version is None or Token.is_unresolved(version):
        return version
    if not isinstance(version, str) or not 1 <= len(version) <= contract.AGENT_VERSION_MAX_LENGTH:
        shown = f"{len(version)} characters long" if isinstance(version, str) and version else repr(version)
        raise ValueError(
            f"appstream_agent_version is {shown}: give 1 to {contract.AGENT_VERSION_MAX_LENGTH} characters, "
            f"{contract.LATEST!r}, or leave it out"
        )
    return version


def check_on_delete(on_delete: OnDelete) -> OnDelete:
    """Return what deleting does; only a caller without a type checker gives anything else."""
    if not isinstance(on_delete, OnDelete):
        raise TypeError(f"on_delete is {on_delete!r}: give {' or '.join(str(choice) for choice in OnDelete)}")
    return on_delete


def check_timeout(timeout: Duration) -> int:
    """Return a timeout in whole seconds."""
    return _seconds("timeout", timeout, contract.MIN_TIMEOUT_SECONDS, contract.MAX_TIMEOUT_SECONDS)


def _seconds(what: str, duration: Duration, low: int, high: int) -> int:
    if not isinstance(duration, Duration):
        raise TypeError(f"{what} is {duration!r}: give a Duration, such as Duration.seconds({low})")
    if duration.is_unresolved():
        raise ValueError(f"{what} is a token: give a Duration whose value is known at synth")
    # Rounded to milliseconds, the smallest unit of a Duration: 2.05 minutes would be 122.99999999999999 seconds.
    seconds = round(duration.to_seconds(integral=False), 3)
    if not low <= seconds <= high or seconds != int(seconds):
        raise ValueError(
            f"{what} is {duration.to_human_string()}: give whole seconds from {_human(low)} to {_human(high)}"
        )
    return int(seconds)


def _human(seconds: int) -> str:
    return Duration.seconds(seconds).to_human_string()
