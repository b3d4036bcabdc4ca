"""Checks the arguments of the constructs at synth; each error names the value and the remedy."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from aws_cdk import Duration, Stack, Token
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from cdk_appstream_image_builder.on_delete import OnDelete
from running_image_builder_function import contract

if TYPE_CHECKING:  # each module of CDK takes time to import, and these serve for annotations only
    from aws_cdk import aws_ec2 as ec2
    from aws_cdk import aws_iam as iam
    from aws_cdk.interfaces.aws_appstream import IImageBuilderRef

_HOUR = 60 * 60

_FUNCTION_ARN = re.compile(r"arn:[^:]+:lambda:(?P<region>[^:]+):(?P<account>\d{12}):function:[a-zA-Z0-9-_]{1,64}")

_PARAMETER_NAME = re.compile(r"(?=.{1,1011}$)(/[a-zA-Z0-9_.-]+)+|[a-zA-Z0-9_.-]{1,1011}")

_TAG_KEY = re.compile(r"[\w\s.:/=+@-]{1,128}")
_TAG_VALUE = re.compile(r"[\w\s.:/=+@-]{0,256}")
"""What AWS accepts as a tag of an image builder. A "*" would be a literal value, not a pattern."""

_ACTION = re.compile(r"\*|[a-z0-9-]+:[a-zA-Z0-9*?]+")

_SHORT_PERIODS = (1, 5, 10, 20, 30)
"""The periods of a metric, in seconds, that are not whole minutes."""

_MEMORY_MIB = (128, 10_240)
"""Lambda's limits."""

_DESCRIPTION_LENGTH = 256
"""Lambda's limit."""

_OLDEST_MINOR = 10
"""The function needs Python 3.10."""

_LOOKED_UP_LATER = "dummy-value-for-"
"""What ``ssm.StringParameter.value_from_lookup`` returns before the first lookup begins with this."""

_DYNAMIC_REFERENCE = "{{resolve:"
"""CloudFormation replaces a string such as ``{{resolve:ssm:/builders/name}}`` in the deploy."""


def is_known_later(value: object) -> bool:
    """Return whether a string gets its value after this synth; the function checks it then."""
    if Token.is_unresolved(value):
        return True
    return isinstance(value, str) and (value.startswith(_LOOKED_UP_LATER) or _DYNAMIC_REFERENCE in value)


def check_scope(scope: Construct) -> Construct:
    """Return a construct's scope, which must be in a stack."""
    if not isinstance(scope, Construct):
        raise TypeError(f"scope is {scope!r}: specify the stack, or a construct in it")
    try:
        Stack.of(scope)
    except RuntimeError:
        raise ValueError(f"scope is {scope.node.path!r}, outside of any stack: specify the stack") from None
    return scope


def check_construct_id(construct_id: str) -> str:
    """Return a construct's id."""
    if not isinstance(construct_id, str) or not construct_id or Token.is_unresolved(construct_id):
        raise TypeError(f"construct_id is {construct_id!r}: specify a non-empty string, such as 'Builder'")
    return construct_id


def check_string(what: str, value: str | None, *, longest: int | None = None, optional: bool = True) -> None:
    """Fail if an argument is not a string, is empty, or is too long."""
    if (value is None and optional) or is_known_later(value):
        return
    _check_type(what, value, str, "a string")
    assert value is not None  # for the type checker
    if not value or (longest is not None and len(value) > longest):
        shown = f"{len(value)} characters long" if value else repr(value)
        wanted = f"1 to {longest} characters" if longest else "a non-empty string"
        raise ValueError(f"{what} is {shown}: specify {wanted}")


def check_has(what: str, value: Any, attribute: str, remedy: str, *, optional: bool = True) -> None:
    """Fail if an argument lacks the attribute of its interface: CDK's interfaces are no Python types."""
    if not (value is None and optional) and not hasattr(value, attribute):
        raise TypeError(f"{what} is {value!r}: specify {remedy}")


def check_role(what: str, role: iam.IRole | None) -> None:
    """Fail if an optional role is not a role."""
    check_has(what, role, "role_arn", "a role, such as iam.Role.from_role_arn(...)")


def check_grantee(grantee: Any) -> None:
    """Fail if nothing can be granted to a grantee."""
    remedy = "a role, a user, or another iam.IGrantable"
    check_has("grantee", grantee, "grant_principal", remedy, optional=False)


