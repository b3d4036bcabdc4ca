"""Reads a custom resource's part of a stack's latest operation from the stack's events; makes no calls."""

from collections.abc import Iterable, Mapping
from typing import Any

from appstream_image_builder_cli.observation import Deploy
from appstream_image_builder_cli.stack_template import Located

_STACK = "AWS::CloudFormation::Stack"
_BEGINNINGS = ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS")
_IN_PROGRESS = "_IN_PROGRESS"


def latest_deploy(events: Iterable[Mapping[str, Any]], located: Located) -> Deploy | None:
    """Return the latest operation; None where the stack has no events.

    A failure is what it shows where there was one: the rollback that follows is its consequence.

    Args:
        events: As DescribeStackEvents answers them, the newest first; read as far as needed.
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
    turn = _turn(own)
    last = turn[-1] if turn else {}
    over = bool(turn) and not last["ResourceStatus"].endswith(_IN_PROGRESS)
    return Deploy(
        stack_name=name,
        stack_status=status,
        logical_id=located.logical_id,
        status=last.get("ResourceStatus", ""),
        reason=last.get("ResourceStatusReason") or "",
        began_at=turn[0]["Timestamp"].timestamp() if turn else None,
        ended_at=last["Timestamp"].timestamp() if over else None,
        timeout=located.timeout,
    )


def _turn(own: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the events of the turn that failed, else those of the last one: from its beginning to its end.

    An operation brings a resource several turns where it is rolled back, or replaced after a rename.
    """
    turns: list[list[Mapping[str, Any]]] = []
    for event in own:
        status = str(event["ResourceStatus"])
        before = str(turns[-1][-1]["ResourceStatus"]) if turns else ""
        continues = before.endswith(_IN_PROGRESS) and before.split("_")[0] == status.split("_")[0]
        if continues:
            turns[-1].append(event)
        else:
            turns.append([event])
    failed = [turn for turn in turns if str(turn[-1]["ResourceStatus"]).endswith("_FAILED")]
    changed = [turn for turn in turns if not str(turn[0]["ResourceStatus"]).startswith("DELETE")]
    return (failed or changed or turns or [[]])[-1 if not failed else 0]
