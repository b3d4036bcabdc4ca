"""Which events get a response, and what becomes of the function's bugs."""

from typing import Any

import pytest

from running_image_builder_function.custom_resource.function import SelfInvocationFailed
from running_image_builder_function.model.errors import AwsCallError, ErrorKind
from support.fake_appstream import NAME, FakeAppStream
from support.lambda_harness import LOGICAL_ID, FakeContext, LambdaHarness, event


@pytest.mark.parametrize("garbage", [{}, {"RequestType": "Create"}, {"warm": "up"}, [], None, "any"])
def test_an_event_that_nobody_waits_for_is_an_error(harness: LambdaHarness, garbage: Any) -> None:
    """There is nowhere to respond to; nothing is described."""
    with pytest.raises(ValueError, match=r"^this function handles CloudFormation's custom resource requests only$"):
        harness.function(garbage, FakeContext(harness.appstream.clock))

    assert [] == harness.appstream.calls()
    assert [] == harness.responses


@pytest.mark.parametrize(("request_type", "physical_id"), [("Create", f"{NAME}/not-started"), ("Delete", "id-1")])
def test_a_bug_is_in_the_response_and_in_the_log(
    harness: LambdaHarness,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    request_type: str,
    physical_id: str,
) -> None:
    """It must not hold the stack until it times out."""
    monkeypatch.setattr(harness.appstream.builders, "describe", lambda name: 1 / 0)

    response = harness.run(
        event(request_type, physical_id=None if request_type == "Create" else "id-1", OnDelete="STOP")
    )

    reason = "internal error ZeroDivisionError. Report it with the function's log."
    assert ("FAILED", physical_id) == (response["Status"], response["PhysicalResourceId"])
    assert response["Reason"].endswith(reason)
    assert "ZeroDivisionError: division by zero" in caplog.text
    assert f"{NAME if request_type == 'Create' else 'id-1'}: FAILED: {response['Reason']}" in caplog.messages
    assert [f"{NAME if request_type == 'Create' else 'id-1'}: internal error"] == [
        record.getMessage() for record in caplog.records if record.exc_info
    ]


def test_a_bug_after_the_start_leaves_an_id_that_shows_it(
    harness: LambdaHarness, appstream: FakeAppStream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The Delete that follows stops the builder."""
    appstream.put("STOPPED")
    appstream.clock.later(110, lambda: monkeypatch.setattr(appstream.builders, "describe", lambda name: 1 / 0))

    assert (NAME, "FAILED") == (harness.run(event())["PhysicalResourceId"], harness.responses[0]["Status"])


def test_a_bug_in_the_self_invocation_is_in_the_response(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """As any other."""
    harness.limit = 60
    appstream.put("PENDING")
    harness.invoke_errors = [RuntimeError("any")]

    assert "internal error RuntimeError." in harness.run(event())["Reason"]


def test_a_throttled_self_invocation_ends_in_an_error(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """That is how Lambda knows that it should try again; its text is for the log."""
    appstream.put("PENDING")
    throttled = AwsCallError(ErrorKind.THROTTLED, action="lambda:InvokeFunction", code="Code", detail="any")
    harness.invoke_errors = [throttled] * 99

    with pytest.raises(SelfInvocationFailed, match=r"^Code on lambda:InvokeFunction$"):
        harness.function(event(), FakeContext(appstream.clock, 60))


def test_an_unknown_request_type_fails_with_a_reason(harness: LambdaHarness) -> None:
    """CloudFormation has three."""
    response = harness.run({**event(), "RequestType": "Import"})

    assert "FAILED" == response["Status"]
    assert "_import_func" in response["Reason"]


def test_a_failure_never_goes_out_without_a_reason(harness: LambdaHarness) -> None:
    """CloudFormation refuses one: even an exception without a text gets words."""
    harness.function._resource.create(raise_nothing_said)

    response = harness.run(event())

    assert ("FAILED", "Image builder: internal error. See its log.") == (response["Status"], response["Reason"])


def raise_nothing_said(*_: object) -> str:
    """Fail without a word."""
    raise KeyboardInterruptLike


class KeyboardInterruptLike(Exception):
    """An exception without a text."""


def test_one_process_serves_many_requests(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """Nothing of a request is left for the next one."""
    appstream.put("RUNNING")
    for sent in (event(), event("Delete"), event(Name="no name"), event("Update")):
        harness.deliver(sent)

    assert ["SUCCESS", "SUCCESS", "FAILED", "SUCCESS"] == [response["Status"] for response in harness.responses]
    assert [NAME, NAME, f"{LOGICAL_ID}/not-started", NAME] == [
        response["PhysicalResourceId"] for response in harness.responses
    ]
    assert [True, False, False, True] == [bool(response["Data"]) for response in harness.responses]
    assert ["", "", harness.responses[2]["Reason"], ""] == [response["Reason"] for response in harness.responses]


def test_a_failure_carries_no_data(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """Nothing reads it."""
    appstream.put("FAILED")

    assert {} == harness.run(event())["Data"]


@pytest.mark.parametrize("request_type", ["Create", "Update"])
def test_the_id_of_a_failure(harness: LambdaHarness, appstream: FakeAppStream, request_type: str) -> None:
    """An existing resource keeps its id; a new one's says that nothing was started."""
    appstream.put("FAILED", name="builder-2")

    response = harness.run(
        event(request_type, Name="builder-2", physical_id=None if request_type == "Create" else NAME)
    )

    assert (NAME if request_type == "Update" else "builder-2/not-started") == response["PhysicalResourceId"]


@pytest.mark.parametrize("function_arn", ["", "provider", "arn:aws:lambda"])
def test_a_strange_function_arn_is_no_reason_to_fail(harness: LambdaHarness, function_arn: str) -> None:
    """It only serves to name a builder's ARN in messages: what it doesn't say is left out."""
    harness.function_arn = function_arn
    harness.appstream.put("STOPPED")
    harness.appstream.fault("access_denied", "Start")

    partition = "aws" if ":" in function_arn else ""
    assert f"Resource: arn:{partition}:appstream:::image-builder/{NAME}" in harness.run(event())["Reason"]
