"""Policies that CloudFormation replaces instead of changing; knows nothing of what they allow."""

import hashlib
import json

from aws_cdk import CfnResource, Stack
from aws_cdk import aws_iam as iam

from cdk_appstream_image_builder.function_role import FunctionRole


def take_identity(resource: CfnResource, logical_id: str, content: object, *, role: FunctionRole) -> None:
    """Make a policy's content part of its identity.

    Args:
        resource: The policy.
        logical_id: The id that it would have without its content.
        content: What it allows; tokens in it are resolved.
        role: The role that it belongs to.
    """
    # Resolved, because a token's text differs from synth to synth.
    text = json.dumps(Stack.of(resource).resolve(content))
    identity = f"{logical_id}{hashlib.sha256(text.encode()).hexdigest()[:8].upper()}"
    resource.override_logical_id(identity)
    if isinstance(resource, iam.CfnPolicy):
        # Two inline policies of one name would be one policy, which the clean-up would delete.
        resource.policy_name = role.policy_name(resource, identity)