def check_actions(actions: Sequence[str]) -> None:
    """Fail if what is granted is not a list of IAM actions."""
    if not actions:
        raise ValueError("actions is (): specify IAM actions, such as 'appstream:StartImageBuilder'")
    for action in actions:
        if is_known_later(action):
            continue
        if not isinstance(action, str) or not _ACTION.fullmatch(action):
            error = ValueError if isinstance(action, str) else TypeError
            raise error(f"actions has {action!r}: specify IAM actions, such as 'appstream:StartImageBuilder'")


def check_image_builder(name: str | None, builder: IImageBuilderRef | None) -> str:
    """Return the builder's name from the one of the two arguments that is given."""
    if (name is None) == (builder is None):
        got = "neither" if name is None else f"both, with the name {name!r}"
        raise ValueError(f"specify exactly one of image_builder_name and image_builder (got {got})")
    if builder is not None:
        remedy = "an image builder of the app, or its name as image_builder_name"
        check_has("image_builder", builder, "image_builder_ref", remedy)
        return builder.image_builder_ref.image_builder_name
    assert name is not None  # for the type checker; checked above
    return check_name(name)


def name_at_synth(name: str, builder: IImageBuilderRef | None) -> str:
    """Return a builder's name as far as synth knows it: a reference to a ``CfnImageBuilder`` hides its name."""
    found = getattr(builder, "name", None)
    return found if isinstance(found, str) else name


def check_name(name: str) -> str:
    """Return a builder's name; the function checks what is known later."""
    if is_known_later(name):
        return name
    if not isinstance(name, str) or not contract.NAME_PATTERN.fullmatch(name):
        raise ValueError(
            f"image_builder_name is {name!r}: specify 1 to 101 letters, digits, '_', '.' or '-', beginning with a "
            "letter or digit"
        )
    return name


def check_agent_version(version: str | None) -> str | None:
    """Return an agent's version; the function checks what is known later."""
    if version is None or is_known_later(version):
        return version
    if not isinstance(version, str) or not 1 <= len(version) <= contract.AGENT_VERSION_MAX_LENGTH:
        shown = f"{len(version)} characters long" if isinstance(version, str) and version else repr(version)
        raise ValueError(
            f"appstream_agent_version is {shown}: specify 1 to {contract.AGENT_VERSION_MAX_LENGTH} characters, "
            f"{contract.LATEST!r}, or omit it"
        )
    return version


def check_on_delete(on_delete: OnDelete) -> OnDelete:
    """Return what deleting does."""
    _check_type("on_delete", on_delete, OnDelete, " or ".join(str(choice) for choice in OnDelete))
    return on_delete


def check_timeout(timeout: Duration) -> int | str:
    """Return a timeout in whole seconds, or a token's value with its unit."""
    return _seconds("timeout", timeout, contract.MIN_TIMEOUT_SECONDS, contract.MAX_TIMEOUT_SECONDS)


def check_poll_interval(poll_interval: Duration, *, timeout: int | str) -> int | str:
    """Return the poll interval in seconds, which must fit into the timeout (in seconds)."""
    low, high = contract.MIN_POLL_INTERVAL_SECONDS, contract.MAX_POLL_INTERVAL_SECONDS
    seconds = _seconds("poll_interval", poll_interval, low, high)
    if isinstance(seconds, int) and isinstance(timeout, int) and seconds > timeout:
        raise ValueError(
            f"poll_interval is {_human(seconds)}, longer than the timeout: specify at most {_human(timeout)}"
        )
    return seconds


def check_stop_after(stop_after: Duration) -> int | str:
    """Return after how many whole seconds a running builder is stopped, or a token's value with its unit."""
    return _seconds("stop_after", stop_after, contract.MIN_STOP_AFTER_SECONDS, contract.MAX_STOP_AFTER_SECONDS)


def check_flag(what: str, flag: bool) -> bool:
    """Return a flag; any non-empty string would count as true."""
    _check_type(what, flag, bool, "True or False")
    return flag


def check_period(period: Duration | None) -> None:
    """Fail if CloudWatch has no such period."""
    check_has("period", period, "to_seconds", "a Duration, such as Duration.minutes(5)")
    if period is None:
        return
    if period.is_unresolved():
        raise ValueError(
            f"period is a token in {period.unit_label()}: specify a Duration whose value is known at synth"
        )
    seconds = round(period.to_seconds(integral=False), 3)
    if seconds not in _SHORT_PERIODS and (seconds <= 0 or seconds % 60):
        raise ValueError(f"period is {period.to_human_string()}: specify whole minutes, or {_SHORT_PERIODS} seconds")


