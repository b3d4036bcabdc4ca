"""The goal "stopped": what each look at the builder means for a Delete that stops it; makes no calls."""

from running_image_builder_function.errors import CallFailed, Trouble
from running_image_builder_function.goal import Goal, Step
from running_image_builder_function.image_builder import ImageBuilder
from running_image_builder_function.states import STOPPED, STOPPING, Meaning, row


class EnsureStopped(Goal):
    """Stop the builder as soon as it can be stopped; one that is gone, failed or being deleted needs no stop."""

    wanted = STOPPED

    def step(self, builder: ImageBuilder | None, *, now: float) -> Step:
        """Return the next step after a look at the builder."""
        step = self._look(builder, now=now)
        unwanted = step is Step.DONE and self.request.schedule and not self.journey.unscheduled
        return Step.UNSCHEDULE if unwanted else step

    def _look(self, builder: ImageBuilder | None, *, now: float) -> Step:
        journey = self.journey
        journey.last_state = "" if builder is None else builder.state
        if builder is None:
            return Step.DONE
        meaning = row(builder.state).to_stop
        if meaning is Meaning.REACHED:
            return Step.DONE
        if meaning is Meaning.WAIT:
            journey.busy_since = None
            # A stop whose answer was lost is known to have been taken only where STOPPING is seen.
            journey.moved = journey.moved or (bool(journey.acted) and (journey.certain or builder.state == STOPPING))
            return Step.WAIT
        if not journey.acted:
            return Step.STOP
        if journey.moved:
            # Somebody started it after this stop. That start is not this request's to undo.
            return Step.DONE
        if self.believes_lag(now=now):
            return Step.WAIT
        if journey.certain:
            raise self.failed(
                "the stop was accepted, but it still runs", "Stop it in the AppStream console, then delete again."
            )
        return Step.STOP

    def refused(self, step: Step, error: CallFailed, *, now: float) -> None:
        """Take in a stop that failed; a builder that is gone is seen at the next look."""
        if error.trouble is not Trouble.NOT_FOUND:
            super().refused(step, error, now=now)
