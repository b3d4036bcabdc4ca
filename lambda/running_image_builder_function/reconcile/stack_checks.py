"""Where a request stands with CloudFormation: whether it is waited for, is undone, or has a neighbor."""

import logging
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from running_image_builder_function.model.errors import AwsCallError
from running_image_builder_function.reconcile.callback_context import CallbackContext
from running_image_builder_function.reconcile.ports import ResourceStatus, Stacks
from running_image_builder_function.timing import Clock

STACK_CONSISTENCY_WINDOW = 15.0
"""Seconds for which CloudFormation may tell what was before the request."""

STACK_CHECK_RETRY = 45.0
"""Seconds for which a question is asked again that CloudFormation does not answer."""

_PAUSE = 5.0

_DATE = 1.0
"""Seconds within which a request's date, which is in whole seconds, tells nothing of the order of things."""

_A_MOMENT = 0.5
"""Seconds by which a resource may show a request later than the request says."""

_LATE_STATUS = 10.0
"""The same where nothing speaks against it: AWS documents neither the order of the two nor their distance."""

_UNDATED = 25.0
"""Seconds by which a status must be later than a request without a date: that one begins by Lambda's clock."""

_ENDS = {
    "Create": ("CREATE_COMPLETE", "CREATE_FAILED"),
    "Update": ("DELETE_IN_PROGRESS", "DELETE_COMPLETE", "DELETE_FAILED", "DELETE_SKIPPED"),
    "Delete": ("DELETE_COMPLETE", "DELETE_SKIPPED"),
}
"""The statuses that tell of a request's end even where it has no date: nothing that comes before it leads to them."""

ROLLING_BACK = "UPDATE_ROLLBACK_IN_PROGRESS"
"""The status of a stack whose failed or cancelled update is being undone."""

_Told = TypeVar("_Told")

logger = logging.getLogger("running_image_builder")