def check_running_past(after: Duration) -> float:
    """Return after how many whole hours a running builder raises an alarm; CloudWatch evaluates at most seven days."""
    _check_is_duration("after", after, _HOUR)
    if after.is_unresolved():
        if after.unit_label() != "hours":
            # CloudFormation does not calculate, and an alarm takes a number of periods.
            raise ValueError(
                f"after is a token in {after.unit_label()}: specify Duration.hours(...) of a token, or a known time"
            )
        return after.to_hours()
    seconds = _seconds("after", after, _HOUR, contract.MAX_ALARM_HOURS * _HOUR, steps="hours")
    assert isinstance(seconds, int)
    return seconds // _HOUR


def check_triggers(triggers: Mapping[str, str]) -> dict[str, str]:
    """Return the triggers; CloudFormation compares strings."""
    _check_type("triggers", triggers, Mapping, "a mapping of strings to strings")
    for key, value in triggers.items():
        if isinstance(key, str) and Token.is_unresolved(key):
            raise ValueError(f"triggers has a token as a name, with the value {value!r}: specify tokens as values only")
        _check_is_strings("triggers", key, value)
    return dict(triggers)


def check_service_token(token: str, stack: Stack) -> str:
    """Return a provider's service token if builders of this stack can use it."""
    _check_type("token", token, str, "the provider's service_token, or the value of its SSM parameter")
    if is_known_later(token):
        return token
    found = _FUNCTION_ARN.fullmatch(token)
    if found is None:
        raise ValueError(
            f"token is {token!r}: specify the ARN of the provider's function, without a version or an alias"
        )
    _check_same_environment(stack, found.groupdict())
    return token


def check_same_environment(user: Stack, provider: Stack) -> None:
    """Fail if the function is in another account or Region, where CloudFormation cannot invoke it."""
    known = {"account": provider.account, "region": provider.region}
    _check_same_environment(user, {key: value for key, value in known.items() if not Token.is_unresolved(value)})


def _check_same_environment(user: Stack, provider: Mapping[str, str]) -> None:
    for what in ("account", "region"):
        here, there = getattr(user, what), provider.get(what)
        if there is not None and not Token.is_unresolved(here) and here != there:
            raise ValueError(
                f"the provider's {what} is {there!r}, the builder's is {here!r}: use one provider for each {what}"
            )


def check_parameter_name(name: str) -> str:
    """Return an SSM parameter's name; SSM checks a token's value."""
    _check_type("parameter_name", name, str, "a string, such as '/platform/image-builders/service-token'")
    if is_known_later(name):
        return name
    if not _PARAMETER_NAME.fullmatch(name):
        raise ValueError(
            f"parameter_name is {name!r}: specify 1 to 1011 letters, digits, '_', '.', '-' or '/', and no '/' unless "
            "it begins with one"
        )
    if name.lstrip("/").lower().startswith(("aws", "ssm")):
        raise ValueError(f"parameter_name is {name!r}: 'aws' and 'ssm' are reserved prefixes, specify another name")
    return name


def check_builders_by_tag(tags: Mapping[str, str] | None) -> dict[str, str]:
    """Return the tags that a builder must have; empty if there are none."""
    if tags is None:
        return {}
    _check_type("builders_by_tag", tags, Mapping, "a mapping of tags to values, such as {'team': 'cad'}")
    if not tags:
        raise ValueError(f"builders_by_tag is {tags!r}, which would allow every builder: specify a tag, or omit it")
    for key, value in tags.items():
        _check_is_strings("builders_by_tag", key, value)
        if not is_known_later(key) and not _TAG_KEY.fullmatch(key):
            raise ValueError(
                f"builders_by_tag has the tag {key!r}: specify 1 to 128 letters, digits, spaces or any of _.:/=+-@"
            )
        if not is_known_later(value) and not _TAG_VALUE.fullmatch(value):
            raise ValueError(
                f"builders_by_tag has {key!r}: {value!r}: specify up to 256 letters, digits, spaces or any of _.:/=+-@"
            )
    return dict(tags)


