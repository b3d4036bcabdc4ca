"""Gives a stack's first provider the logical ids that the stack's default one has."""

from __future__ import annotations

from aws_cdk import CfnElement, CfnResource, Stack
from constructs import Construct

ID = "RunningImageBuilderProvider"
"""The id of a stack's default provider. A change would replace the function, which CloudFormation refuses."""


class DefaultProviderSlot(Construct):
    """Stands where a stack's default provider would be, and keeps that place for a provider made elsewhere in it.

    CloudFormation refuses an update that changes a custom resource's ServiceToken, so the function behind the builders
    of a deployed stack must stay the same resource, whether it is the default one or was configured. Its role,
    policies and log group stay as well: a Delete in the same update still has its permissions, and the log its lines.

    Attributes:
        provider: The provider that has the place.
    """

    def __init__(self, stack: Stack, provider: Construct) -> None:
        """Take the place, which must be free."""
        super().__init__(stack, ID)
        self._stack = stack
        self.provider = provider

    @classmethod
    def take(cls, provider: Construct) -> DefaultProviderSlot | None:
        """Return the place of a provider's stack; None where the provider stands in it or another one has it."""
        stack = Stack.of(provider)
        return None if stack.node.try_find_child(ID) is not None else cls(stack, provider)

    def keep_ids(self, made: Construct) -> None:
        """Give each resource below a construct the logical id that it would have in this place.

        Args:
            made: A construct of the provider's; one that is not below the provider is left as it is.
        """
        root = f"{self.provider.node.path}/"
        for each in made.node.find_all():
            if isinstance(each, CfnElement) and each.node.path.startswith(root):
                each.override_logical_id(self._logical_id(each.node.path.removeprefix(root)))

    def _logical_id(self, path: str) -> str:
        """Return what the stack itself makes of a path: it may have a naming scheme of its own."""
        *parents, last = path.split("/")
        parent: Construct = self
        for part in parents:
            parent = Construct(parent, part)
        logical_id = self._stack.get_logical_id(CfnResource(parent, last, type="Custom::Probe"))
        self.node.try_remove_child([*parents, last][0])
        return logical_id
