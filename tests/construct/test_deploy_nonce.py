"""Every deploy's own value, which lets CloudFormation run the update."""

from typing import Any

import pytest
from aws_cdk import App, Stack

from synth.stacks import TYPE, Json, any_builder, only, template


def nonce(context: Json | None = None, **options: Any) -> object:
    """Return the deploy's own value in a builder's properties."""
    stack = Stack(App(context=context), "Stack")
    any_builder(stack, **options)
    return only(template(stack), TYPE)["Properties"].get("DeployNonce")


def test_only_start_on_every_deploy_changes_each_synth() -> None:
    """The context can pin it."""
    asked: Json = {"start_on_every_deploy": True}
    assert (None, "build-7") == (nonce(), nonce({"deployNonce": "build-7"}, **asked))
    assert nonce(**asked) != nonce(**asked)
    assert nonce(**asked)


def test_a_number_in_the_context_pins_the_value() -> None:
    """Of a build, as cdk.json may have it."""
    assert "7" == nonce({"deployNonce": 7}, start_on_every_deploy=True)


def test_an_empty_value_is_refused() -> None:
    """It is what a variable gives that is not set, and would be the same in every deploy."""
    with pytest.raises(ValueError, match=r"^deployNonce is '': specify a value, such as a build number, or omit it$"):
        nonce({"deployNonce": ""}, start_on_every_deploy=True)
