"""Changes the CloudFormation resources of roles and policies."""

from aws_cdk import CfnResource, Fn, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

_NAME_LENGTH = 128
"""IAM's limit for a policy's name."""

_UNIQUE_LENGTH = len("-00000000-0000-0000-0000-000000000000")
"""What a stack's unique id takes of it."""


def _cfn_resources(construct: Construct) -> list[CfnResource]:
    """Return the resources below a construct: none if ``iam.Role.customize_roles`` has replaced the role."""
    return [each for each in construct.node.find_all() if isinstance(each, CfnResource)]


def retain(construct: Construct) -> None:
    """Make CloudFormation retain the resources below a construct, whatever an aspect sets later."""
    for resource in _cfn_resources(construct):
        resource.apply_removal_policy(RemovalPolicy.RETAIN)
        # RemovalPolicies.of(...).destroy() changes the removal policy, but not an override.
        for key in ("DeletionPolicy", "UpdateReplacePolicy"):
            resource.add_override(key, "Retain")


def is_attached(policy: iam.Policy) -> bool:
    """Return whether a policy belongs to a role. A role that cannot be changed ignores a policy silently."""
    found = (each for each in _cfn_resources(policy) if isinstance(each, iam.CfnPolicy))
    return any(Stack.of(policy).resolve(each.roles) for each in found)


def make_name_unique(policy: iam.Policy, role: iam.IRole) -> None:
    """Give an inline policy of a role from another stack a name that no other stack uses, within IAM's limit.

    CDK names a policy like its logical id, which is the same in stacks that are built alike. A role that they share
    would keep only the last policy, and deleting one stack would take it from the others. A stack's id is unique, also
    among Regions, which share IAM's roles.
    """
    stack = Stack.of(policy)
    if isinstance(role, iam.Role) and stack is Stack.of(role):
        return
    unique = Fn.select(2, Fn.split("/", stack.stack_id))
    for resource in _cfn_resources(policy):
        if isinstance(resource, iam.CfnPolicy):
            name = str(stack.resolve(resource.logical_id))
            resource.policy_name = f"{name[_UNIQUE_LENGTH - _NAME_LENGTH :]}-{unique}"
