"""Reads a custom resource's part of a stack's latest operation from the stack's events."""

from collections.abc import Iterable, Mapping
from typing import Any

from appstream_image_builder_cli.observation import Deploy
from appstream_image_builder_cli.stack_template import Located

_STACK = "AWS::CloudFormation::Stack"
_BEGINNINGS = ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS")
_IN_PROGRESS = "_IN_PROGRESS"


def latest_deploy(events: Iterable[Mapping[str, Any]], located: Located) -> Deploy | None:
    """Return the latest operation; None if the stack has no events.

    If the resource failed, this is its failure, not the rollback that follows.

    Args:
        events: From DescribeStackEvents, the newest first; read as far as needed.
        located: The custom resource.
    """
    own: list[Mapping[str, Any]] = []
    name = status = ""
    for event in events:
        if event["LogicalResourceId"] == located.logical_id:
            own.insert(0, event)
        elif event["ResourceType"] == _STACK and event.get("PhysicalResourceId") == event["StackId"]:
            name, status = name or event["StackName"], status or event["ResourceStatus"]
            if event["ResourceStatus"] in _BEGINNINGS:
                break
    if not name:
        return None
    attempt = _attempt(own)
    last = attempt[-1] if attempt else {}
    over = bool(attempt) and not last["ResourceStatus"].endswith(_IN_PROGRESS)
    return Deploy(
        stack_name=name,
        stack_status=status,
        logical_id=located.logical_id,
        status=last.get("ResourceStatus", ""),
        reason=last.get("ResourceStatusReason") or "",
        began_at=attempt[0]["Timestamp"].timestamp() if attempt else None,
        ended_at=last["Timestamp"].timestamp() if over else None,
        timeout=located.timeout,
    )


def _attempt(own: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the events of the attempt that failed, else those of the last one.

    An operation has several attempts at a resource that is rolled back, or replaced after a rename.
    """
    attempts: list[list[Mapping[str, Any]]] = []
    for event in own:
        status = str(event["ResourceStatus"])
        before = str(attempts[-1][-1]["ResourceStatus"]) if attempts else ""
        continues = before.endswith(_IN_PROGRESS) and before.split("_")[0] == status.split("_")[0]
        if continues:
            attempts[-1].append(event)
        else:
            attempts.append([event])
    failed = [attempt for attempt in attempts if str(attempt[-1]["ResourceStatus"]).endswith("_FAILED")]
    changed = [attempt for attempt in attempts if not str(attempt[0]["ResourceStatus"]).startswith("DELETE")]
    return (failed or changed or attempts or [[]])[-1 if not failed else 0]