class StackChecks:
    """The looks at the stack that one request's decisions ask for.

    CloudFormation tells a waiting function nothing: neither that the stack is deleted or rolled back meanwhile, nor
    that the event was delivered before, hours ago. When asked, it tells the resource's status and since when it has it.
    A status that is later than the request is another request's, or this one's end.

    Args:
        stacks: The calls.
        event: CloudFormation's event.
        journey: The request's memory.
        clock: The time.

    Attributes:
        last_call_at: When no call is begun any more, in seconds since the epoch: an answer is due, and calls can hang.
    """

    def __init__(self, stacks: Stacks, event: Mapping[str, Any], context: CallbackContext, *, clock: Clock) -> None:
        """Keep the parts."""
        self._stacks = stacks
        self._stack_id: str = event["StackId"]
        self._logical_id: str = event["LogicalResourceId"]
        self._kind: str = event["RequestType"]
        self._journey = context
        self._clock = clock
        self.last_call_at = float("inf")

    @property
    def ask_within(self) -> float:
        """Seconds from a request's beginning within which it should be asked for the first time.

        An update asks as soon as the answer can be believed: at its deadline there may be no time for calls that hang.
        """
        return float("inf") if self._kind != "Update" else 0.0 if self._is_settled() else STACK_CONSISTENCY_WINDOW

    def over(self) -> str:
        """Return the status that tells that the request is over, or that a later one has followed it; else "".

        What cannot be determined goes on: not knowing must not fail a deploy.

        Raises:
            AwsCallError: What was found leaves it open, and what decides it could not be looked at: ask again.
        """
        found = self._look(lambda: self._stacks.resource(self._stack_id, self._logical_id))
        if found is not None and self._is_over(found):
            return found.status
        if self._kind == "Update" and self._journey.is_rollback is None and self._is_settled():
            self._journey.is_rollback = self._look(self._is_rolling_back)
        return ""

    def is_rollback(self, *, guess: bool = False) -> bool:
        """Return whether this is the Update of a roll-back, whose failure would need a person.

        Args:
            guess: What is taken to be true where CloudFormation does not tell.
        """
        if self._kind != "Update":
            return False
        if self._journey.is_rollback is None:
            # No answer is believed at once: the first seconds of an update may show the roll-back before it as well.
            self._journey.is_rollback = self._ask(self._is_rolling_back)
        return guess if self._journey.is_rollback is None else self._journey.is_rollback

    def has_another(self, name: str) -> bool | None:
        """Return whether another resource of the stack has a builder; None where CloudFormation does not tell.

        A stack that is deleted deletes all its resources at once: one that is said to live is asked for again when what
        is said cannot be from before that.

        Args:
            name: The builder's name.
        """
        return self._ask(lambda: self._stacks.has_another(self._stack_id, self._logical_id, name), settles=False)

    def _is_rolling_back(self) -> bool:
        return self._stacks.stack_status(self._stack_id) == ROLLING_BACK

    def _ask(self, question: Callable[[], bool], *, settles: bool | None = None) -> bool | None:
        """Ask until an answer can be believed: ``settles`` at once, any other once it cannot be stale.

        Where no more answers come, the last one counts; None where there was none.
        """
        began = self._clock.time()
        last: bool | None = None
        while True:
            told = self._look(question)
            last = last if told is None else told
            now = self._clock.time()
            if told is not None and (told is settles or self._is_settled()):
                return told
            patience = STACK_CONSISTENCY_WINDOW if told is not None else STACK_CHECK_RETRY
            if now + _PAUSE > self.last_call_at or now - began >= patience:
                return last
            self._clock.sleep(_PAUSE)

    def _is_over(self, found: ResourceStatus) -> bool:
        """Return whether a status is another request's than this one, or this one's end."""
        context = self._journey
        if found.changed_at is None or not found.status:
            return False
        if context.status_at is not None:
            return found.changed_at > context.status_at
        later = found.changed_at - context.began_at
        if found.status == f"{self._kind.upper()}_IN_PROGRESS":
            return self._is_a_later_one(found.changed_at, later)
        if self._kind == "Delete" and not found.status.startswith("DELETE_"):
            # What an update cleans up is not told of under the resource's name: that shows the update's end.
            followed = later > (_DATE if context.dated else _UNDATED)
            return followed or (self._is_settled() and not self._stack_is_changing())
        if not context.dated:
            return found.status in _ENDS[self._kind] or later > _UNDATED
        # A look that may be stale can tell of an update that ended within the very second in which this one began.
        in_doubt = self._kind == "Update" and found.status.startswith("UPDATE_") and not self._is_settled()
        return later > (_DATE if in_doubt else 0.0)

    def _is_a_later_one(self, changed_at: float, later: float) -> bool:
        """Return whether a status of this request's kind is that of another one which has followed it."""
        context = self._journey
        if not context.dated:
            own = later <= _UNDATED
            known = own and later >= -_UNDATED and (self._kind != "Update" or self._is_settled())
        else:
            own = later <= _DATE + _A_MOMENT or (
                later <= _LATE_STATUS and not context.late and not self._may_be_undone()
            )
            known = own and later >= 0.0
        if known:
            # From now on whatever is later than this is not this request's beginning.
            context.status_at = changed_at
        return not own

    def _is_settled(self) -> bool:
        """Return whether no look can be so stale that it shows what was before this request."""
        return self._journey.late or self._clock.time() >= self._journey.delivered_at + STACK_CONSISTENCY_WINDOW

    def _may_be_undone(self) -> bool:
        return self._kind == "Update" and self._is_rolling_back()

    def _stack_is_changing(self) -> bool:
        status = self._stack_status()
        return not status or status.endswith("_IN_PROGRESS")

    def _stack_status(self) -> str:
        return self._look(lambda: self._stacks.stack_status(self._stack_id)) or ""

    def _look(self, call: Callable[[], _Told]) -> _Told | None:
        """Return what a call tells; None where it does not, or where there is no time for it."""
        if self._clock.time() > self.last_call_at:
            return None
        try:
            return call()
        except AwsCallError as error:
            logger.info("no look at the stack: %s", error.code)
            return None
