"""EventBridge Scheduler in virtual time behind the function's own interface: its schedules, and what they stop."""

from functools import partial

from running_image_builder_function.model.errors import AwsCallError, ErrorKind
from running_image_builder_function.model.stop_schedule import ScheduledStop, StopSchedule
from support.fake_appstream import NAME, FakeAppStream

SCHEDULE = {
    "StopAfterSeconds": "900",
    "ScheduleName": "stop-1",
    "SchedulerRoleArn": "arn:aws:iam::123456789012:role/scheduler",
}
"""The properties of a resource whose builder ends a quarter of an hour after it is RUNNING."""


def refusal(kind: ErrorKind, code: str = "Code") -> AwsCallError:
    """Return how a call about a schedule fails."""
    return AwsCallError(kind, action="scheduler:CreateSchedule", code=code, detail="no", resource="schedule/x")


class FakeSchedules:
    """The three calls of the function.

    Attributes:
        due_at: For when each schedule is set, by its name.
        builders: What each of them stops.
        descriptions: What each of them says of itself.
        changed: What somebody else has made of a schedule, by its name; a call of the function's puts it right.
        calls: Every call that was not refused: what was called, of which schedule.
        errors: What the next calls meet, whichever they are.
        moments: Every moment that was asked for, in order, in seconds since the world began.
    """

    def __init__(self, appstream: FakeAppStream) -> None:
        self._world = appstream
        self.due_at: dict[str, float] = {}
        self.builders: dict[str, str] = {}
        self.descriptions: dict[str, str] = {}
        self.changed: dict[str, ScheduledStop] = {}
        self.calls: list[tuple[str, str]] = []
        self.errors: list[AwsCallError] = []
        self.moments: list[float] = []

    def find(self, name: str) -> ScheduledStop | None:
        """Return what a schedule does; one that a test has set stops the builder of the test."""
        self._called("find", name)
        if name not in self.due_at:
            return self.changed.get(name)
        description = self.descriptions.get(name, "")
        return ScheduledStop.described(description, at=self.due_at[name], builder=self.builders.get(name, NAME))

    def put(self, schedule: StopSchedule, stop: ScheduledStop) -> None:
        """Make or move a schedule, which stops a running builder then and is gone."""
        self._called("put", schedule.name)
        at = stop.at
        assert at is not None
        self.due_at[schedule.name], self.builders[schedule.name] = at, stop.builder
        self.descriptions[schedule.name] = stop.description
        self.moments.append(at - self._world.began_at)
        self._world.clock.later(at - self._world.clock.now, partial(self._fire, schedule.name, at))

    def remove(self, name: str) -> None:
        """Delete a schedule."""
        self._called("remove", name)
        self.due_at.pop(name, None)

    def _called(self, what: str, name: str) -> None:
        if self.errors:
            raise self.errors.pop(0)
        self.calls.append((what, name))

    def _fire(self, name: str, at: float) -> None:
        if self.due_at.get(name) == at:
            if self._world.state(self.builders[name]) == "RUNNING":
                self._world.builders.stop(self.builders[name])
            del self.due_at[name]
