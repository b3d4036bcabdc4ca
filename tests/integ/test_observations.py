"""What the second integration case makes of logs, events and a dead-letter queue."""

import importlib
import json
from datetime import datetime, timezone
from typing import Any

import pytest

from support.paths import PROJECT_DIR


@pytest.fixture
def observations(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return the module."""
    monkeypatch.syspath_prepend(str(PROJECT_DIR / "tools"))
    return importlib.import_module("integ_observations")


def event(second: float, elapsed: float, message: str = "state PENDING", invocation: int = 1) -> dict[str, str]:
    """Return a log event as CloudWatch Logs has it."""
    stamp = datetime.fromtimestamp(second, tz=timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    line = {"timestamp": stamp, "elapsedSeconds": elapsed, "invocation": invocation, "message": message}
    return {"message": json.dumps(line)}


def test_lines_are_put_together_by_the_moment_of_their_request(observations: Any) -> None:
    """The log has no X-Amz-Date, but each line's moment and the seconds since it; other lines are left out."""
    events = [
        event(1030.0, 30.04, "later", invocation=2),
        {"message": "START RequestId: 1"},
        {"message": '{"_aws": {}}'},
        event(1012.2, 2.2, "another request"),
        event(1003.1, 3.1),
    ]

    first, second = observations.requests_of(observations.lines_of(events))

    assert (1000.0, 1010.0) == (round(first.issued_at, 1), round(second.issued_at, 1))
    assert ["state PENDING", "later"] == [line.message for line in first.lines]
    assert (2, 1) == (first.invocations, second.invocations)


def test_the_issue_date_is_compared_with_what_cloudformation_tells(observations: Any) -> None:
    """Each request with the nearest beginning; one that is far off is a wrong assumption."""

    def told(second: float, status: str, kind: str = "Custom::It", **more: str) -> dict[str, Any]:
        at = datetime.fromtimestamp(second, tz=timezone.utc)
        return {"Timestamp": at, "ResourceStatus": status, "ResourceType": kind, **more}

    events = [
        told(1012.0, "UPDATE_IN_PROGRESS"),
        told(1001.0, "CREATE_IN_PROGRESS", ResourceStatusReason="Resource creation Initiated"),
        told(1000.4, "CREATE_IN_PROGRESS"),
        told(1005.0, "CREATE_COMPLETE"),
        told(999.0, "CREATE_IN_PROGRESS", kind="AWS::Lambda::Function"),
    ]
    begun = observations.begun(events, "Custom::It")
    requests = observations.requests_of(observations.lines_of([event(1001, 1.0), event(1013, 1.5)]))

    assert [1000.4, 1012.0] == begun
    finding = observations.issue_dates(requests, begun)
    assert ("LastUpdatedTimestamp is later by +0.4 s, +0.5 s", True) == (finding.seen, finding.holds)
    assert False is observations.issue_dates(requests, [1000.4, 1040.0]).holds
    assert None is observations.issue_dates([], begun).holds


def test_every_other_finding_knows_right_wrong_and_not_seen(observations: Any) -> None:
    """None of them claims what nobody saw."""
    [request] = observations.requests_of(observations.lines_of([event(1001, 1.0), event(1300, 300.0, invocation=3)]))
    [short] = observations.requests_of(observations.lines_of([event(1001, 1.0)]))

    assert [True, False, None] == [each.holds for each in map(observations.self_invocations, (request, short, None))]
    assert [True, False, False, None] == [
        observations.address_delay(*given).holds for given in ((10, 70), (10, 400), (10, None), (None, None))
    ]
    assert [True, False, False] == [observations.scheduled_stop(100, at).holds for at in (130, 900, None)]


def test_a_cancelled_update_is_read_from_two_requests(observations: Any) -> None:
    """When the second was issued, and how the first one ended."""
    said = "FAILED: CloudFormation no longer waits for this request (UPDATE_IN_PROGRESS)."
    events = [event(1001, 1.0), event(1065, 65.0, said), event(1053, 1.0), event(1090, 38.0, "SUCCESS: RUNNING")]
    cancelled, back = observations.requests_of(observations.lines_of(events))

    at_once, ends = observations.cancelled_update(cancelled, back, cancelled_at=1050.0)

    assert (True, "+2 s, first invocation until +15 s") == (at_once.holds, at_once.seen)
    assert (True, f"+15 s: {said}") == (ends.holds, ends.seen)
    assert [None, None] == [each.holds for each in observations.cancelled_update(cancelled, None, cancelled_at=1.0)]
    started = observations.requests_of(observations.lines_of([event(1001, 1.0), event(1065, 65.0, "started")]))[0]
    assert False is observations.cancelled_update(started, back, cancelled_at=1050.0)[1].holds


def test_a_dead_letter_tells_of_the_tries(observations: Any) -> None:
    """By the attributes that the scheduler gives it."""

    def letter(retries: str) -> dict[str, Any]:
        attributes = {"RETRY_ATTEMPTS": retries, "ERROR_CODE": "AppStream.ResourceNotFoundException"}
        return {"MessageAttributes": {key: {"StringValue": value} for key, value in attributes.items()}}

    none, some = observations.refused_target([letter("0")]), observations.refused_target([letter("3")])
    assert ("0 retries of AppStream.ResourceNotFoundException", True) == (none.seen, none.holds)
    assert False is some.holds
    assert None is observations.refused_target([]).holds


def test_the_table_has_a_line_for_each_assumption(observations: Any) -> None:
    """Wrong ones in capitals."""
    findings = [
        observations.Finding("a is b", "b", True),
        observations.Finding("c", "d", False),
        observations.Finding("e", "not seen", None),
    ]

    assert [
        "assumption  holds  seen",
        "a is b      yes    b",
        "c           NO     d",
        "e           ?      not seen",
    ] == observations.table(findings).splitlines()
