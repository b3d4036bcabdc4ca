"""Drives the second integration case: a scheduled stop, a start over several invocations, a cancelled update.

It knows neither credentials nor the CDK CLI: both come from outside, so that the tests run it on the local engine.
"""

import json
import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from typing import Any

import integ_observations as observations
from integ_observations import Finding

STACK = "RunningImageBuilderIntegChanges"
NAME = "integ-changes"
NO_BUILDER = "integ-no-such-builder"
RESOURCE_TYPE = "Custom::AppStreamRunningImageBuilder"
SCHEDULE = "integ-refused-target"

HOUR = 3600.0
LOG_SETTLES = 360.0
"""Seconds that a cancelled request may need to end: its function's limit, and a while for its log to arrive."""

Client = Callable[[str], Any]
Deploy = Callable[[str], Mapping[str, str]]


class CaseFailed(Exception):
    """Something did not come about in time; the text is one line for a person."""


class SecondCase:
    """One run of the case.

    Args:
        client: Returns a boto3 client of a service.
        deploy: Deploys the stack as of a step and returns its outputs, none where the deploy failed.
        pause: Waits between two looks; gets what is due next, in seconds since the epoch, 0.0 for nothing.
        now: The time, in seconds since the epoch.
        log_settles: Seconds that a cancelled request may need to end.
    """

    def __init__(
        self,
        *,
        client: Client,
        deploy: Deploy,
        pause: Callable[[float], None],
        now: Callable[[], float] = time.time,
        log_settles: float = LOG_SETTLES,
    ) -> None:
        self._appstream = client("appstream")
        self._cloudformation = client("cloudformation")
        self._logs = client("logs")
        self._scheduler = client("scheduler")
        self._queues = client("sqs")
        self._deploy = deploy
        self._pause = pause
        self._now = now
        self._log_settles = log_settles
        self._log_group = ""

    def run(self) -> list[Finding]:
        """Run every step and return what was seen.

        Raises:
            CaseFailed: A step did not come about; nothing can be said of the others.
        """
        outputs = self._deployed("1")
        self._log_group = outputs["LogGroup"]
        self._schedule_in_vain(outputs)
        found = [self._scheduled_stop(observations.moment(outputs["ScheduledStopTime"]))]
        found += self._long_start()
        found += self._cancelled_update()
        found.append(self._issue_dates())
        found.append(observations.refused_target(self._refused(outputs)))
        return found

    def _deployed(self, step: str) -> Mapping[str, str]:
        outputs = self._deploy(step)
        if not outputs:
            raise CaseFailed(f"step {step} could not be deployed: see above")
        return outputs

    def _scheduled_stop(self, scheduled_for: float) -> Finding:
        """Watch the builder until it is STOPPED."""
        until = scheduled_for + 600
        self._until(lambda: self._state() != "RUNNING", due=scheduled_for, until=until)
        stopping_at = self._now() if self._state() != "RUNNING" else None
        self._must(lambda: self._state() == "STOPPED", "the builder is STOPPED", seconds=1200)
        return observations.scheduled_stop(scheduled_for, stopping_at)

    def _long_start(self) -> list[Finding]:
        """Let an update start the builder, and see when it is RUNNING and when it has an address."""
        began, seen = self._now(), dict[str, float]()
        over = threading.Event()

        def watch() -> None:
            while not over.wait(2):
                builder = self._builder()
                if builder.get("State") == "RUNNING":
                    seen.setdefault("running", self._now())
                    if (builder.get("NetworkAccessConfiguration") or {}).get("EniPrivateIpAddress"):
                        seen.setdefault("address", self._now())

        watching = threading.Thread(target=watch, daemon=True)
        watching.start()
        try:
            self._deployed("2")
            self._until(lambda: "address" in seen, until=self._now() + 300)
        finally:
            over.set()
            watching.join()
        request = next(iter(self._requests(since=began)), None)
        return [
            observations.self_invocations(request),
            observations.address_delay(seen.get("running"), seen.get("address")),
        ]

    def _cancelled_update(self) -> list[Finding]:
        """Cancel an update once it has started the builder."""
        self._appstream.stop_image_builder(Name=NAME)
        self._must(lambda: self._state() == "STOPPED", "the builder is STOPPED", seconds=1200)
        began = self._now()
        update = threading.Thread(target=self._deploy, args=["3"], daemon=True)
        update.start()
        self._must(lambda: self._state() == "PENDING", "the update has started the builder", seconds=900)
        # Then the roll-back's Update isn't of the same second, and the log can tell the two apart.
        self._until(lambda: False, until=self._now() + 3)
        cancelled_at = self._now()
        self._cloudformation.cancel_update_stack(StackName=STACK)
        self._must(lambda: self._status() == "UPDATE_ROLLBACK_COMPLETE", "the update is rolled back", seconds=HOUR)
        update.join(600)

        def said() -> bool:
            first = next(iter(self._requests(since=began)), None)
            return first is not None and "no longer waits" in first.lines[-1].message

        self._until(said, until=self._now() + self._log_settles)
        requests = [*self._requests(since=began), None, None]
        return observations.cancelled_update(requests[0], requests[1], cancelled_at=cancelled_at)

    def _issue_dates(self) -> Finding:
        pages = self._cloudformation.get_paginator("describe_stack_events").paginate(StackName=STACK)
        events = [event for page in pages for event in page["StackEvents"]]
        return observations.issue_dates(self._requests(), observations.begun(events, RESOURCE_TYPE))

    def _requests(self, *, since: float = 0.0) -> list[observations.Request]:
        """Return what the log has of the requests that were issued since a moment."""
        events: list[Mapping[str, Any]] = []
        for page in self._logs.get_paginator("filter_log_events").paginate(logGroupName=self._log_group):
            events += page["events"]
        found = observations.requests_of(observations.lines_of(events))
        return [each for each in found if each.issued_at >= since - observations.SAME_REQUEST]

    def _schedule_in_vain(self, outputs: Mapping[str, str]) -> None:
        """Schedule a stop of no builder, which AppStream answers with a 4xx."""
        role = outputs["RefusingRoleArn"]
        partition = role.split(":")[1]
        at = datetime.fromtimestamp(self._now() + 120, tz=timezone.utc)
        self._scheduler.create_schedule(
            Name=SCHEDULE,
            ScheduleExpression=f"at({at:%Y-%m-%dT%H:%M:%S})",
            FlexibleTimeWindow={"Mode": "OFF"},
            ActionAfterCompletion="DELETE",
            Target={
                "Arn": f"arn:{partition}:scheduler:::aws-sdk:appstream:stopImageBuilder",
                "RoleArn": role,
                "Input": json.dumps({"Name": NO_BUILDER}),
                "DeadLetterConfig": {"Arn": outputs["RefusedQueueArn"]},
                "RetryPolicy": {"MaximumRetryAttempts": 3, "MaximumEventAgeInSeconds": 3600},
            },
        )

    def _refused(self, outputs: Mapping[str, str]) -> list[Mapping[str, Any]]:
        """Return what the scheduler has put into the dead-letter queue."""
        answer = self._queues.receive_message(
            QueueUrl=outputs["RefusedQueueUrl"], MessageAttributeNames=["All"], WaitTimeSeconds=5
        )
        return list(answer.get("Messages", []))

    def _builder(self) -> Mapping[str, Any]:
        found = self._appstream.describe_image_builders(Names=[NAME])["ImageBuilders"]
        return dict(found[0]) if found else {}

    def _state(self) -> str:
        return str(self._builder().get("State", ""))

    def _status(self) -> str:
        return str(self._cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]["StackStatus"])

    def _until(self, condition: Callable[[], bool], *, until: float, due: float = 0.0) -> bool:
        """Wait until something is so, or until a moment; return whether it is."""
        while not condition():
            if self._now() > until:
                return False
            self._pause(due)
        return True

    def _must(self, condition: Callable[[], bool], what: str, *, seconds: float) -> None:
        if not self._until(condition, until=self._now() + seconds):
            raise CaseFailed(f"not within {seconds / 60:.0f} minutes: {what}")


def remove_schedule(client: Client) -> None:
    """Delete the schedule, which is not the stack's, where it is still there."""
    scheduler = client("scheduler")
    if SCHEDULE in [each["Name"] for each in scheduler.list_schedules(NamePrefix=SCHEDULE)["Schedules"]]:
        scheduler.delete_schedule(Name=SCHEDULE)
