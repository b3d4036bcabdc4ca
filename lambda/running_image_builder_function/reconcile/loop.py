"""Describes the builder, decides, acts and waits, until the desired state is reached or the invocation must end."""

from dataclasses import dataclass

from running_image_builder_function.model.errors import AwsCallError, ErrorKind, RequestCancelled, RequestEnded
from running_image_builder_function.reconcile.backoff import Backoff
from running_image_builder_function.reconcile.desired_state import SCHEDULE_STEPS, DesiredState, Step
from running_image_builder_function.reconcile.ports import Calls, ProgressLog
from running_image_builder_function.reconcile.stack_checks import StackChecks
from running_image_builder_function.reconcile.states import Action, rule
from running_image_builder_function.reconcile.stop_schedule_steps import change_schedule
from running_image_builder_function.timing import (
    CANCELLATION_CHECK_INTERVAL,
    DESCRIPTION_MAX_AGE,
    EXTRA_CALL_DELAY,
    Clock,
)


def cancelled(desired: DesiredState, status: str) -> RequestCancelled:
    """Return the end of a request that CloudFormation no longer waits for, by the status that shows it."""
    context = desired.context
    may_run = context.starts.maybe_by_other_delivery and rule(context.builder.state).when_stopping is not Action.REACHED
    alone = status.startswith("DELETE_") or status.endswith("_FAILED")
    started = context.starts.made or may_run
    remedy = "Stop the builder if it should not run." if started and alone else "No action is needed."
    return RequestCancelled(str(desired.failed(f"CloudFormation no longer waits for this request ({status})", remedy)))


