"""The goal of a Delete that leaves the builder: a scheduled stop stays for as long as there is something to stop."""

from running_image_builder_function.errors import CallFailed, RequestFailed, Trouble
from running_image_builder_function.goal import Goal, Step
from running_image_builder_function.image_builder import ImageBuilder
from running_image_builder_function.states import STOPPING, Meaning, row


class LeftAlone(RequestFailed):
    """The Delete of a create that has started nothing, by a role that may not look at what there is: a success."""


class EnsureEnded(Goal):
    """Keep the schedule of a builder that is left running; delete it where the builder does not run any more.

    With STOP a builder is left only where the create has started nothing: it was somebody else's then, and no schedule
    stays, since the scheduler's role does not outlive the resource.
    """

    wanted = "rid of its scheduled stop"

    def step(self, builder: ImageBuilder | None, *, now: float) -> Step:
        """Return the next step after a look at the builder."""
        state = "" if builder is None else builder.state
        self.journey.last_state = state
        ends = builder is None or state == STOPPING or row(state).to_stop is Meaning.REACHED
        unwanted = ends or self.request.stop_on_delete
        return Step.UNSCHEDULE if unwanted and not self.journey.unscheduled else Step.DONE

    def failed_call(self, error: CallFailed) -> RequestFailed:
        """Return the failure for a call that cannot succeed.

        What is denied to the Delete of a failed create was most likely why the create failed. The stack must go all the
        same: a roll-back that fails is worse than a schedule that, if there is one, ends by itself.
        """
        failure = super().failed_call(error)
        hopeless = error.trouble is Trouble.DENIED and not self.request.started_here
        return LeftAlone(str(failure)) if hopeless else failure
