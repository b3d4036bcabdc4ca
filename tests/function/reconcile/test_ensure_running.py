"""What a Create or Update learns from a description that shows no need to act."""

import pytest

from running_image_builder_function.cloudformation.request import Request
from running_image_builder_function.model.errors import RequestFailed
from running_image_builder_function.model.image_builder import ImageBuilder
from running_image_builder_function.reconcile.callback_context import CallbackContext, Observation, Starts
from running_image_builder_function.reconcile.ensure_running import EnsureRunning
from support.fake_appstream import ARN, NAME

BEGAN = 1_800_000_000.0


def described(state: str, context: CallbackContext) -> CallbackContext:
    """Return a request's callback context after the builder was described in a state."""
    desired = EnsureRunning(Request(name=NAME), context, arn=ARN)
    desired.observe(ImageBuilder({"Name": NAME, "State": state}), asked_at=BEGAN, now=BEGAN)
    return desired.context


@pytest.mark.parametrize(
    ("before", "redelivered", "state", "may_be"),
    [
        ("", False, "PENDING", True),
        ("", False, "UPDATING_AGENT", True),
        ("", False, "RUNNING", False),
        ("", True, "RUNNING", True),
        ("STOPPED", False, "RUNNING", True),
        ("STOPPING", False, "RUNNING", True),
        ("SNAPSHOTTING", False, "RUNNING", False),
        ("STOPPED", False, "SNAPSHOTTING", False),
    ],
)
def test_another_delivery_may_have_started_what_appears(
    before: str, redelivered: bool, state: str, may_be: bool
) -> None:
    """A builder that is starting, or that runs where it was stopped a moment ago; or any, for a later delivery."""
    observation = Observation(state=before)
    context = CallbackContext(began_at=BEGAN, redelivered=redelivered, builder=observation)

    assert may_be is described(state, context).starts.maybe_by_other_delivery


def test_the_own_start_is_no_other_deliverys() -> None:
    """It explains what appears."""
    context = CallbackContext(began_at=BEGAN, builder=Observation(state="STOPPED"))
    desired = EnsureRunning(Request(name=NAME), context, arn=ARN)
    desired.observe(ImageBuilder({"Name": NAME, "State": "STOPPED"}), asked_at=BEGAN, now=BEGAN)
    desired.change_accepted(desired.next_step(ImageBuilder({"Name": NAME, "State": "STOPPED"}), now=BEGAN), now=BEGAN)

    assert Starts(made=True) == described("PENDING", context).starts


@pytest.mark.parametrize(("state", "since"), [("PENDING", BEGAN), ("SNAPSHOTTING", BEGAN), ("RUNNING", None)])
def test_only_a_transition_is_waited_for_briefly(state: str, since: float | None) -> None:
    """In a rollback; a builder that runs may still have to wait for an address."""
    context = CallbackContext(began_at=BEGAN)

    assert since == described(state, context).builder.in_transition_since


def test_another_deliverys_failed_start_stays_one() -> None:
    """A rollback that goes on with a failed rename's builder comes back to it in the next invocation."""
    context = CallbackContext(began_at=BEGAN, redelivered=True, builder=Observation(state="PENDING"))
    for _ in range(2):
        with pytest.raises(RequestFailed, match="the start failed"):
            described("STOPPED", context)
