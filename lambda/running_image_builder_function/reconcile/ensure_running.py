"""The goal "running": what each look at the builder means for a Create or an Update; makes no calls."""

from running_image_builder_function import contract
from running_image_builder_function.model.errors import RequestFailed
from running_image_builder_function.model.image_builder import ImageBuilder
from running_image_builder_function.model.stop_schedule import moment
from running_image_builder_function.reconcile.desired_state import (
    CONSISTENCY_WINDOW,
    SCHEDULING_RESERVE,
    DesiredState,
    Step,
)
from running_image_builder_function.reconcile.states import RUNNING, STARTING, STOPPED, STOPPING, Action, row

ADDRESS_WAIT = 300.0
"""Seconds for which a running builder in a VPC may be without its address before the answer goes out without it."""

ROLLBACK_WAIT = 300.0
"""Seconds for which a roll-back waits for a builder that is on its way by somebody else's doing, most often that of the
request which is rolled back: that one has waited before, and twice its timeout would be lost otherwise."""

_CLOCKS_APART = 30.0
"""Seconds by which AppStream's clock and this one may differ, and a call be under way."""

OTHER_START_COOLDOWN = CONSISTENCY_WINDOW + 20.0
"""Seconds after somebody else's failed start before this request makes its own. If it was of the same request,
delivered twice at once, the other invocation has found out by then, and the look at the stack says so."""


