"""Checks at synth of what the user gave; each failure names the value and the remedy. Makes no constructs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from aws_cdk import Duration, Stack, Token

from cdk_appstream_image_builder.on_delete import OnDelete
from running_image_builder_function import contract

if TYPE_CHECKING:  # each module of CDK takes its time to import, and this one serves for annotations only
    from aws_cdk.aws_lambda import LoggingFormat
    from aws_cdk.interfaces.aws_appstream import IImageBuilderRef

_HOUR = 60 * 60

_LOOKED_UP_LATER = "dummy-value-for-"
"""What a text of ``ssm.StringParameter.value_from_lookup`` begins with until the CDK CLI has looked it up."""

_FUNCTION_ARN = re.compile(r"arn:[^:]+:lambda:(?P<region>[^:]+):(?P<account>\d{12}):function:[a-zA-Z0-9-_]{1,64}")

_PARAMETER_NAME = re.compile(r"(?=.{1,1011}$)(/[a-zA-Z0-9_.-]+)+|[a-zA-Z0-9_.-]{1,1011}")

_TAG_KEY = re.compile(r"[\w\s.:/=+@-]{1,128}")
_TAG_VALUE = re.compile(r"[\w\s.:/=+@-]{0,256}")
"""What AWS takes as a tag of an image builder; a "*" would be no pattern but a value that none has."""


def check_image_builder(name: str | None, builder: IImageBuilderRef | None) -> str:
    """Return the builder's name from the one of the two arguments that is given."""
    if (name is None) == (builder is None):
        given = "neither is" if name is None else f"both are, with the name {name!r}"
        raise ValueError(f"exactly one of image_builder_name and image_builder is to be given, but {given}: give one")
    if builder is not None:
        return builder.image_builder_ref.image_builder_name
    assert name is not None  # for the type checker; said above
    return check_name(name)


def told_name(name: str, builder: IImageBuilderRef | None) -> str:
    """Return a builder's name as it is told at synth, where it is: a reference to a ``CfnImageBuilder`` hides it."""
    told = getattr(builder, "name", None)
    return told if isinstance(told, str) else name


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


def check_poll_interval(poll_interval: Duration, *, timeout: int) -> int:
    """Return the seconds between two looks, which must fit into the timeout (in seconds)."""
    low, high = contract.MIN_POLL_INTERVAL_SECONDS, contract.MAX_POLL_INTERVAL_SECONDS
    seconds = _seconds("poll_interval", poll_interval, low, high)
    if seconds > timeout:
        raise ValueError(f"poll_interval is {_human(seconds)}, longer than the timeout: give at most {_human(timeout)}")
    return seconds


def check_stop_after(stop_after: Duration) -> int:
    """Return after how many whole seconds a running builder is stopped by itself."""
    return _seconds("stop_after", stop_after, contract.MIN_STOP_AFTER_SECONDS, contract.MAX_STOP_AFTER_SECONDS)


def check_flag(what: str, flag: bool) -> bool:
    """Return a flag; a text would be true whatever it says."""
    if not isinstance(flag, bool):
        raise TypeError(f"{what} is {flag!r}: give True or False")
    return flag


def check_running_past(after: Duration) -> int:
    """Return after how many whole hours a running builder raises an alarm; CloudWatch looks back seven days at most."""
    seconds = _seconds("after", after, _HOUR, contract.MAX_ALARM_HOURS * _HOUR, steps="hours")
    return seconds // _HOUR


def check_triggers(triggers: Mapping[str, str]) -> dict[str, str]:
    """Return the triggers as CloudFormation compares them: names and values are strings."""
    if not isinstance(triggers, Mapping):
        raise TypeError(f"triggers is {triggers!r}: give a mapping of strings to strings")
    for key, value in triggers.items():
        if not isinstance(key, str) or not isinstance(value, str):
            raise TypeError(f"triggers has {key!r}: {value!r}: give strings, such as {str(key)!r}: {str(value)!r}")
    return dict(triggers)


def check_logging_format(logging_format: LoggingFormat | None) -> LoggingFormat | None:
    """Return how Lambda writes the log; a text would pass for either of CDK's two words."""
    from aws_cdk.aws_lambda import LoggingFormat

    if logging_format is not None and not isinstance(logging_format, LoggingFormat):
        raise TypeError(
            f"logging_format is {logging_format!r}: give LoggingFormat.JSON or LoggingFormat.TEXT of aws_cdk.aws_lambda"
        )
    return logging_format


