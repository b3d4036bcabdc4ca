"""The desired state of a Create or Update: RUNNING."""

from running_image_builder_function import contract
from running_image_builder_function.model.errors import AwsCallError, ErrorKind, RequestFailed
from running_image_builder_function.model.image_builder import ImageBuilder
from running_image_builder_function.model.stop_schedule import moment
from running_image_builder_function.reconcile.desired_state import DesiredState, Step
from running_image_builder_function.reconcile.states import RUNNING, STARTING, STOPPED, STOPPING, Action, rule
from running_image_builder_function.reconcile.stop_schedule_steps import may_arrive_until
from running_image_builder_function.timing import (
    ADDRESS_WAIT,
    CLOCK_SKEW,
    OTHER_START_COOLDOWN,
    REDELIVERED_AFTER,
    ROLLBACK_WAIT,
    SCHEDULING_RESERVE,
    SECOND_DESCRIPTION,
)

_NO_REASON = "no reason given"
_NO_ADDRESS = "it runs, but AppStream shows no address yet: the attribute is empty"
_SEE_CONSOLE = "See the builder in the AppStream console, then deploy again."


class EnsureRunning(DesiredState):
    """Start the builder once if it is stopped; done when it is RUNNING."""

    wanted = RUNNING
    schedules_stop = True
    """Whether a running builder's stop is scheduled; until then, a fallback stop is enough."""

    def next_step(self, builder: ImageBuilder | None, *, now: float) -> Step:
        """Return the next step after a description of the builder."""
        due_at = self.context.schedule.due_at
        if due_at is not None:
            # What this request has scheduled itself comes due while it waits for another start.
            self.stop_may_come(until=may_arrive_until(due_at, now=now))
        step = self._decide(builder, now=now)
        first = self._before(step)
        observation = self.context.builder
        # A stop that was scheduled before is only looked for again.
        goes_on = first is step or (first is Step.POSTPONE_STOP and self.context.schedule.stops_at is not None)
        observation.is_running = observation.is_running and goes_on
        return first

    def _before(self, step: Step) -> Step:
        """Return what comes before a step.

        An earlier stop must not meet what this request does. A schedule that isn't wanted any more is deleted last,
        since it is the fallback until then.
        """
        request, schedule = self.request, self.context.schedule
        if (request.schedule or request.dropped) and not schedule.postponed:
            return Step.POSTPONE_STOP
        if request.schedule and self._needs_fallback(step):
            return Step.SET_FALLBACK_STOP
        return Step.CANCEL_STOP if request.dropped and step is Step.DONE and not schedule.cancelled else step

    def _needs_fallback(self, step: Step) -> bool:
        """Return whether a fallback stop must be set before a step.

        No start goes without one, and no builder that is found starting waits without one: that start may be another
        request's, whose resource asks for no stop any more.
        """
        schedule = self.context.schedule
        if step is Step.START and schedule.due_at is not None and schedule.due_at < self.deadline:
            # Its stop after RUNNING, which another delivery may have scheduled, would meet the start.
            return True
        waits = step is Step.WAIT and (self.context.builder.state in STARTING or schedule.due_at is not None)
        ends_without_stop = step is Step.DONE and not self.schedules_stop
        return (step is Step.START or waits or ends_without_stop) and not schedule.has_fallback

    def _decide(self, builder: ImageBuilder | None, *, now: float) -> Step:
        if builder is None:
            return self._missing()
        context = self.context
        context.builder.attributes = builder.attributes()
        context.builder.is_running = context.builder.lacks_address = False
        before, context.builder.state = context.builder.state, builder.state
        if builder.state in STARTING:
            context.builder.contradicted_since = None
        action = rule(builder.state).when_starting
        self._learn(builder, before=before, now=now)
        if action is not Action.REACHED:
            if context.schedule.stops_at is not None:
                # It runs no more: that stop must not meet the next start.
                context.schedule.has_fallback = False
            context.builder.running_since = context.schedule.stops_at = None
        if action is Action.FAIL:
            raise self._broken(builder)
        last_call, fell_back = context.last_call, builder.state in (STOPPED, STOPPING)
        started = last_call.step == Step.START.value
        if before in STARTING and fell_back and not started:
            context.builder.other_start_failed_at = now
        if started and fell_back:
            return self._after_start(builder, now=now)
        may_be_own = context.redelivered or context.starts.has_other_delivery
        if fell_back and may_be_own and context.builder.other_start_failed_at is not None:
            # Somebody else's start, or another delivery's of this request: that one isn't repeated. A rollback that has
            # gone on with a failed rename's builder comes back to this.
            raise self._start_failed(builder)
        if last_call.step and builder.state != (STOPPED if started else RUNNING):
            last_call.took_effect = True
        if action is Action.REACHED:
            return self._running(builder, now=now)
        if action is Action.ACT:
            return self._stopped(builder, now=now)
        for step in (Step.START, Step.STOP):
            context.refused_since.pop(step.value, None)
        return Step.WAIT

    def _missing(self) -> Step:
        """Return WAIT at first: the next description may find it."""
        if self.is_newly_missing:
            return Step.WAIT
        observation = self.context.builder
        observation.state, observation.attributes, observation.is_running = "", {}, False
        raise self.failed(f"not found in {self.region}", "Use the name of a builder there, or deploy to its Region.")

    def _learn(self, builder: ImageBuilder, *, before: str, now: float) -> None:
        """Remember what a description shows of the time before this request, and of its other deliveries."""
        observation, started = self.context.builder, self.context.last_call.step == Step.START.value
        redelivered = self.context.redelivered
        is_first = not before and not redelivered and observation.known_error_at is None
        # Where the first description came late, a newer error can be of another delivery's start.
        if is_first and builder.newest_error_at <= self.context.began_at + REDELIVERED_AFTER:
            observation.known_error_at = builder.newest_error_at
        # An earlier delivery may have started it, whatever it is now; without one, what is starting, or appears.
        appeared = builder.state == RUNNING and before in (STOPPED, STOPPING)
        if not started and (builder.state in STARTING or appeared or redelivered):
            self.context.starts.maybe_by_other_delivery = True
        if self.context.last_call.step:
            observation.in_transition_since = None
        elif rule(builder.state).when_starting is Action.WAIT:
            # From the first time on: one that comes and goes is waited for no longer than one that stays.
            observation.in_transition_since = observation.in_transition_since or now

    def _stopped(self, builder: ImageBuilder, *, now: float) -> Step:
        observation = self.context.builder
        # A killed invocation left no trace of its start, but AppStream dates its errors: one that is newer than the
        # request is that start's failure, and a second start would only repeat it.
        is_new = builder.newest_error_at > max(self.context.began_at, observation.known_error_at or 0.0)
        if is_new and not self.context.starts.restarted:
            raise self._start_failed(builder)
        failed_at = observation.other_start_failed_at
        if failed_at is not None and now - failed_at < OTHER_START_COOLDOWN:
            return Step.WAIT
        observation.known_error_at = builder.newest_error_at
        return Step.START

    def _after_start(self, builder: ImageBuilder, *, now: float) -> Step:
        last_call, known = self.context.last_call, self.context.builder.known_error_at or 0.0
        # Where a start failed between two descriptions, AppStream's dated errors tell that from a stale description.
        failed = builder.newest_error_at > max(known, last_call.at - CLOCK_SKEW)
        if failed or (last_call.took_effect and not self._may_be_an_old_description(now=now)):
            raise self._start_failed(builder)
        if last_call.took_effect:
            return Step.WAIT
        if self.may_be_stale(now=now):
            return Step.WAIT
        if last_call.confirmed or builder.state == STOPPING:
            raise self._start_failed(builder)
        return Step.START

    def _may_be_an_old_description(self, *, now: float) -> bool:
        """Return whether a description that contradicts an accepted start may be older than the start.

        One description may come from a part of AppStream that lags behind; it is believed if a second one says the
        same.
        """
        observation = self.context.builder
        observation.contradicted_since = observation.contradicted_since or now
        return self.may_be_stale(now=now) and now - observation.contradicted_since < SECOND_DESCRIPTION

    def _running(self, builder: ImageBuilder, *, now: float) -> Step:
        schedule, observation = self.context.schedule, self.context.builder
        if observation.running_since is None:
            observation.running_since = now
        if self._agent_differs(builder):
            return self._restart(builder, now=now)
        if now < min(schedule.earlier_stop_until, self.deadline - SCHEDULING_RESERVE):
            return Step.WAIT
        observation.is_running, observation.lacks_address = True, builder.awaits_address
        if self.request.schedule and schedule.stops_at is None and self.schedules_stop:
            # The next description must still find it RUNNING: an earlier stop could have been under way.
            return Step.SCHEDULE_STOP
        if builder.awaits_address:
            if now < self._address_due():
                return Step.WAIT
            self.warn(_NO_ADDRESS)
        return Step.DONE

    def _restart(self, builder: ImageBuilder, *, now: float) -> Step:
        """Return the next step for a running builder with another agent."""
        last_call, starts = self.context.last_call, self.context.starts
        if last_call.step == Step.STOP.value and not last_call.took_effect:
            if self.may_be_stale(now=now):
                return Step.WAIT
            if last_call.confirmed:
                raise self.failed("the stop for the agent update was accepted, but it still runs", _SEE_CONSOLE)
            return Step.STOP
        if self.request.restart_to_update_agent and not starts.made and not starts.restarted:
            return Step.STOP
        if starts.made and self._may_be_an_old_description(now=now):
            return Step.WAIT
        if self.request.schedule and not self.context.schedule.postponed:
            # The schedule comes first: it shows whether an earlier request of this resource may have started it.
            return Step.WAIT
        raise self._wrong_agent(builder)

    def _agent_differs(self, builder: ImageBuilder) -> bool:
        """Return whether AppStream reports another agent than requested; what it leaves open is no difference."""
        wanted = self.request.agent_version
        if wanted is None:
            return False
        if wanted == contract.LATEST:
            return builder.has_latest_agent is False
        return bool(builder.agent_version) and builder.agent_version != wanted

    def _address_due(self) -> float:
        """Return until when a running builder's address is waited for.

        Not beyond the deadline: a builder that runs is a success, with or without its address.
        """
        return min((self.context.builder.running_since or 0.0) + ADDRESS_WAIT, self.deadline)

    def schedule_failed(self, error: AwsCallError, *, now: float) -> None:
        """Take in a step of ``SCHEDULE_STEPS`` that failed; returning means: try again."""
        sets = error.action in ("scheduler:CreateSchedule", "scheduler:UpdateSchedule")
        if sets and error.kind is ErrorKind.BUSY and self.context.builder.state in (STOPPED, STOPPING):
            # Who else sets the resource's schedule is another delivery, which goes on to its start.
            self.context.starts.maybe_by_other_delivery = True
        super().schedule_failed(error, now=now)

    @property
    def rollback_waits_until(self) -> float:
        """When a rollback has waited long enough for a transition that this request didn't cause."""
        since = self.context.builder.in_transition_since
        if since is None or self.context.builder.state == RUNNING:
            return super().rollback_waits_until
        return since + ROLLBACK_WAIT

    def is_enough(self, *, now: float, is_last: bool = False) -> bool:
        """Return whether the builder last ran as requested, with only its address still to come."""
        observation = self.context.builder
        schedule = self.context.schedule
        scheduled = not self.request.schedule or (schedule.stops_at is not None and now < schedule.stops_at)
        due = self._address_due() if observation.lacks_address else self.deadline
        if not observation.is_running or not scheduled or (now < due and not is_last):
            return False
        if observation.lacks_address:
            self.warn(_NO_ADDRESS)
        return True

    @property
    def unmet(self) -> str:
        """What isn't reached: for a running builder, what was to be done about its scheduled stop."""
        schedule = self.context.schedule
        if self.context.builder.state == RUNNING and self.request.schedule and schedule.stops_at is None:
            return "its stop is not scheduled"
        if self.context.builder.state == RUNNING and schedule.stops_at is not None:
            return "not described again before its scheduled stop"
        if self.context.builder.state == RUNNING and self.request.dropped and not schedule.cancelled:
            return "its scheduled stop is not deleted"
        return super().unmet

    def attributes(self) -> dict[str, str]:
        """Return the builder's attributes, and when it will be stopped; "" for all that isn't known."""
        stops_at = self.context.schedule.stops_at
        known = self.context.builder.attributes or ImageBuilder({"Name": self.request.name}).attributes()
        stop_time = "" if stops_at is None else f"{moment(stops_at)}Z"
        return {**known, contract.SCHEDULED_STOP_TIME: stop_time}

    def _wrong_agent(self, builder: ImageBuilder) -> RequestFailed:
        has = builder.agent_version or "an older one"
        cause = f"it runs agent {has}, but {self.request.agent_version} was requested"
        if self.context.starts.made:
            return self.failed(f"started, but {cause}", "Request a version that AppStream offers.")
        return self.failed(cause, "Set restart_to_update_agent, or stop it and deploy again.")

    def _broken(self, builder: ImageBuilder) -> RequestFailed:
        if builder.state == "DELETING":
            return self.failed("it is being deleted", "Use the name of a builder that stays.")
        remedy = "Delete it and create it again, then deploy again."
        return self.failed("it cannot be started", remedy, f"AWS: {builder.error_text() or _NO_REASON}")

    def _start_failed(self, builder: ImageBuilder) -> RequestFailed:
        # AppStream keeps the errors of earlier starts, which don't explain this one.
        said = builder.error_text(since=self.context.began_at - CLOCK_SKEW)
        remedy = "Fix the problem that AWS reports, then deploy again." if said else _SEE_CONSOLE
        return self.failed("the start failed", remedy, f"AWS: {said or _NO_REASON}")
