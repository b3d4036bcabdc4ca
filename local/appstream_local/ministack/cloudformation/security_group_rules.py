"""The resource types of single security group rules, which CDK uses for each rule between two groups."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import uuid4

from ministack.services import ec2
from ministack.services.cloudformation import provisioners

_TYPES: Final = {
    "AWS::EC2::SecurityGroupIngress": "IpPermissions",
    "AWS::EC2::SecurityGroupEgress": "IpPermissionsEgress",
}
"""The types, and the key of ministack's security groups that holds their rules."""


def register() -> None:
    """Add both types to ministack's CloudFormation."""
    for kind, where in _TYPES.items():
        provisioners._RESOURCE_HANDLERS[kind] = {"create": _creating(where), "delete": _deleting(where)}


def _creating(where: str) -> Any:
    def create(_logical_id: str, properties: Mapping[str, Any], _stack: str) -> tuple[str, dict[str, Any]]:
        group = ec2._security_groups.get(properties.get("GroupId"))
        if group is None:
            raise ValueError(f"The security group '{properties.get('GroupId')}' does not exist")
        group.setdefault(where, []).extend(_rules(properties))
        rule = f"sgr-{uuid4().hex[:17]}"
        return rule, {"Id": rule}

    return create


def _deleting(where: str) -> Any:
    def delete(_physical_id: str, properties: Mapping[str, Any]) -> None:
        group = ec2._security_groups.get(properties.get("GroupId"))
        for rule in _rules(properties) if group else []:
            if rule in group[where]:
                group[where].remove(rule)

    return delete


def _rules(properties: Mapping[str, Any]) -> list[dict[str, Any]]:
    rules: list[dict[str, Any]] = provisioners._ec2_sg_permissions([dict(properties)])
    return rules
