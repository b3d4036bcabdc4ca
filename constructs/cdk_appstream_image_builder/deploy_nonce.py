"""What makes one deploy's template differ from the next one's; nothing else."""

import uuid

from constructs import Construct

CONTEXT_KEY = "deployNonce"
"""The context key that pins the value, for a pipeline's own build number, and for tests."""


def deploy_nonce(scope: Construct) -> str:
    """Return the value of this synth: the context's, or a new one.

    CloudFormation has nothing that changes with each deploy, so it can only be made at synth. It is the one thing in
    this package that is not the same in two synths, and only where it is asked for.
    """
    pinned = scope.node.try_get_context(CONTEXT_KEY)
    return uuid.uuid4().hex if pinned is None else str(pinned)