def check_network(
    vpc: ec2.IVpc | None,
    vpc_subnets: ec2.SubnetSelection | None,
    security_groups: list[ec2.ISecurityGroup] | None,
    *,
    ipv6: bool,
) -> None:
    """Fail if the arguments about the function's VPC are malformed, or contradict each other."""
    check_has("vpc", vpc, "vpc_id", "a VPC, such as ec2.Vpc.from_lookup(...)")
    if vpc is None and (vpc_subnets is not None or security_groups is not None or ipv6):
        raise ValueError(
            "vpc_subnets, security_groups or ipv6_allowed_for_dual_stack is given without a vpc: specify vpc as well"
        )
    if vpc_subnets is not None and not isinstance(vpc_subnets, dict):
        check_has("vpc_subnets", vpc_subnets, "subnet_type", "an ec2.SubnetSelection")
    if security_groups is None:
        return
    if not isinstance(security_groups, list | tuple) or not security_groups:
        error = ValueError if security_groups == [] else TypeError
        raise error(f"security_groups is {security_groups!r}: specify a list of security groups, or omit it")
    for group in security_groups:
        check_has("a member of security_groups", group, "security_group_id", "security groups", optional=False)


def check_log(log_group: logs.ILogGroup | None, log_retention: logs.RetentionDays | None) -> None:
    """Fail if the arguments about the function's log are malformed, or contradict each other."""
    check_has("log_group", log_group, "log_group_arn", "a log group, such as logs.LogGroup.from_log_group_name(...)")
    _check_type("log_retention", log_retention, logs.RetentionDays, "one of logs.RetentionDays", optional=True)
    if log_group is not None and log_retention is not None:
        raise ValueError(
            f"both log_group and log_retention ({log_retention.name}) are given: set the retention on the log group"
        )


def check_function(
    *,
    memory_size: int,
    architecture: lambda_.Architecture | None,
    runtime: lambda_.Runtime | None,
    tracing: lambda_.Tracing | None,
    logging_format: lambda_.LoggingFormat | None,
    description: str | None,
) -> None:
    """Fail if Lambda would not accept the function, or the code would not run in it."""
    low, high = _MEMORY_MIB
    whole = isinstance(memory_size, int) and not isinstance(memory_size, bool)
    if not Token.is_unresolved(memory_size) and not (whole and low <= memory_size <= high):
        error = ValueError if whole else TypeError
        raise error(f"memory_size is {memory_size!r}: specify whole MiB from {low} to {high}")
    remedy = "lambda_.Architecture.ARM_64 or X86_64"
    _check_type("architecture", architecture, lambda_.Architecture, remedy, optional=True)
    _check_type("tracing", tracing, lambda_.Tracing, "one of lambda_.Tracing", optional=True)
    remedy = "lambda_.LoggingFormat.JSON or TEXT"
    _check_type("logging_format", logging_format, lambda_.LoggingFormat, remedy, optional=True)
    check_string("description", description, longest=_DESCRIPTION_LENGTH)
    remedy = "a Python runtime, such as lambda_.Runtime.PYTHON_3_13"
    _check_type("runtime", runtime, lambda_.Runtime, remedy, optional=True)
    if runtime is None or Token.is_unresolved(runtime.name):
        return
    version = re.fullmatch(r"python3\.(\d+)", runtime.name)
    if version is None or int(version[1]) < _OLDEST_MINOR:
        raise ValueError(f"runtime is {runtime.name!r}: specify Python 3.{_OLDEST_MINOR} or newer")


def _check_type(what: str, value: Any, kind: type, remedy: str, *, optional: bool = False) -> None:
    if not (value is None and optional) and not isinstance(value, kind):
        raise TypeError(f"{what} is {value!r}: specify {remedy}")


def _check_is_strings(what: str, key: Any, value: Any) -> None:
    if not isinstance(key, str) or not isinstance(value, str):
        raise TypeError(f"{what} has {key!r}: {value!r}: specify strings, such as {str(key)!r}: {str(value)!r}")


def _check_is_duration(what: str, duration: Duration, low: int) -> None:
    _check_type(what, duration, Duration, f"a Duration, such as Duration.seconds({low})")


def _seconds(what: str, duration: Duration, low: int, high: int, *, steps: str = "seconds") -> int | str:
    _check_is_duration(what, duration, low)
    if duration.is_unresolved():
        # "15 minutes": CloudFormation does not calculate, so the function does, and checks the range.
        return duration.format_token_to_number()
    # Rounded to milliseconds, the smallest unit of a Duration: 2.05 minutes would be 122.99999999999999 seconds.
    seconds = round(duration.to_seconds(integral=False), 3)
    if not low <= seconds <= high or seconds % (_HOUR if steps == "hours" else 1):
        raise ValueError(
            f"{what} is {duration.to_human_string()}: specify whole {steps} from {_human(low)} to {_human(high)}"
        )
    return int(seconds)


def _human(seconds: int) -> str:
    return Duration.seconds(seconds).to_human_string()
