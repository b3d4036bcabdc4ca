"""The goal "running": what each look at the builder means for a Create or an Update; makes no calls."""

from running_image_builder_function import contract
from running_image_builder_function.model.errors import RequestFailed
from running_image_builder_function.model.image_builder import ImageBuilder
from running_image_builder_function.model.stop_schedule import moment
from running_image_builder_function.reconcile.desired_state import LAG, QUIET_RESERVE, Goal, Step
from running_image_builder_function.reconcile.states import RUNNING, STARTING, STOPPED, STOPPING, Meaning, row

ADDRESS_PATIENCE = 300.0
"""Seconds for which a running builder in a VPC may be without its address before the answer goes out without it."""

ROLL_BACK_PATIENCE = 300.0
"""Seconds for which a roll-back waits for a builder that is on its way by somebody else's doing, most often that of the
request which is rolled back: that one has waited before, and twice its timeout would be lost otherwise."""

_CLOCKS_APART = 30.0
"""Seconds by which AppStream's clock and this one may differ, and a call be under way."""

FALL_PAUSE = LAG + 20.0
"""Seconds after somebody else's failed start before this request makes its own. If it was of the same request,
delivered twice at once, the other invocation has found out by then, and the look at the stack says so."""


class EnsureRunning(Goal):
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
        request, journey = self.request, self.journey
        if (request.schedule or request.dropped) and not journey.held:
            return Step.HOLD
        if request.schedule and step is Step.START and not journey.provided:
            return Step.PROVIDE
        return Step.UNSCHEDULE if request.dropped and step is Step.DONE and not journey.unscheduled else step

    def _look(self, builder: ImageBuilder | None, *, now: float) -> Step:
        if builder is None:
            return self._missing(now=now)
        self._runs = self._lacks_address = False
        journey = self.journey
        before, journey.last_state = journey.last_state, builder.state
        meaning = row(builder.state).to_run
        self._learn(builder, before=before, now=now)
        if meaning is not Meaning.REACHED:
            journey.running_since = journey.stops_at = None
        if meaning is Meaning.FAIL:
            raise self._broken(builder)
        if before in STARTING and builder.state in (STOPPED, STOPPING) and journey.acted != Step.START.value:
            # Somebody else's start, or this request's own where Lambda delivered it before: then it is not repeated.
            if journey.late or journey.has_twin:
                raise self._fell_back(builder)
            journey.fell_at = now
        if journey.acted == Step.START.value and builder.state in (STOPPED, STOPPING):
            return self._after_start(builder, now=now)
        if journey.acted and builder.state != (STOPPED if journey.acted == Step.START.value else RUNNING):
            journey.moved = True
        if meaning is Meaning.REACHED:
            return self._running(builder, now=now)
        if meaning is Meaning.ACT:
            # A killed invocation left no memory of its start, but AppStream dates its errors: one that is younger than
            # the request is that start's failure, and a second start would only repeat it.
            if not journey.restarted and self._complained(builder):
                raise self._fell_back(builder)
            if journey.fell_at is not None and now - journey.fell_at < FALL_PAUSE:
                return Step.WAIT
            journey.complained_at = builder.newest_error
            return Step.START
        for kind in (Step.START.value, Step.STOP.value):
            journey.refused_since.pop(kind, None)
        return Step.WAIT

    def _missing(self, *, now: float) -> Step:
        """Return WAIT at first: the builder may be there at the next look, and whoever does not see it forgets it."""
        if self.is_first_miss(now=now):
            return Step.WAIT
        self.journey.last_state = ""
        raise self.failed(f"not found in {self.region}", "Give the name of a builder there, or deploy to its Region.")

    def _learn(self, builder: ImageBuilder, *, before: str, now: float) -> None:
        """Remember what a look tells of the time before this request, and of what other deliveries of it may do."""
        journey = self.journey
        if not before and not journey.late and journey.complained_at is None:
            journey.complained_at = builder.newest_error
        # An earlier delivery may have started it, whatever it is now; without one, what is on its way, or appears.
        appeared = builder.state == RUNNING and before in (STOPPED, STOPPING)
        if journey.acted != Step.START.value and (builder.state in STARTING or appeared or journey.late):
            journey.may_have_started = True
        if journey.acted:
            journey.between_since = None
        elif row(builder.state).to_run is Meaning.WAIT:
            # From the first time on: one that comes and goes is waited for no longer than one that stays.
            journey.between_since = journey.between_since or now

    def _complained(self, builder: ImageBuilder) -> bool:
        """Return whether AppStream has recorded an error of the builder's since this request began."""
        journey = self.journey
        return builder.newest_error > max(journey.began_at, journey.complained_at or 0.0)

    @property
    def outwaits_at(self) -> float:
        """When a roll-back has waited long enough for what it found on its way by somebody else's doing."""
        since = self.journey.between_since
        if since is None or self.journey.last_state == RUNNING:
            return super().outwaits_at
        return since + ROLL_BACK_PATIENCE

    def is_enough(self, *, now: float) -> bool:
        """Return whether the builder ran as asked for at the last look, with no more to come but its address."""
        scheduled = not self.request.schedule or self.journey.stops_at is not None
        if not self._runs or not scheduled or now < (self._address_due() if self._lacks_address else self.deadline):
            return False
        if self._lacks_address:
            self.leave_behind(_NO_ADDRESS)
        return True

    @property
    def missing(self) -> str:
        """What has not come about: for a builder that runs, what was to be done about its scheduled stop."""
        journey = self.journey
        if journey.last_state == RUNNING and self.request.schedule and journey.stops_at is None:
            return "its stop is not scheduled"
        if journey.last_state == RUNNING and self.request.dropped and not journey.unscheduled:
            return "its scheduled stop is not deleted"
        return super().missing

    def data(self, builder: ImageBuilder | None) -> dict[str, str]:
        """Return the builder's attributes, and when it will be stopped; "" for all that is not known."""
        stops_at = self.journey.stops_at
        told = "" if stops_at is None else f"{moment(stops_at)}Z"
        known = builder or ImageBuilder({"Name": self.request.name})
        return {**known.attributes(), contract.SCHEDULED_STOP_TIME: told}

    def _after_start(self, builder: ImageBuilder, *, now: float) -> Step:
        journey = self.journey
        # Where the start was over between two looks, AppStream's dated errors tell it from a stale description.
        newest = builder.newest_error
        failed = newest > max(journey.complained_at or 0.0, journey.acted_at - _CLOCKS_APART)
        if journey.moved or failed:
            raise self._fell_back(builder)
        if self.may_be_stale(now=now):
            return Step.WAIT
        if journey.certain or builder.state == STOPPING:
            raise self._fell_back(builder)
        return Step.START

    def _running(self, builder: ImageBuilder, *, now: float) -> Step:
        journey = self.journey
        if journey.running_since is None:
            journey.running_since = now
        if self._agent_differs(builder):
            if journey.acted == Step.STOP.value and not journey.moved:
                if self.may_be_stale(now=now):
                    return Step.WAIT
                if journey.certain:
                    raise self.failed("the stop for the agent update was accepted, but it still runs", _LOOK)
                return Step.STOP
            if self.request.restart_to_update_agent and not journey.did_start and not journey.restarted:
                return Step.STOP
            raise self._wrong_agent(builder)
        if now < min(journey.quiet_until, self.deadline - QUIET_RESERVE):
            return Step.WAIT
        self._runs, self._lacks_address = True, builder.awaits_address
        if self.request.schedule and journey.stops_at is None:
            # The look that follows must find it RUNNING still: a stop of before could have been on its way.
            return Step.SCHEDULE
        if builder.awaits_address:
            if now < self._address_due():
                return Step.WAIT
            self.leave_behind(_NO_ADDRESS)
        return Step.DONE

    def _address_due(self) -> float:
        """Return until when a running builder's address is waited for.

        Not beyond the deadline: a builder that runs is a success, with or without its address.
        """
        return min((self.journey.running_since or 0.0) + ADDRESS_PATIENCE, self.deadline)

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
        if self.journey.did_start:
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
