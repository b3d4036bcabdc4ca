"""The comparison of granted and used permissions finds every difference."""

from typing import Any

import pytest

from appstream_local.service.logs import IamCheck
from support.permissions import differences, granted_by, used_by

ARN = "arn:aws:appstream:us-east-1:000000000000:image-builder/nb-1"
START, STOP, DESCRIBE = (f"appstream:{each}" for each in ("StartImageBuilder", "StopImageBuilder", "Describe"))


def allow(actions: str | list[str], resource: str | list[str], **more: Any) -> dict[str, Any]:
    """Return a policy with one statement."""
    return {"Statement": [{"Effect": "Allow", "Action": actions, "Resource": resource, **more}]}


def check(action: str, resource: str = ARN, *, role: str = "role", allowed: bool = True) -> IamCheck:
    """Return one recorded decision."""
    principal = f"arn:aws:sts::000000000000:assumed-role/{role}/function"
    return IamCheck(action=action, resource=resource, principal=principal, allowed=allowed)


USED = used_by("role", [check(START), check(DESCRIBE, "*"), check(STOP, role="other")])


def test_a_permission_granted_and_used_is_no_difference() -> None:
    """Of several policies together; what Lambda itself does with the role doesn't count."""
    log = allow(["logs:CreateLogStream", "logs:PutLogEvents"], "log")
    assert [] == differences(granted=granted_by(allow(DESCRIBE, "*"), allow([START], [ARN]), log), used=USED)


@pytest.mark.parametrize(
    ("granted", "expected"),
    [
        ([allow([START, STOP], ARN)], [f"unused: {STOP} on {ARN}"]),
        ([allow(START, [ARN, f"{ARN}2"])], [f"unused: {START} on {ARN}2"]),
        ([allow(START, "*")], [f"not granted: {START} on {ARN}", f"unused: {START} on *"]),
        ([allow(START, f"{ARN[:-1]}*")], [f"not granted: {START} on {ARN}", f"unused: {START} on {ARN[:-1]}*"]),
        ([allow("appstream:*", ARN)], [f"not granted: {START} on {ARN}", f"unused: appstream:* on {ARN}"]),
        ([allow(START, ARN), allow("s3:GetObject", "*")], ["unused: s3:GetObject on *"]),
        ([], [f"not granted: {START} on {ARN}"]),
    ],
)
def test_each_difference_is_named(granted: list[dict[str, Any]], expected: list[str]) -> None:
    """An extra action, an extra or wider resource, a wildcard action, and a missing permission."""
    assert expected == differences(granted=granted_by(allow(DESCRIBE, "*"), *granted), used=USED)


@pytest.mark.parametrize("more", [{"NotAction": STOP}, {"Condition": {}}, {"Effect": "Deny"}])
def test_an_unusual_statement_is_refused(more: dict[str, Any]) -> None:
    """What the comparison can't interpret isn't ignored."""
    with pytest.raises(AssertionError):
        granted_by(allow(START, ARN, **more))


def test_a_denied_call_is_a_difference() -> None:
    """The role's permissions were not enough."""
    with pytest.raises(AssertionError):
        used_by("role", [check(START), check(STOP, allowed=False)])
