"""The function's own duties: whom it answers, and what becomes of its bugs."""

from typing import Any

import pytest

from running_image_builder_function.model.errors import CallFailed, Trouble
from support.lambda_side import LOGICAL_ID, FakeContext, LambdaSide, event
from support.world import NAME, World


@pytest.mark.parametrize("garbage", [{}, {"RequestType": "Create"}, {"warm": "up"}, [], None, "any"])
def test_an_event_that_nobody_waits_for_is_an_error(side: LambdaSide, world: World, garbage: Any) -> None:
    """There is nowhere to answer to; nothing is looked at."""
    with pytest.raises(ValueError, match=r"^this function answers CloudFormation's custom resource requests only$"):
        side.function(garbage, FakeContext(world.clock))

    assert [] == world.calls()
    assert [] == side.answers


@pytest.mark.parametrize(("request_type", "physical_id"), [("Create", f"{NAME}/not-started"), ("Delete", "id-1")])
def test_a_bug_is_answered_and_told_in_the_log(
    side: LambdaSide,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    request_type: str,
    physical_id: str,
) -> None:
    """It must not hold the stack until it times out."""
    monkeypatch.setattr(side.world.builders, "describe", lambda name: 1 / 0)

    answer = side.run(event(request_type, physical_id=None if request_type == "Create" else "id-1", OnDelete="STOP"))

    reason = "internal error ZeroDivisionError. Report it with the function's log."
    assert ("FAILED", physical_id) == (answer["Status"], answer["PhysicalResourceId"])
    assert answer["Reason"].endswith(reason)
    assert "ZeroDivisionError: division by zero" in caplog.text
    assert f"{NAME if request_type == 'Create' else 'id-1'}: FAILED: {answer['Reason']}" in caplog.messages
    assert [f"{NAME if request_type == 'Create' else 'id-1'}: internal error"] == [
        record.getMessage() for record in caplog.records if record.exc_info
    ]


def test_a_bug_after_the_start_leaves_an_id_that_tells_of_it(
    side: LambdaSide, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The Delete that follows stops the builder."""
    world.put("STOPPED")
    world.clock.later(10, lambda: monkeypatch.setattr(world.builders, "describe", lambda name: 1 / 0))

    assert (NAME, "FAILED") == (side.run(event())["PhysicalResourceId"], side.answers[0]["Status"])


def test_a_bug_in_the_hand_over_is_answered(side: LambdaSide, world: World) -> None:
    """As any other."""
    side.limit = 60
    world.put("PENDING")
    side.invoke_errors = [RuntimeError("any")]

    assert "internal error RuntimeError." in side.run(event())["Reason"]


def test_a_request_type_that_nobody_knows_is_a_failure_with_a_reason(side: LambdaSide) -> None:
    """CloudFormation has three."""
    answer = side.run({**event(), "RequestType": "Import"})

    assert "FAILED" == answer["Status"]
    assert "_import_func" in answer["Reason"]


def test_a_failure_never_goes_out_without_a_reason(side: LambdaSide) -> None:
    """CloudFormation refuses one: even an exception without a text gets words."""
    side.function._relay.create(raise_nothing_said)

    answer = side.run(event())

    assert ("FAILED", "Image builder: internal error. See its log.") == (answer["Status"], answer["Reason"])


def raise_nothing_said(*_: object) -> str:
    """Fail without a word."""
    raise KeyboardInterruptLike


class KeyboardInterruptLike(Exception):
    """An exception without a text."""


def test_one_process_serves_many_requests(side: LambdaSide, world: World) -> None:
    """Nothing of a request is left for the next one."""
    world.put("RUNNING")
    for sent in (event(), event("Delete"), event(Name="no name"), event("Update")):
        side.deliver(sent)

    assert ["SUCCESS", "SUCCESS", "FAILED", "SUCCESS"] == [answer["Status"] for answer in side.answers]
    assert [NAME, NAME, f"{LOGICAL_ID}/not-started", NAME] == [answer["PhysicalResourceId"] for answer in side.answers]
    assert [True, False, False, True] == [bool(answer["Data"]) for answer in side.answers]
    assert ["", "", side.answers[2]["Reason"], ""] == [answer["Reason"] for answer in side.answers]


def test_a_failure_carries_no_data(side: LambdaSide, world: World) -> None:
    """Nothing reads it."""
    world.put("FAILED")

    assert {} == side.run(event())["Data"]


@pytest.mark.parametrize("request_type", ["Create", "Update"])
def test_the_id_of_a_failure(side: LambdaSide, world: World, request_type: str) -> None:
    """An existing resource keeps its id; a new one's says that nothing was started."""
    world.put("FAILED", name="builder-2")

    answer = side.run(event(request_type, Name="builder-2", physical_id=None if request_type == "Create" else NAME))

    assert (NAME if request_type == "Update" else "builder-2/not-started") == answer["PhysicalResourceId"]


@pytest.mark.parametrize("function_arn", ["", "provider", "arn:aws:lambda"])
def test_a_strange_function_arn_is_no_reason_to_fail(side: LambdaSide, world: World, function_arn: str) -> None:
    """It only serves to name a builder's ARN in messages: what it does not tell is left out."""
    side.function_arn = function_arn
    world.put("STOPPED")
    world.fault("access_denied", "Start")

    partition = "aws" if ":" in function_arn else ""
    assert f"Resource: arn:{partition}:appstream:::image-builder/{NAME}" in side.run(event())["Reason"]


def test_a_call_that_failed_outside_of_any_lifecycle_is_raised(side: LambdaSide, world: World) -> None:
    """A hand-over that stays refused ends in an answer, never in an exception of Lambda's."""
    side.limit = 60
    world.put("PENDING")
    side.invoke_errors = [CallFailed(Trouble.DENIED, action="a:B", code="C", detail="d") for _ in range(99)]

    assert "FAILED" == side.run(event())["Status"]
    assert 0 == side.deaths