def is_known_later(value: str) -> bool:
    """Return whether CDK or CloudFormation puts another text in this one's place.

    A token, a dynamic reference, or what ``value_from_lookup`` gives before its first lookup.
    """
    return Token.is_unresolved(value) or "{{resolve:" in value or value.startswith(_LOOKED_UP_LATER)


def check_service_token(token: str, stack: Stack) -> str:
    """Return a provider's service token if it can be one for builders of this stack."""
    if not isinstance(token, str):
        raise TypeError(f"token is {token!r}: give the provider's service_token, or the value of its SSM parameter")
    if is_known_later(token):
        return token
    found = _FUNCTION_ARN.fullmatch(token)
    if found is None:
        raise ValueError(f"token is {token!r}: give the ARN of the provider's function, without a version or an alias")
    for what in ("account", "region"):
        here, there = getattr(stack, what), found[what]
        if not Token.is_unresolved(here) and here != there:
            raise ValueError(
                f"the provider's {what} is {there!r}, the builder's is {here!r}: give each its own provider"
            )
    return token


def check_parameter_name(name: str) -> str:
    """Return an SSM parameter's name if it can be one; a token's value is checked by SSM."""
    if not isinstance(name, str):
        raise TypeError(f"parameter_name is {name!r}: give a text, such as '/platform/image-builders/service-token'")
    if is_known_later(name):
        return name
    if not _PARAMETER_NAME.fullmatch(name):
        raise ValueError(
            f"parameter_name is {name!r}: give 1 to 1011 letters, digits, '_', '.', '-' or '/', and no '/' unless it "
            "begins with one"
        )
    if name.lstrip("/").lower().startswith(("aws", "ssm")):
        raise ValueError(
            f"parameter_name is {name!r}: give one that begins with neither 'aws' nor 'ssm', which are AWS's"
        )
    return name


def check_builders_by_tag(tags: Mapping[str, str] | None) -> dict[str, str]:
    """Return the tags that a builder must have; none where they are not asked for."""
    if tags is None:
        return {}
    if not isinstance(tags, Mapping):
        raise TypeError(f"builders_by_tag is {tags!r}: give a mapping of tags to values, such as {{'team': 'cad'}}")
    if not tags:
        raise ValueError(f"builders_by_tag is {tags!r}, which would mean every builder: give a tag, or leave it out")
    for key, value in tags.items():
        if not isinstance(key, str) or not isinstance(value, str):
            raise TypeError(
                f"builders_by_tag has {key!r}: {value!r}: give strings, such as {str(key)!r}: {str(value)!r}"
            )
        if not is_known_later(key) and not _TAG_KEY.fullmatch(key):
            raise ValueError(
                f"builders_by_tag has the tag {key!r}: give 1 to 128 letters, digits, spaces or any of _.:/=+-@"
            )
        if not is_known_later(value) and not _TAG_VALUE.fullmatch(value):
            raise ValueError(
                f"builders_by_tag has {key!r}: {value!r}: give up to 256 letters, digits, spaces or any of _.:/=+-@"
            )
    return dict(tags)


def check_same_environment(user: Stack, provider: Stack) -> None:
    """Fail where a stack uses a function of another account or Region: CloudFormation cannot invoke that."""
    for what in ("account", "region"):
        here, there = getattr(user, what), getattr(provider, what)
        if not Token.is_unresolved(here) and not Token.is_unresolved(there) and here != there:
            raise ValueError(
                f"the provider's {what} is {there!r}, the builder's is {here!r}: give each its own provider"
            )


def _seconds(what: str, duration: Duration, low: int, high: int, *, steps: str = "seconds") -> int:
    if not isinstance(duration, Duration):
        raise TypeError(f"{what} is {duration!r}: give a Duration, such as Duration.seconds({low})")
    if duration.is_unresolved():
        raise ValueError(f"{what} is a token: give a Duration whose value is known at synth")
    # Rounded to milliseconds, the smallest unit of a Duration: 2.05 minutes would be 122.99999999999999 seconds.
    seconds = round(duration.to_seconds(integral=False), 3)
    if not low <= seconds <= high or seconds % (_HOUR if steps == "hours" else 1):
        raise ValueError(
            f"{what} is {duration.to_human_string()}: give whole {steps} from {_human(low)} to {_human(high)}"
        )
    return int(seconds)


def _human(seconds: int) -> str:
    return Duration.seconds(seconds).to_human_string()
