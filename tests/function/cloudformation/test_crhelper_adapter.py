"""The adapter of crhelper: which of its features remain."""

import importlib
import logging
import os
import pkgutil
import threading
from typing import Any

import boto3
import crhelper
import pytest
from crhelper import CfnResource

from running_image_builder_function.cloudformation.crhelper_adapter import (
    SILENCED_LOGGERS,
    CrhelperResource,
    needs_response,
)
from support.lambda_harness import LOGICAL_ID, RESPONSE_URL, STACK_ID, FakeContext, event
from support.virtual_time import VirtualClock


class Sent(list[tuple[str, dict[str, Any]]]):
    """What was sent."""

    def __call__(self, url: str, body: dict[str, Any]) -> None:
        """Take a response."""
        self.append((url, body))


def resource(sent: Sent, handle: Any, **options: Any) -> CrhelperResource:
    """Return a resource with one handler for everything."""
    made = CrhelperResource(log_level=options.get("log_level", "INFO"), send=sent)
    for register in (made.create, made.update, made.delete):
        register(handle)
    return made


def context() -> FakeContext:
    """Return any context."""
    return FakeContext(VirtualClock())


@pytest.mark.parametrize("request_type", ["Create", "Update", "Delete"])
def test_what_the_handler_returns_is_the_physical_id(request_type: str) -> None:
    """The response is crhelper's body, to the request's URL, at once."""
    sent = Sent()

    resource(sent, lambda *_: "id-1")(event(request_type), context())

    assert [
        (
            RESPONSE_URL,
            {
                "Status": "SUCCESS",
                "PhysicalResourceId": "id-1",
                "StackId": STACK_ID,
                "RequestId": "request-1",
                "LogicalResourceId": LOGICAL_ID,
                "Reason": "",
                "Data": {},
                "NoEcho": False,
            },
        )
    ] == sent


def test_data_is_the_requests_own() -> None:
    """Nothing of an earlier request is left in it."""
    sent = Sent()
    attributes = iter([{"a": "1"}, {}])

    def handle(*_: Any) -> str:
        made.Data.update(next(attributes))
        return "id-1"

    made = resource(sent, handle)
    made(event(), context())
    made(event(), context())

    assert [{"a": "1"}, {}] == [body["Data"] for _, body in sent]


def test_an_exception_is_a_failure_with_its_text() -> None:
    """The id that was set before goes with it."""
    sent = Sent()

    def handle(*_: Any) -> str:
        made.PhysicalResourceId = "id-1"
        raise ValueError("why")

    made = resource(sent, handle)
    made(event(), context())

    assert [("FAILED", "why", "id-1")] == [
        (body["Status"], body["Reason"], body["PhysicalResourceId"]) for _, body in sent
    ]


def test_a_failure_of_crhelpers_own_is_sent_as_well() -> None:
    """With a status and a reason that aren't the handler's."""
    sent = Sent()

    made = resource(sent, lambda *_: "id-1")
    made.init_failure(ValueError("why"))
    made(event(), context())

    assert [("FAILED", "why")] == [(body["Status"], body["Reason"]) for _, body in sent]


def test_a_self_invocation_sends_no_response() -> None:
    """The next invocation responds; so does the next request of the same process."""
    sent = Sent()
    continues_elsewhere = iter([True, False])

    def handle(*_: Any) -> str:
        if next(continues_elsewhere):
            made.send_no_response()
        return "id-1"

    made = resource(sent, handle)
    made(event(), context())
    between = len(sent)
    made(event(), context())

    assert (0, 1) == (between, len(sent))


def test_no_timer_responds_in_the_functions_place() -> None:
    """Crhelper's "Execution timed out" is never what a user reads."""
    running: list[threading.Thread] = []

    def handle(*_: Any) -> str:
        running.extend(threading.enumerate())
        return "id-1"

    before = threading.enumerate()
    resource(Sent(), handle)(event(), context())

    assert before == running


def test_a_delete_does_not_sleep() -> None:
    """Crhelper's default is two minutes; nothing here moves the clock."""
    made = resource(Sent(), lambda *_: "id-1")

    assert 0 == vars(made)["_sleep_on_delete"]


@pytest.mark.parametrize("before", [None, "any"])
def test_no_client_is_made_for_a_polling_that_is_not_used(monkeypatch: pytest.MonkeyPatch, before: str | None) -> None:
    """They would cost a third of a cold start; the environment is as before."""
    made: list[str] = []
    monkeypatch.setattr(boto3, "client", lambda service, **_: made.append(service))
    if before is None:
        monkeypatch.delenv("AWS_SAM_LOCAL", raising=False)
    else:
        monkeypatch.setenv("AWS_SAM_LOCAL", before)

    resource(Sent(), lambda *_: "id-1")

    assert [] == made
    assert before == os.environ.get("AWS_SAM_LOCAL")


def test_crhelpers_own_construction_would_make_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without this, the test before would prove nothing."""
    made: list[str] = []
    monkeypatch.setattr(boto3, "client", lambda service, **_: made.append(service))
    monkeypatch.delenv("AWS_SAM_LOCAL", raising=False)

    CfnResource()

    assert ["lambda", "events", "logs"] == made


@pytest.mark.parametrize("log_level", ["DEBUG", "INFO", "ERROR"])
def test_the_log_level_is_the_one_that_was_set(log_level: str) -> None:
    """Boto's loggers write errors only: their DEBUG lines are whole payloads."""
    resource(Sent(), lambda *_: "id-1", log_level=log_level)(event(), context())

    assert logging.getLevelName(log_level) == logging.getLogger().level
    assert {logging.ERROR} == {logging.getLogger(name).level for name in ("boto", "boto3", "botocore", "urllib3")}


@pytest.mark.parametrize("name", SILENCED_LOGGERS)
def test_crhelpers_loggers_are_silent(name: str, caplog: pytest.LogCaptureFixture) -> None:
    """They write whole events, and every failure a second time."""
    resource(Sent(), lambda *_: "id-1")
    logging.getLogger(name).critical("any")

    assert [] == caplog.records


def test_the_silent_loggers_are_all_that_crhelper_has() -> None:
    """A new one in a new version fails this test."""
    modules = [importlib.import_module(f"crhelper.{module.name}") for module in pkgutil.iter_modules(crhelper.__path__)]

    assert set(SILENCED_LOGGERS) == {module.logger.name for module in modules if hasattr(module, "logger")}


def test_cloudformations_events_can_be_responded_to() -> None:
    """All that a response needs is in them."""
    assert needs_response(event())


@pytest.mark.parametrize("key", ["RequestType", "ResponseURL", "StackId", "RequestId", "LogicalResourceId"])
@pytest.mark.parametrize("value", [None, "", 7, {}])
def test_an_incomplete_event_gets_no_response(key: str, value: object) -> None:
    """Missing, empty, or no text."""
    assert not needs_response({**event(), key: value})
    assert not needs_response({k: v for k, v in event().items() if k != key})
