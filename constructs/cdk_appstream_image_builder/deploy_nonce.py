"""Makes each deploy's template differ from the last one's, for ``start_on_every_deploy``."""

import uuid

from constructs import Construct

CONTEXT_KEY = "deployNonce"
"""The context key that pins the value, for a pipeline's build number or a test."""


def deploy_nonce(scope: Construct) -> str:
    """Return the value of this synth: the context's, or a new one.

    CloudFormation has no value that changes with each deploy, so synth has to make it. Nothing else in this package
    differs between two synths.

    Raises:
        TypeError: The context's value is neither a string nor a number.
        ValueError: The context's value is empty, as from a pipeline's variable that is not set. Every deploy would have
            the same.
    """
    pinned = scope.node.try_get_context(CONTEXT_KEY)
    if pinned is not None and (isinstance(pinned, bool) or not isinstance(pinned, str | int | float)):
        raise TypeError(f"{CONTEXT_KEY} is {pinned!r}: specify a string or a number, such as a build number")
    if pinned == "":
        raise ValueError(f"{CONTEXT_KEY} is {pinned!r}: specify a value, such as a build number, or omit it")
    return uuid.uuid4().hex if pinned is None else str(pinned)
