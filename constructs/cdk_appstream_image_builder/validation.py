"""Checks at synth of what the user gave; each failure names the value and the remedy. Makes no constructs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from aws_cdk import Duration, Stack, Token
from constructs import Construct

from cdk_appstream_image_builder.on_delete import OnDelete
from running_image_builder_function import contract

if TYPE_CHECKING:  # each module of CDK takes its time to import, and this one serves for annotations only
    from aws_cdk.aws_lambda import LoggingFormat
    from aws_cdk.interfaces.aws_appstream import IImageBuilderRef

_HOUR = 60 * 60

_FUNCTION_ARN = re.compile(r"arn:[^:]+:lambda:(?P<region>[^:]+):(?P<account>\d{12}):function:[a-zA-Z0-9-_]{1,64}")

_PARAMETER_NAME = re.compile(r"(?=.{1,1011}$)(/[a-zA-Z0-9_.-]+)+|[a-zA-Z0-9_.-]{1,1011}")

_TAG_KEY = re.compile(r"[\w\s.:/=+@-]{1,128}")
_TAG_VALUE = re.compile(r"[\w\s.:/=+@-]{0,256}")
"""What AWS takes as a tag of an image builder; a "*" would be no pattern but a value that none has."""

_ACTION = re.compile(r"\*|[a-z0-9-]+:[a-zA-Z0-9*?]+")
"""An IAM action, as IAM writes it."""

_SHORT_PERIODS = (1, 5, 10, 20, 30)
"""Seconds of a metric's period beside whole minutes."""

_LOOKED_UP_LATER = "dummy-value-for-"
"""How ``ssm.StringParameter.value_from_lookup`` begins at the first synth, which looks nothing up yet."""

_DYNAMIC_REFERENCE = "{{resolve:"
"""How a text begins that CloudFormation replaces, such as ``{{resolve:ssm:/builders/name}}``."""


def is_known_later(text: object) -> bool:
    """Return whether a text has its value only after this synth, or in the deploy; the function checks it then."""
    if Token.is_unresolved(text):
        return True
    return isinstance(text, str) and (text.startswith(_LOOKED_UP_LATER) or _DYNAMIC_REFERENCE in text)


def check_scope(scope: Construct) -> Construct:
    """Return a construct's scope, which must be in a stack."""
    if not isinstance(scope, Construct):
        raise TypeError(f"scope is {scope!r}: give the stack, or a construct in it")
    try:
        Stack.of(scope)
    except RuntimeError:
        raise ValueError(f"scope is {scope.node.path!r}, outside of any stack: give the stack") from None
    return scope


def check_construct_id(construct_id: str) -> str:
    """Return a construct's id."""
    if not isinstance(construct_id, str) or not construct_id or Token.is_unresolved(construct_id):
        raise TypeError(f"construct_id is {construct_id!r}: give a text that is not empty, such as 'Builder'")
    return construct_id


def check_text(what: str, text: str | None, *, longest: int | None = None, optional: bool = True) -> None:
    """Fail where an argument is no text, is empty, or is too long."""
    if (text is None and optional) or is_known_later(text):
        return
    if not isinstance(text, str):
        raise TypeError(f"{what} is {text!r}: give a text")
    if not text or (longest is not None and len(text) > longest):
        shown = f"{len(text)} characters long" if text else repr(text)
        wanted = f"1 to {longest} characters" if longest else "a text that is not empty"
        raise ValueError(f"{what} is {shown}: give {wanted}")


def check_has(what: str, value: Any, attribute: str, remedy: str, *, optional: bool = True) -> None:
    """Fail where an argument is not what its attribute tells it from: CDK's interfaces are no Python types."""
    if not (value is None and optional) and not hasattr(value, attribute):
        raise TypeError(f"{what} is {value!r}: give {remedy}")


def check_grantee(grantee: Any) -> None:
    """Fail where nothing can be granted to a grantee."""
    remedy = "a role, a user, or another iam.IGrantable"
    check_has("grantee", grantee, "grant_principal", remedy, optional=False)


def check_actions(actions: Sequence[str]) -> None:
    """Fail where what is granted is no list of IAM actions."""
    if not actions:
        raise ValueError("actions is (): give IAM actions, such as 'appstream:StartImageBuilder'")
    for action in actions:
        if is_known_later(action):
            continue
        if not isinstance(action, str) or not _ACTION.fullmatch(action):
            error = ValueError if isinstance(action, str) else TypeError
            raise error(f"actions has {action!r}: give IAM actions, such as 'appstream:StartImageBuilder'")


def check_image_builder(name: str | None, builder: IImageBuilderRef | None) -> str:
    """Return the builder's name from the one of the two arguments that is given."""
    if (name is None) == (builder is None):
        given = "neither is" if name is None else f"both are, with the name {name!r}"
        raise ValueError(f"exactly one of image_builder_name and image_builder is to be given, but {given}: give one")
    if builder is not None:
        check_has(
            "image_builder",
            builder,
            "image_builder_ref",
            "an image builder of the app, or its name as image_builder_name",
        )
        return builder.image_builder_ref.image_builder_name
    assert name is not None  # for the type checker; said above
    return check_name(name)


