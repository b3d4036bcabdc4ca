"""Policies that CloudFormation replaces instead of changing."""

import hashlib
import json
from collections.abc import Callable, Iterable

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from constructs import Construct


class ReplacedPolicy(Construct):
    """A policy whose content is part of its construct's path, so that another content is another policy.

    By its path it has a logical id of its own, and a name of its own where an aspect makes names from paths. Two
    inline policies of one name would be one policy, which the clean-up of an update would delete.

    Args:
        scope: Where the policy is made.
        construct_id: The id within the scope.
        make: Makes an empty policy of the role in a scope, by an id.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, make: Callable[[Construct, str], iam.Policy | iam.ManagedPolicy]
    ) -> None:
        """Begin without a policy."""
        super().__init__(scope, construct_id)
        self._make = make
        self._made = ""

    def hold(self, statements: Iterable[iam.PolicyStatement], *, content: object) -> None:
        """Make the policy, instead of the one of before.

        Args:
            statements: What it allows.
            content: What tells it from a policy of another content; tokens in it are resolved.
        """
        if self._made:
            self.node.try_remove_child(self._made)
        # Resolved, because a token's text differs from synth to synth.
        text = json.dumps(Stack.of(self).resolve(content))
        self._made = hashlib.sha256(text.encode()).hexdigest()[:8].upper()
        self._make(self, self._made).add_statements(*statements)
