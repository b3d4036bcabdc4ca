"""How long an operation took, by a stack's events."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from appstream_local.cli.stack_events import seconds_of_last_operation

STACK_ID = "arn:aws:cloudformation:us-east-1:000000000000:stack/Stack/1"


def stack_event(second: float, status: str, *, resource: str = STACK_ID) -> dict[str, Any]:
    """Return an event of a stack, or of a stack nested in it."""
    return {
        "StackId": STACK_ID,
        "PhysicalResourceId": resource,
        "ResourceType": "AWS::CloudFormation::Stack",
        "ResourceStatus": status,
        "Timestamp": datetime(2026, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=second),
    }


def test_the_newest_operation_counts() -> None:
    """An update from its start to its end, without the create before it."""
    events = [
        stack_event(12.5, "UPDATE_COMPLETE"),
        stack_event(12.0, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"),
        stack_event(10.0, "UPDATE_IN_PROGRESS"),
        stack_event(9.0, "CREATE_COMPLETE"),
        stack_event(0.0, "CREATE_IN_PROGRESS"),
    ]

    assert 2.5 == seconds_of_last_operation(events)


def test_nested_stacks_do_not_count() -> None:
    """Only the stack's own events are its start and its end."""
    nested = "arn:aws:cloudformation:us-east-1:000000000000:stack/Nested/2"
    events = [
        stack_event(9.0, "CREATE_COMPLETE"),
        stack_event(8.0, "CREATE_COMPLETE", resource=nested),
        stack_event(7.0, "CREATE_IN_PROGRESS", resource=nested),
        stack_event(0.0, "CREATE_IN_PROGRESS"),
    ]

    assert 9.0 == seconds_of_last_operation(events)


def test_a_running_operation_has_no_duration() -> None:
    """There is nothing to measure yet."""
    with pytest.raises(ValueError, match="no finished operation"):
        seconds_of_last_operation([stack_event(0.0, "CREATE_IN_PROGRESS")])
