"""Reaches the CloudFormation resources behind CDK's constructs, as far as there are any."""

from aws_cdk import CfnResource, Fn, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

_NAME_LENGTH = 128
"""IAM's limit for a policy's name."""

_UNIQUE_LENGTH = len("-00000000-0000-0000-0000-000000000000")
"""What a stack's unique id takes of it."""


def cfn_resources(construct: Construct) -> list[CfnResource]:
    """Return the resources below a construct: none for a role that ``iam.Role.customize_roles`` has replaced."""
    return [each for each in construct.node.find_all() if isinstance(each, CfnResource)]


def keep(construct: Construct) -> None:
    """Make CloudFormation keep the resources below a construct, whatever an aspect says later."""
    for resource in cfn_resources(construct):
        resource.apply_removal_policy(RemovalPolicy.RETAIN)
        # RemovalPolicies.of(...).destroy() would change the removal policy, and does not change an override.
        for key in ("DeletionPolicy", "UpdateReplacePolicy"):
            resource.add_override(key, "Retain")


def is_attached(policy: iam.Policy) -> bool:
    """Return whether a policy belongs to a role: one that cannot be changed takes none, without a word."""
    found = (each for each in cfn_resources(policy) if isinstance(each, iam.CfnPolicy))
    return any(Stack.of(policy).resolve(each.roles) for each in found)


def name_apart(policy: iam.Policy, role: iam.IRole) -> None:
    """Name an inline policy unlike any from another stack, at most IAM's 128 characters long.

    CDK names a policy like its logical id, which is the same in stacks that are built alike. A role that they share
    would keep the last of them only, and the delete of one stack would take it from the others. A stack's id is unlike
    any other's, also in another Region, where IAM's roles are the same.
    """
    stack = Stack.of(policy)
    if isinstance(role, iam.Role) and stack is Stack.of(role):
        return
    unique = Fn.select(2, Fn.split("/", stack.stack_id))
    for resource in cfn_resources(policy):
        if isinstance(resource, iam.CfnPolicy):
            name = str(stack.resolve(resource.logical_id))
            resource.policy_name = f"{name[_UNIQUE_LENGTH - _NAME_LENGTH :]}-{unique}"