def name_at_synth(name: str, builder: IImageBuilderRef | None) -> str:
    """Return a builder's name as it is told at synth, where it is: a reference to a ``CfnImageBuilder`` hides it."""
    told = getattr(builder, "name", None)
    return told if isinstance(told, str) else name


def check_name(name: str) -> str:
    """Return a builder's name if it can be one; what is known later is checked by the function."""
    if is_known_later(name):
        return name
    if not isinstance(name, str) or not contract.NAME_PATTERN.fullmatch(name):
        raise ValueError(
            f"image_builder_name is {name!r}: give 1 to 101 letters, digits, '_', '.' or '-', a letter or digit first"
        )
    return name


def check_agent_version(version: str | None) -> str | None:
    """Return an agent's version if it can be one; what is known later is checked by the function."""
    if version is None or is_known_later(version):
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


def check_timeout(timeout: Duration) -> int | str:
    """Return a timeout in whole seconds, or a token's value with its unit."""
    return _seconds("timeout", timeout, contract.MIN_TIMEOUT_SECONDS, contract.MAX_TIMEOUT_SECONDS)


def check_poll_interval(poll_interval: Duration, *, timeout: int | str) -> int | str:
    """Return the seconds between two looks, which must fit into the timeout (in seconds)."""
    low, high = contract.MIN_POLL_INTERVAL_SECONDS, contract.MAX_POLL_INTERVAL_SECONDS
    seconds = _seconds("poll_interval", poll_interval, low, high)
    if isinstance(seconds, int) and isinstance(timeout, int) and seconds > timeout:
        raise ValueError(f"poll_interval is {_human(seconds)}, longer than the timeout: give at most {_human(timeout)}")
    return seconds


def check_stop_after(stop_after: Duration) -> int | str:
    """Return after how many whole seconds a running builder is stopped by itself, or a token's value with its unit."""
    return _seconds("stop_after", stop_after, contract.MIN_STOP_AFTER_SECONDS, contract.MAX_STOP_AFTER_SECONDS)


def check_flag(what: str, flag: bool) -> bool:
    """Return a flag; a text would be true whatever it says."""
    if not isinstance(flag, bool):
        raise TypeError(f"{what} is {flag!r}: give True or False")
    return flag


def check_period(period: Duration | None) -> None:
    """Fail where CloudWatch has no such period."""
    check_has("period", period, "to_seconds", "a Duration, such as Duration.minutes(5)")
    if period is None:
        return
    if period.is_unresolved():
        raise ValueError(f"period is a token in {period.unit_label()}: give a Duration whose value is known at synth")
    seconds = round(period.to_seconds(integral=False), 3)
    if seconds not in _SHORT_PERIODS and (seconds <= 0 or seconds % 60):
        raise ValueError(f"period is {period.to_human_string()}: give whole minutes, or {_SHORT_PERIODS} seconds")


def check_running_past(after: Duration) -> float:
    """Return after how many whole hours a running builder raises an alarm; CloudWatch looks back seven days at most."""
    _check_is_duration("after", after, _HOUR)
    if after.is_unresolved():
        if after.unit_label() != "hours":
            # CloudFormation does not calculate, and nothing but CloudWatch reads an alarm's number of periods.
            raise ValueError(
                f"after is a token in {after.unit_label()}: give Duration.hours(...) of a token, or a known time"
            )
        return after.to_hours()
    seconds = _seconds("after", after, _HOUR, contract.MAX_ALARM_HOURS * _HOUR, steps="hours")
    assert isinstance(seconds, int)
    return seconds // _HOUR


def check_triggers(triggers: Mapping[str, str]) -> dict[str, str]:
    """Return the triggers as CloudFormation compares them: names and values are strings."""
    if not isinstance(triggers, Mapping):
        raise TypeError(f"triggers is {triggers!r}: give a mapping of strings to strings")
    for key, value in triggers.items():
        if isinstance(key, str) and Token.is_unresolved(key):
            raise ValueError(f"triggers has a token as a name, with the value {value!r}: give tokens as values only")
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


def _check_is_duration(what: str, duration: Duration, low: int) -> None:
    if not isinstance(duration, Duration):
        raise TypeError(f"{what} is {duration!r}: give a Duration, such as Duration.seconds({low})")


def _seconds(what: str, duration: Duration, low: int, high: int, *, steps: str = "seconds") -> int | str:
    _check_is_duration(what, duration, low)
    if duration.is_unresolved():
        # "15 minutes": CloudFormation does not calculate, so the function does, and checks the range.
        return duration.format_token_to_number()
    # Rounded to milliseconds, the smallest unit of a Duration: 2.05 minutes would be 122.99999999999999 seconds.
    seconds = round(duration.to_seconds(integral=False), 3)
    if not low <= seconds <= high or seconds % (_HOUR if steps == "hours" else 1):
        raise ValueError(
            f"{what} is {duration.to_human_string()}: give whole {steps} from {_human(low)} to {_human(high)}"
        )
    return int(seconds)


def _human(seconds: int) -> str:
    return Duration.seconds(seconds).to_human_string()