class EnsureRunning(DesiredState):
    """Start the builder if it is stopped, once, and be done when it is RUNNING."""

    wanted = RUNNING
    _runs = False
    _lacks_address = False

    def step(self, builder: ImageBuilder | None, *, now: float) -> Step:
        """Return the next step after a look at the builder."""
        step = self._look(builder, now=now)
        first = self._before(step)
        self._runs = self._runs and first is step
        return first

    def _before(self, step: Step) -> Step:
        """Return what comes before a step.

        A stop of before must not meet what this request does, no start goes without an end, should nobody come back to
        schedule the real one, and a schedule that is not wanted any more goes last: until then it is that end.
        """
        request, context = self.request, self.context
        if (request.schedule or request.dropped) and not context.held:
            return Step.POSTPONE_STOP
        if request.schedule and step is Step.START and not context.provided:
            return Step.SET_FALLBACK_STOP
        return Step.CANCEL_STOP if request.dropped and step is Step.DONE and not context.unscheduled else step

    def _look(self, builder: ImageBuilder | None, *, now: float) -> Step:
        if builder is None:
            return self._missing(now=now)
        self._runs = self._lacks_address = False
        context = self.context
        before, context.last_state = context.last_state, builder.state
        meaning = row(builder.state).when_starting
        self._learn(builder, before=before, now=now)
        if meaning is not Action.REACHED:
            context.running_since = context.stops_at = None
        if meaning is Action.FAIL:
            raise self._broken(builder)
        if before in STARTING and builder.state in (STOPPED, STOPPING) and context.acted != Step.START.value:
            # Somebody else's start, or this request's own where Lambda delivered it before: then it is not repeated.
            if context.late or context.has_twin:
                raise self._fell_back(builder)
            context.fell_at = now
        if context.acted == Step.START.value and builder.state in (STOPPED, STOPPING):
            return self._after_start(builder, now=now)
        if context.acted and builder.state != (STOPPED if context.acted == Step.START.value else RUNNING):
            context.moved = True
        if meaning is Action.REACHED:
            return self._running(builder, now=now)
        if meaning is Action.ACT:
            # A killed invocation left no memory of its start, but AppStream dates its errors: one that is younger than
            # the request is that start's failure, and a second start would only repeat it.
            if not context.restarted and self._complained(builder):
                raise self._fell_back(builder)
            if context.fell_at is not None and now - context.fell_at < OTHER_START_COOLDOWN:
                return Step.WAIT
            context.complained_at = builder.newest_error
            return Step.START
        for kind in (Step.START.value, Step.STOP.value):
            context.refused_since.pop(kind, None)
        return Step.WAIT

    def _missing(self, *, now: float) -> Step:
        """Return WAIT at first: the builder may be there at the next look, and whoever does not see it forgets it."""
        if self.is_first_miss(now=now):
            return Step.WAIT
        self.context.last_state = ""
        raise self.failed(f"not found in {self.region}", "Give the name of a builder there, or deploy to its Region.")

    def _learn(self, builder: ImageBuilder, *, before: str, now: float) -> None:
        """Remember what a look tells of the time before this request, and of what other deliveries of it may do."""
        context = self.context
        if not before and not context.late and context.complained_at is None:
            context.complained_at = builder.newest_error
        # An earlier delivery may have started it, whatever it is now; without one, what is on its way, or appears.
        appeared = builder.state == RUNNING and before in (STOPPED, STOPPING)
        if context.acted != Step.START.value and (builder.state in STARTING or appeared or context.late):
            context.may_have_started = True
        if context.acted:
            context.between_since = None
        elif row(builder.state).when_starting is Action.WAIT:
            # From the first time on: one that comes and goes is waited for no longer than one that stays.
            context.between_since = context.between_since or now

    def _complained(self, builder: ImageBuilder) -> bool:
        """Return whether AppStream has recorded an error of the builder's since this request began."""
        context = self.context
        return builder.newest_error > max(context.began_at, context.complained_at or 0.0)

    @property
    def outwaits_at(self) -> float:
        """When a roll-back has waited long enough for what it found on its way by somebody else's doing."""
        since = self.context.between_since
        if since is None or self.context.last_state == RUNNING:
            return super().outwaits_at
        return since + ROLLBACK_WAIT

    def is_enough(self, *, now: float) -> bool:
        """Return whether the builder ran as asked for at the last look, with no more to come but its address."""
        scheduled = not self.request.schedule or self.context.stops_at is not None
        if not self._runs or not scheduled or now < (self._address_due() if self._lacks_address else self.deadline):
            return False
        if self._lacks_address:
            self.leave_behind(_NO_ADDRESS)
        return True

    @property
    def missing(self) -> str:
        """What has not come about: for a builder that runs, what was to be done about its scheduled stop."""
        context = self.context
        if context.last_state == RUNNING and self.request.schedule and context.stops_at is None:
            return "its stop is not scheduled"
        if context.last_state == RUNNING and self.request.dropped and not context.unscheduled:
            return "its scheduled stop is not deleted"
        return super().missing

    def data(self, builder: ImageBuilder | None) -> dict[str, str]:
        """Return the builder's attributes, and when it will be stopped; "" for all that is not known."""
        stops_at = self.context.stops_at
        told = "" if stops_at is None else f"{moment(stops_at)}Z"
        known = builder or ImageBuilder({"Name": self.request.name})
        return {**known.attributes(), contract.SCHEDULED_STOP_TIME: told}

    def _after_start(self, builder: ImageBuilder, *, now: float) -> Step:
        context = self.context
        # Where the start was over between two looks, AppStream's dated errors tell it from a stale description.
        newest = builder.newest_error
        failed = newest > max(context.complained_at or 0.0, context.acted_at - _CLOCKS_APART)
        if context.moved or failed:
            raise self._fell_back(builder)
        if self.may_be_stale(now=now):
            return Step.WAIT
        if context.certain or builder.state == STOPPING:
            raise self._fell_back(builder)
        return Step.START

    def _running(self, builder: ImageBuilder, *, now: float) -> Step:
        context = self.context
        if context.running_since is None:
            context.running_since = now
        if self._agent_differs(builder):
            if context.acted == Step.STOP.value and not context.moved:
                if self.may_be_stale(now=now):
                    return Step.WAIT
                if context.certain:
                    raise self.failed("the stop for the agent update was accepted, but it still runs", _LOOK)
                return Step.STOP
            if self.request.restart_to_update_agent and not context.did_start and not context.restarted:
                return Step.STOP
            raise self._wrong_agent(builder)
        if now < min(context.quiet_until, self.deadline - SCHEDULING_RESERVE):
            return Step.WAIT
        self._runs, self._lacks_address = True, builder.awaits_address
        if self.request.schedule and context.stops_at is None:
            # The look that follows must find it RUNNING still: a stop of before could have been on its way.
            return Step.SCHEDULE_STOP
        if builder.awaits_address:
            if now < self._address_due():
                return Step.WAIT
            self.leave_behind(_NO_ADDRESS)
        return Step.DONE

    def _address_due(self) -> float:
        """Return until when a running builder's address is waited for.

        Not beyond the deadline: a builder that runs is a success, with or without its address.
        """
        return min((self.context.running_since or 0.0) + ADDRESS_WAIT, self.deadline)

    def _agent_differs(self, builder: ImageBuilder) -> bool:
        """Return whether AppStream reports another agent than asked for; what it leaves open is no difference."""
        wanted = self.request.agent_version
        if wanted is None:
            return False
        if wanted == contract.LATEST:
            return builder.has_latest_agent is False
        return bool(builder.agent_version) and builder.agent_version != wanted

    def _wrong_agent(self, builder: ImageBuilder) -> RequestFailed:
        has = builder.agent_version or "an older one"
        cause = f"it runs agent {has}, asked for is {self.request.agent_version}"
        if self.context.did_start:
            return self.failed(f"started, but {cause}", "Ask for a version that AppStream offers.")
        return self.failed(cause, "Set restart_to_update_agent, or stop it and deploy again.")

    def _broken(self, builder: ImageBuilder) -> RequestFailed:
        if builder.state == "DELETING":
            return self.failed("it is being deleted", "Give the name of a builder that stays.")
        remedy = "Delete it and create it anew, then deploy again."
        return self.failed("it cannot be started", remedy, f"AWS: {builder.complaint() or _SILENT}")

    def _fell_back(self, builder: ImageBuilder) -> RequestFailed:
        said = builder.complaint()
        remedy = "Mend what AWS names here, then deploy again." if said else _LOOK
        return self.failed("the start failed", remedy, f"AWS: {said or _SILENT}")


_SILENT = "no reason given"
_NO_ADDRESS = "it runs, but AppStream has not told its address: the attribute is empty"
_LOOK = "See the builder in the AppStream console, then deploy again."
