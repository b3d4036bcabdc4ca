"""Gives the function's role its permissions, or warns if the role cannot be changed."""

import json
from collections.abc import Callable, Iterable

from aws_cdk import Annotations, Stack
from aws_cdk import aws_iam as iam
from constructs import Construct, IDependable

from cdk_appstream_image_builder.iam.cfn_resources import make_name_unique
from cdk_appstream_image_builder.iam.statements import PATTERN_REASON, WILDCARD_REASON, describe_image_builders

WARNING = "cdk-appstream-image-builder:roleCannotBeChanged"
"""The id of the warning about a role that cannot be changed, for ``Annotations.acknowledge_warning``."""

ACKNOWLEDGED_RULES = "aws:cdk:acknowledged-rules"
"""The metadata in which CDK and cdk-nag look for acknowledged findings: rule to reason.

``aws_cdk.Validations.of(...).acknowledge`` writes it, and ``Validations.ACKNOWLEDGED_RULES_METADATA_KEY`` is its key.
Written out because that class needs a CDK released months after the one that the rest of this package needs, which
would gain nothing: older CDKs ignore the metadata.
"""

ACKNOWLEDGED = {"AwsSolutions-IAM5[Resource::*]": WILDCARD_REASON}
"""The one finding of cdk-nag's AwsSolutions that IAM makes unavoidable, and why."""


class FunctionRole:
    """A role and the ways to give it permissions.

    Args:
        scope: The provider.
        given: The user's role; None to make one.
        keep_logical_ids: Gives the resources below a construct the logical ids that they must have.

    Attributes:
        role: The role.
        is_fixed: Whether the role cannot be changed, such as one of another account.
        takes_policies: Whether policies can be made for the role: not if it is fixed, nor if
            ``iam.Role.customize_roles`` has replaced it, in which case CDK reports what the role needs.
    """

    def __init__(
        self, scope: Construct, *, given: iam.IRole | None, keep_logical_ids: Callable[[Construct], None]
    ) -> None:
        self._scope = scope
        self._keep_logical_ids = keep_logical_ids
        self._policy: iam.Policy | None = None
        self._made = given is None
        self.role: iam.IRole = given or iam.Role(
            scope,
            "Role",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            description="Starts AppStream image builders and waits until they are RUNNING",
        )
        first = describe_image_builders()
        result = self.role.add_to_principal_policy(first)
        # A role that cannot be changed reports success, but has no policy that contains the statement.
        self.is_fixed = not isinstance(self.role, iam.Role) and not isinstance(result.policy_dependable, iam.Policy)
        default = self.role.node.try_find_child("DefaultPolicy") if isinstance(self.role, iam.Role) else None
        self.takes_policies = not self.is_fixed and (default is not None or not isinstance(self.role, iam.Role))
        if self.is_fixed:
            self.warn(first)
        elif isinstance(result.policy_dependable, iam.Policy) and not isinstance(self.role, iam.Role):
            # CDK makes and names a policy for the statements of an imported role.
            make_name_unique(result.policy_dependable, self.role)
        if given is None and default is not None:
            # Only on the policy made here: on the user's it would hide the user's own wildcards.
            default.node.add_metadata(ACKNOWLEDGED_RULES, ACKNOWLEDGED)

    @property
    def is_elsewhere(self) -> bool:
        """Whether the role belongs to another stack than the provider."""
        return Stack.of(self.role) is not Stack.of(self._scope)

    def allow(self, *statements: iam.PolicyStatement) -> None:
        """Give the role statements that the function needs when it is created."""
        if self.is_fixed:
            self.warn(*statements)
            return
        if self.is_elsewhere and self.takes_policies:
            # A policy in the role's stack would make that stack depend on this one, which depends on it.
            self._policy = self._policy or self.inline_policy(self._scope, "Policy")
            self._policy.add_statements(*statements)
            return
        for statement in statements:
            self.role.add_to_principal_policy(statement)

    def allow_by_pattern(self, *statements: iam.PolicyStatement) -> None:
        """Give the role statements whose resources are patterns on purpose, and tell cdk-nag why."""
        self.allow(*statements)
        if self._made and self.takes_policies:  # else it would hide the user's own wildcards
            findings = {f"AwsSolutions-IAM5[Resource::{self._as_nag_writes(each)}]" for each in _resources(statements)}
            reasons = dict.fromkeys(sorted(findings), PATTERN_REASON)
            self.role.node.find_child("DefaultPolicy").node.add_metadata(ACKNOWLEDGED_RULES, reasons)

    def _as_nag_writes(self, arn: str) -> str:
        """Return an ARN as cdk-nag writes it in a finding: each reference in angle brackets."""
        resolved = Stack.of(self._scope).resolve(arn)
        parts = resolved["Fn::Join"][1] if isinstance(resolved, dict) else [resolved]
        return "".join(part if isinstance(part, str) else f"<{part['Ref']}>" for part in parts)

    def inline_policy(self, scope: Construct, construct_id: str) -> iam.Policy:
        """Make an empty policy of the role."""
        policy = iam.Policy(scope, construct_id, roles=[self.role])
        self._keep_logical_ids(policy)
        make_name_unique(policy, self.role)
        return policy

    def managed_policy(self, scope: Construct, construct_id: str, *, description: str) -> iam.ManagedPolicy:
        """Make an empty managed policy of the role."""
        policy = iam.ManagedPolicy(scope, construct_id, roles=[self.role], description=description)
        self._keep_logical_ids(policy)
        return policy

    @property
    def dependable(self) -> IDependable:
        """What the function waits for besides the role, so that its first call is not denied."""
        return self._policy or self.role

    def warn(self, *statements: iam.PolicyStatement) -> None:
        """Warn which statements a role needs that cannot be changed here."""
        needed = json.dumps(Stack.of(self._scope).resolve([each.to_statement_json() for each in statements]))
        Annotations.of(self._scope).add_warning_v2(
            WARNING, f"the given role cannot be changed: add these statements to it: {needed}"
        )


def _resources(statements: Iterable[iam.PolicyStatement]) -> list[str]:
    return [resource for statement in statements for resource in statement.resources]
