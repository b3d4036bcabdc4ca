"""Gives a stack's first provider the logical ids of the stack's default provider."""

from __future__ import annotations

from aws_cdk import CfnElement, CfnResource, Stack
from constructs import Construct

ID = "RunningImageBuilderProvider"
"""The id of a stack's default provider. A change would replace the function, which CloudFormation refuses."""


class DefaultProviderSlot(Construct):
    """Occupies the path of a stack's default provider for a provider that is created elsewhere in the stack.

    CloudFormation refuses an update that changes a custom resource's ServiceToken. So the function of a deployed
    stack's builders must stay the same resource, whether it is the default one or was configured. Its role, policies
    and log group stay as well, so a Delete in the same update keeps its permissions and the log its lines.

    Attributes:
        provider: The provider.
    """

    def __init__(self, stack: Stack, provider: Construct) -> None:
        super().__init__(stack, ID)
        self._stack = stack
        self.provider = provider

    @classmethod
    def take(cls, provider: Construct) -> DefaultProviderSlot | None:
        """Return the slot of a provider's stack; None if the provider is the default one, or another has the slot."""
        stack = Stack.of(provider)
        return None if stack.node.try_find_child(ID) is not None else cls(stack, provider)

    def keep_logical_ids(self, construct: Construct) -> None:
        """Give each resource below a construct the logical id that it would have in the default provider.

        Args:
            construct: The provider, or a construct in it; any other one is left as it is.
        """
        root = f"{self.provider.node.path}/"
        for each in construct.node.find_all():
            if isinstance(each, CfnElement) and each.node.path.startswith(root):
                each.override_logical_id(self._logical_id(each.node.path.removeprefix(root)))

    def _logical_id(self, path: str) -> str:
        """Return the stack's logical id for a path: a stack may have a naming scheme of its own."""
        *parents, last = path.split("/")
        parent: Construct = self
        for part in parents:
            parent = Construct(parent, part)
        logical_id = self._stack.get_logical_id(CfnResource(parent, last, type="Custom::Probe"))
        self.node.try_remove_child([*parents, last][0])
        return logical_id