@dataclass(kw_only=True)
class Reconciler:
    """Works towards a desired state until it is reached or this invocation must end.

    Args:
        desired: The desired state, with the request and its callback context.
        calls: The calls about the builder and its scheduled stop.
        checks: The checks of the stack, made before each change and once a minute.
        clock: The time.
        ends_at: When this invocation must end, in seconds since the epoch.
        backoff: How long to pause.
        log: The log.
    """

    desired: DesiredState
    calls: Calls
    checks: StackChecks
    clock: Clock
    ends_at: float
    backoff: Backoff
    log: ProgressLog
    _step: Step = Step.WAIT
    _described_at: float = 0.0
    _checked_at: float = 0.0
    _retries_start: bool = False
    _last_error: AwsCallError | None = None
    _last_error_state: str | None = None

    def run(self) -> bool:
        """Return whether the desired state is reached; else another invocation must go on.

        Raises:
            RequestEnded: The desired state can't be reached within the request's timeout, or nobody waits for it.
        """
        desired, clock = self.desired, self.clock
        # A self-invoked one checks at once: where a function's limit is below a minute, no other ever would.
        checks_at_once = desired.context.invocation > 1 or clock.time() >= self.checks.check_from
        self._checked_at = float("-inf") if checks_at_once else clock.time()
        schedule_steps = 0
        while True:
            describes = not self._retries_start or clock.time() - self._described_at >= DESCRIPTION_MAX_AGE
            self._retries_start = accepted = False
            try:
                if describes:
                    self._describe()
                if self._step is Step.DONE:
                    return True
                if self._may_act():
                    if self._step in SCHEDULE_STEPS:
                        self._change_schedule()
                        schedule_steps += 1
                        if schedule_steps < len(SCHEDULE_STEPS):
                            continue
                    else:
                        accepted = self._change_builder()
            except AwsCallError as error:
                if self._is_enough_after(error):
                    return True
            now = clock.time()
            if now >= desired.deadline:
                if desired.is_enough(now=now):
                    return True
                raise desired.timed_out(self._last_error)
            if now >= self.ends_at:
                return False
            delay = self.backoff.delay() + (EXTRA_CALL_DELAY if describes and accepted else 0.0)
            schedule_steps = 0
            clock.sleep(min(delay, desired.longest_pause, desired.deadline - now, self.ends_at - now))

    def _describe(self) -> None:
        """Describe the builder, and take the next step from what it shows."""
        desired = self.desired
        self._step = Step.WAIT
        asked_at = self.clock.time()
        describes = desired.needs_description
        builder = self.calls.builders.describe(desired.request.name) if describes else None
        self._described_at = self.clock.time()
        try:
            self._step = desired.observe(builder, asked_at=asked_at, now=self._described_at)
        finally:
            if describes:
                self.log.observed(desired, now=self._described_at)
        self.backoff.on_success()
        # A refused start or stop explains a missed deadline for as long as the builder stays in that state.
        if desired.context.builder.state != self._last_error_state:
            self._last_error = None

    def _may_act(self) -> bool:
        """Return whether the step may be taken now; check first whether CloudFormation still waits for it."""
        acts = self._step is not Step.WAIT and self._has_time()
        rollback_waited = self._checked_at < self.desired.rollback_waits_until <= self.clock.time()
        if acts or rollback_waited or self._is_check_due():
            self._check_cancellation(retry_until=min(self.desired.deadline, self.ends_at) if acts else 0.0)
            # That has taken time as well.
            acts = acts and self._has_time()
        return acts

    def _has_time(self) -> bool:
        """Return whether there is time for a call that hangs, before the next invocation must take over."""
        return self.clock.time() < min(self.desired.deadline, self.ends_at)

    def _is_check_due(self) -> bool:
        now = self.clock.time()
        return now - self._checked_at >= CANCELLATION_CHECK_INTERVAL or self._checked_at < self.checks.check_from <= now

    def _check_cancellation(self, *, retry_until: float = 0.0) -> None:
        """Raise the end of a request that isn't waited for, or that has waited long enough in a rollback.

        Args:
            retry_until: Until when a check that fails may be repeated, in seconds since the epoch.
        """
        desired = self.desired
        now = self._checked_at = self.clock.time()
        # First what can take its time: what follows is done only for a request that is waited for at that moment.
        has_waited = desired.rollback_waits_until <= now and self.checks.is_rollback()
        if status := self.checks.cancelled_by(retry_until=retry_until):
            raise cancelled(desired, status)
        if has_waited and rule(desired.context.builder.state).when_starting is Action.WAIT:
            raise desired.failed("it is still in transition", "See the builder in the AppStream console.")
        if has_waited:
            raise desired.failed("its transition did not end in RUNNING", "Start it if it should run.")

    def _change_schedule(self) -> None:
        now = self.clock.time()
        said = change_schedule(self.desired, self._step, schedules=self.calls.schedules, now=now)
        self._remember(None, self.desired.context.builder.state)
        self.log.log(self.desired, said, now=self.clock.time())

    def _change_builder(self) -> bool:
        """Start or stop the builder; return whether AppStream accepted it."""
        desired, step = self.desired, self._step
        name = desired.request.name
        try:
            if step is Step.START:
                self.calls.builders.start(name, desired.request.agent_version)
            else:
                self.calls.builders.stop(name)
        except AwsCallError as error:
            self.log.log(desired, str(error), now=self.clock.time())
            if error.kind in (ErrorKind.THROTTLED, ErrorKind.UNAVAILABLE, ErrorKind.BUSY):
                self.backoff.on_failure()
            desired.change_failed(step, error, now=self.clock.time())
            self._retries_start = error.kind is ErrorKind.THROTTLED and step is Step.START
            self._remember(error, desired.context.builder.state)
            return False
        self.backoff.on_success()
        desired.change_accepted(step, now=self.clock.time())
        self.log.log(desired, f"{step.value} accepted", now=self.clock.time())
        self._remember(None, desired.context.builder.state)
        return True

    def _is_enough_after(self, error: AwsCallError) -> bool:
        """Take in a failed description, check or schedule step; return whether what was seen before is enough."""
        desired = self.desired
        schedules = self._step in SCHEDULE_STEPS
        self._remember(error, desired.context.builder.state if schedules else None)
        self.backoff.on_failure()
        self.log.log(desired, str(error), now=self.clock.time())
        try:
            if desired.is_enough(now=self.clock.time()):
                return True
            if schedules:
                desired.schedule_failed(error, now=self.clock.time())
            else:
                desired.describe_failed(error, now=self.clock.time())
            if self._is_check_due():
                self._check_cancellation()
        except AwsCallError as unknown:
            self.log.log(desired, str(unknown), now=self.clock.time())
        except RequestEnded:
            # No later description will succeed: what is enough at the deadline is enough now.
            if not desired.is_enough(now=self.clock.time(), is_last=True):
                raise
            return True
        return False

    def _remember(self, error: AwsCallError | None, state: str | None) -> None:
        """Keep the last error for the message about a missed deadline."""
        self._last_error = error
        self._last_error_state = state
