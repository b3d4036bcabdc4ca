"""Checks at synth of a provider's arguments; each failure names the value and the remedy."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from aws_cdk import Token
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs

from cdk_appstream_image_builder.validation import check_has, check_text

if TYPE_CHECKING:  # each module of CDK takes its time to import, and these serve for annotations only
    from aws_cdk import aws_ec2 as ec2
    from aws_cdk import aws_iam as iam
    from aws_cdk import aws_kms as kms

_MEMORY_MIB = (128, 10_240)
"""What Lambda gives a function."""

_DESCRIPTION_LENGTH = 256
"""Lambda's limit."""

_OLDEST_MINOR = 10
"""The function needs Python 3.10."""


def check_role(what: str, role: iam.IRole | None) -> None:
    """Fail where an optional role is none."""
    check_has(what, role, "role_arn", "a role, such as iam.Role.from_role_arn(...)")


def check_network(
    vpc: ec2.IVpc | None,
    vpc_subnets: ec2.SubnetSelection | None,
    security_groups: list[ec2.ISecurityGroup] | None,
    *,
    ipv6: bool,
) -> None:
    """Fail where what says where the function runs is malformed, or contradicts itself."""
    check_has("vpc", vpc, "vpc_id", "a VPC, such as ec2.Vpc.from_lookup(...)")
    if vpc is None and (vpc_subnets is not None or security_groups is not None or ipv6):
        raise ValueError(
            "vpc_subnets, security_groups or ipv6_allowed_for_dual_stack is given without a vpc: give the vpc as well"
        )
    if vpc_subnets is not None and not isinstance(vpc_subnets, dict):
        check_has("vpc_subnets", vpc_subnets, "subnet_type", "an ec2.SubnetSelection")
    if security_groups is None:
        return
    if not isinstance(security_groups, list | tuple) or not security_groups:
        error = ValueError if security_groups == [] else TypeError
        raise error(f"security_groups is {security_groups!r}: give a list of security groups, or leave it out")
    for group in security_groups:
        check_has("a member of security_groups", group, "security_group_id", "security groups", optional=False)


def check_log(log_group: logs.ILogGroup | None, log_retention: logs.RetentionDays | None) -> None:
    """Fail where what says where the function logs is malformed, or contradicts itself."""
    check_has("log_group", log_group, "log_group_arn", "a log group, such as logs.LogGroup.from_log_group_name(...)")
    if log_retention is not None and not isinstance(log_retention, logs.RetentionDays):
        raise TypeError(f"log_retention is {log_retention!r}: give one of logs.RetentionDays")
    if log_group is not None and log_retention is not None:
        raise ValueError(
            f"both log_group and log_retention ({log_retention.name}) are given: set the retention on the log group"
        )


def check_memory_size(memory_size: int) -> None:
    """Fail where Lambda has no such memory."""
    if Token.is_unresolved(memory_size):
        return
    low, high = _MEMORY_MIB
    whole = isinstance(memory_size, int) and not isinstance(memory_size, bool)
    if not whole or not low <= memory_size <= high:
        error = ValueError if whole else TypeError
        raise error(f"memory_size is {memory_size!r}: give whole MiB from {low} to {high}")


def check_code_options(
    architecture: lambda_.Architecture | None, runtime: lambda_.Runtime | None, tracing: lambda_.Tracing | None
) -> None:
    """Fail where the function's code would not run so."""
    if architecture is not None and not isinstance(architecture, lambda_.Architecture):
        raise TypeError(f"architecture is {architecture!r}: give lambda_.Architecture.ARM_64 or X86_64")
    if tracing is not None and not isinstance(tracing, lambda_.Tracing):
        raise TypeError(f"tracing is {tracing!r}: give one of lambda_.Tracing")
    if runtime is None:
        return
    if not isinstance(runtime, lambda_.Runtime):
        raise TypeError(f"runtime is {runtime!r}: give a Python one, such as lambda_.Runtime.PYTHON_3_13")
    if Token.is_unresolved(runtime.name):
        return
    version = re.fullmatch(r"python3\.(\d+)", runtime.name)
    if version is None or int(version[1]) < _OLDEST_MINOR:
        raise ValueError(f"runtime is {runtime.name!r}: give Python 3.{_OLDEST_MINOR} or newer")


def check_rest(environment_encryption: kms.IKey | None, description: str | None) -> None:
    """Fail where a key is none, or a description is not one that Lambda takes."""
    check_has("environment_encryption", environment_encryption, "key_arn", "a key, such as kms.Key.from_lookup(...)")
    check_text("description", description, longest=_DESCRIPTION_LENGTH)
