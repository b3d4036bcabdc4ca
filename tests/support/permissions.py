"""What a role is granted against what it used: reads policies and IAM's checks, and compares them; calls nothing."""

from collections.abc import Iterable, Mapping, Set
from typing import Any

from appstream_local.service.logs import IamCheck

LAMBDAS_OWN = {"logs:CreateLogStream", "logs:PutLogEvents"}
"""What Lambda does with the role for the function's output, outside of the function; the engine keeps no role to it."""

Permission = tuple[str, str]
"""An action and a resource, as they are written: a pattern is not the resource that it matches."""


def granted_by(*documents: Mapping[str, Any]) -> set[Permission]:
    """Return what policies allow; they must have no statement but plain ones that allow, and to pass a role."""
    found: set[Permission] = set()
    for document in documents:
        for statement in document["Statement"]:
            # Which service a role is passed to is checked by IAM itself: the engine tells it.
            passes = statement["Action"] == "iam:PassRole"
            expected = {"Action", "Effect", "Resource"} | ({"Condition"} if passes else set())
            assert expected == statement.keys() - {"Sid"}
            assert "Allow" == statement["Effect"]
            found |= {
                (action, resource)
                for action in _listed(statement["Action"])
                for resource in _listed(statement["Resource"])
                if action not in LAMBDAS_OWN
            }
    return found


def used_by(role: str, checks: Iterable[IamCheck]) -> set[Permission]:
    """Return what IAM was asked for a role; it must have allowed all of it."""
    own = [each for each in checks if f":assumed-role/{role}/" in each.principal]
    assert [] == [each for each in own if not each.allowed]
    return {(each.action, each.resource) for each in own}


def differences(*, granted: Set[Permission], used: Set[Permission]) -> list[str]:
    """Return what is granted and not used, and what is used and not granted, one line each."""
    return sorted(
        [f"unused: {action} on {resource}" for action, resource in granted - used]
        + [f"not granted: {action} on {resource}" for action, resource in used - granted]
    )


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
