"""The function's role, made here or given: what it is allowed, or who must be told where it cannot be changed."""

import json

from aws_cdk import Acknowledgment, Annotations, Stack, Validations
from aws_cdk import aws_iam as iam
from constructs import Construct, IDependable

from cdk_appstream_image_builder import permissions

WARNING = "cdk-appstream-image-builder:roleCannotBeChanged"
"""The id of the warning about a role that cannot be changed, for ``Annotations.acknowledge_warning``."""


class FunctionRole:
    """A role and the ways to give it permissions.

    Args:
        scope: The provider.
        given: A role of the user's; None to make one.

    Attributes:
        role: The role.
        is_fixed: Whether it cannot be changed: it was imported from elsewhere, or as it is.
    """

    def __init__(self, scope: Construct, *, given: iam.IRole | None) -> None:
        """Take or make the role."""
        self._scope = scope
        self._policy: iam.Policy | None = None
        self.role: iam.IRole = given or iam.Role(
            scope,
            "Role",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            description="Starts AppStream image builders and waits until they are RUNNING",
        )
        first = permissions.describe_image_builders()
        result = self.role.add_to_principal_policy(first)
        # A role that cannot be changed says that it took the statement, but has no policy that holds it.
        self.is_fixed = not isinstance(self.role, iam.Role) and not isinstance(result.policy_dependable, iam.Policy)
        if self.is_fixed:
            self.warn(first)
        if given is None:
            # On the policy made here only: in the user's own it would hide the user's own wildcards.
            Validations.of(self.role.node.find_child("DefaultPolicy")).acknowledge(
                Acknowledgment(id="AwsSolutions::AwsSolutions-IAM5[Resource::*]", reason=permissions.WILDCARD_REASON)
            )

    @property
    def is_elsewhere(self) -> bool:
        """Whether the role belongs to another stack than the provider."""
        return Stack.of(self.role) is not Stack.of(self._scope)

    def allow(self, *statements: iam.PolicyStatement) -> None:
        """Give the role statements that the function needs from its first moment."""
        if self.is_fixed:
            self.warn(*statements)
            return
        if self.is_elsewhere:
            # A policy in the role's stack would make that stack depend on this one, which depends on it.
            self._policy = self._policy or iam.Policy(self._scope, "Policy", roles=[self.role])
            self._policy.add_statements(*statements)
            return
        for statement in statements:
            self.role.add_to_principal_policy(statement)

    @property
    def dependable(self) -> IDependable:
        """What the function waits for besides the role itself, so that its first call is not denied."""
        return self._policy or self.role

    def warn(self, *statements: iam.PolicyStatement) -> None:
        """Tell the user which statements a role needs that cannot be changed here."""
        needed = json.dumps(Stack.of(self._scope).resolve([each.to_statement_json() for each in statements]))
        Annotations.of(self._scope).add_warning_v2(
            WARNING, f"the role given cannot be changed: add these statements to it: {needed}"
        )
