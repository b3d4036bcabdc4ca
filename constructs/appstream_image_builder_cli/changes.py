"""Finds the changes between two observations."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from appstream_image_builder_cli.observation import Observation, timestamp


@dataclass(frozen=True, kw_only=True)
class Change:
    """Something that happened.

    Attributes:
        at: When, in seconds since the epoch; if unknown, when it was observed.
        kind: ``state``, ``deploy``, ``self-invocation``, ``address``, ``note`` or ``end``.
        text: The change, on one line.
    """

    at: float
    kind: str
    text: str

    def document(self, seen: Observation) -> dict[str, Any]:
        """Return the change as plain data, with the state at its observation."""
        deploy = seen.document()["Deploy"] or {}
        return {
            "At": timestamp(self.at),
            "Change": self.kind,
            "Text": self.text,
            "State": seen.state or None,
            "EniPrivateIpAddress": seen.address,
            "ElapsedSeconds": deploy.get("ElapsedSeconds"),
            "RemainingSeconds": deploy.get("RemainingSeconds"),
        }


def changes(before: Observation | None, seen: Observation) -> list[Change]:
    """Return the changes in the order in which they happened; without an earlier observation, everything."""
    found = [*_deploy(before, seen), *_self_invocations(before, seen), *_states(before, seen), *_address(before, seen)]
    known = () if before is None else before.notes
    notes = [Change(at=seen.at, kind="note", text=note) for note in seen.notes if note not in known]
    return [*sorted(found, key=lambda change: change.at), *notes]


def _states(before: Observation | None, seen: Observation) -> Iterator[Change]:
    known = "" if before is None else before.state
    if before is None:
        # The function's log tells what happened before the first observation.
        for line in seen.log:
            if line.state and line.state != known:
                known = line.state
                yield Change(at=line.at, kind="state", text=known)
    if seen.state != known:
        complaint = "" if seen.builder is None or seen.state not in ("FAILED", "STOPPED") else seen.builder.error_text()
        text = seen.state or "not found"
        yield Change(at=seen.at, kind="state", text=f"{text}: {complaint}" if complaint else text)


def _deploy(before: Observation | None, seen: Observation) -> Iterator[Change]:
    deploy, old = seen.deploy, before.deploy if before else None
    if deploy is None:
        return
    where = f"stack {deploy.stack_name}: {deploy.status or deploy.stack_status}"
    if deploy.status == "" and deploy.in_progress and (old is None or not old.in_progress):
        yield Change(at=seen.at, kind="deploy", text=f"{where}, the image builder comes later")
    if deploy.began_at is not None and (old is None or old.began_at != deploy.began_at) and deploy.in_progress:
        limit = "" if deploy.timeout is None else f", may take {minutes(deploy.timeout)}"
        yield Change(at=deploy.began_at, kind="deploy", text=f"{where}{limit}")
    if deploy.ended_at is not None and (old is None or old.ended_at != deploy.ended_at):
        took = deploy.ended_at - (deploy.began_at or deploy.ended_at)
        reason = f": {deploy.reason}" if deploy.failed and deploy.reason else ""
        yield Change(at=deploy.ended_at, kind="deploy", text=f"{where} after {minutes(took)}{reason}")


def _self_invocations(before: Observation | None, seen: Observation) -> Iterator[Change]:
    known = set() if before is None else set(before.log)
    for line in seen.log:
        if line.continues_elsewhere and line not in known:
            following = "a new invocation" if line.invocation is None else f"invocation {line.invocation + 1}"
            yield Change(at=line.at, kind="self-invocation", text=f"continues in {following}")


def _address(before: Observation | None, seen: Observation) -> Iterator[Change]:
    if seen.address and (before is None or before.address != seen.address):
        yield Change(at=seen.at, kind="address", text=f"address {seen.address}")


def minutes(seconds: float) -> str:
    """Return a duration as minutes and seconds."""
    whole = max(0, round(seconds))
    return f"{whole // 60}:{whole % 60:02d}"
