"""What makes one deploy's template differ from the next one's; nothing else."""

import uuid

from constructs import Construct

CONTEXT_KEY = "deployNonce"
"""The context key that pins the value, for a pipeline's own build number, and for tests."""


def deploy_nonce(scope: Construct) -> str:
    """Return the value of this synth: the context's, or a new one.

    CloudFormation has nothing that changes with each deploy, so it can only be made at synth. It is the one thing in
    this package that is not the same in two synths, and only where it is asked for.

    Raises:
        TypeError: The context's value is neither a text nor a number.
        ValueError: The context's value is empty, as from a pipeline's variable that is not set: every deploy would have
            the same.
    """
    pinned = scope.node.try_get_context(CONTEXT_KEY)
    if pinned is not None and (isinstance(pinned, bool) or not isinstance(pinned, str | int | float)):
        raise TypeError(f"{CONTEXT_KEY} is {pinned!r}: give a text or a number, such as a build's number")
    if pinned == "":
        raise ValueError(f"{CONTEXT_KEY} is {pinned!r}: give a value, such as a build's number, or leave it out")
    return uuid.uuid4().hex if pinned is None else str(pinned)
