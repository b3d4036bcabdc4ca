"""Checks what the stack shows of a request: whether it is waited for, is a rollback, or shares its builder."""

import logging
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from running_image_builder_function.model.errors import AwsCallError, ErrorKind
from running_image_builder_function.reconcile.callback_context import CallbackContext
from running_image_builder_function.reconcile.ports import NOT_IN_STACK, ResourceStatus, Stacks
from running_image_builder_function.timing import (
    CANCELLATION_CHECK_RETRY,
    LONGEST_CALL,
    REQUEST_DATE_PRECISION,
    STACK_CHECK_DELAY,
    STACK_CHECK_RETRY,
    STACK_CONSISTENCY_WINDOW,
    STATUS_DELAY,
    UNCERTAIN_STATUS_DELAY,
    UNDATED_STATUS_DELAY,
    Clock,
)

_ENDS = {
    "Create": ("CREATE_COMPLETE", "CREATE_FAILED"),
    "Update": ("DELETE_IN_PROGRESS", "DELETE_COMPLETE", "DELETE_FAILED", "DELETE_SKIPPED"),
    "Delete": ("DELETE_COMPLETE", "DELETE_SKIPPED"),
}
"""The statuses that show a request's end even where it has no date: nothing before the request leads to them."""

_UPDATING = "UPDATE_IN_PROGRESS"
_ROLLING_BACK = "UPDATE_ROLLBACK_IN_PROGRESS"
"""The status of a stack whose failed or cancelled update is rolled back. In no other one does it wait for an Update."""

_DELETED = ("DELETE_IN_PROGRESS", "ROLLBACK_IN_PROGRESS")
"""The statuses of a stack that is deleted as a whole. Only a deletion can follow one, so it is never stale."""

_NOT_SHOWN = AwsCallError(
    ErrorKind.UNAVAILABLE,
    action="cloudformation:DescribeStackResource",
    code="ValidationError",
    detail="The stack doesn't show the resource.",
)

_NO_STATUS = AwsCallError(
    ErrorKind.UNAVAILABLE,
    action="cloudformation:DescribeStacks",
    code="NoStatus",
    detail="The stack's status is unknown.",
)

_T = TypeVar("_T")

logger = logging.getLogger("running_image_builder")


class StackChecks:
    """The checks of the stack for one request.

    CloudFormation doesn't tell a waiting function that the stack is deleted or rolled back meanwhile, or that the event
    was delivered before, hours ago. When asked, it returns the resource's status and since when the resource has it. A
    status that is later than the request belongs to another request, or is this one's end.

    Args:
        stacks: The calls.
        event: CloudFormation's event.
        context: The request's callback context.
        clock: The time.

    Attributes:
        last_call_at: The last moment to begin a call, in seconds since the epoch, since calls can hang.
    """

    _is_denied = False
    """Whether the last call that failed was denied."""

    _retry_until = 0.0
    """Until when a check before a change may be repeated, in seconds since the epoch; 0 for no change."""

    _lacks_status = False
    """Whether the stack's status was asked for in vain in this check."""

    def __init__(self, stacks: Stacks, event: Mapping[str, Any], context: CallbackContext, *, clock: Clock) -> None:
        self._stacks = stacks
        self._stack_id: str = event["StackId"]
        self._logical_id: str = event["LogicalResourceId"]
        self._kind: str = event["RequestType"]
        self._physical_id = str(event.get("PhysicalResourceId") or "")
        self._context = context
        self._findings = context.stack
        self._clock = clock
        self.last_call_at = float("inf")

    @property
    def may_be_rollback(self) -> bool:
        """Whether a status that ended this Update may be its own, and it the Update of a rollback."""
        return self._findings.may_be_rollback

    @property
    def is_known_rollback(self) -> bool:
        """Whether this is known to be a rollback's Update."""
        return bool(self._findings.is_rollback)

    @property
    def check_from(self) -> float:
        """When an Update is checked, whenever it was before that, in seconds since the epoch; infinite for others.

        That is as soon as the stack's status can be believed: at the deadline there may be no time to ask for it.
        """
        return self._settled_at if self._kind == "Update" else float("inf")

    def cancelled_by(self, *, retry_until: float = 0.0) -> str:
        """Return the status that shows that the request is over, or that a later one has followed it; else "".

        If the status can't be determined, the request continues: that must not fail a deploy.

        Args:
            retry_until: Until when a failed check may be repeated, in seconds since the epoch, for a while: even a call
                that hangs ends before that.

        Raises:
            AwsCallError: The status leaves it open, and what decides it can't be determined: check again.
        """
        self._retry_until = retry_until
        found = self._resource_status()
        if found is None and 0.0 < retry_until <= self._clock.time() + LONGEST_CALL:
            # Another call that hangs would take the time of the change.
            return ""
        if found == NOT_IN_STACK and not self._is_settled():
            # It isn't shown yet, or isn't there any more: that can't be told apart now.
            raise _NOT_SHOWN
        self._lacks_status = False
        if found is not None and self._ends(found):
            return found.status
        if self._asks_status and not self._lacks_status and self._is_settled():
            status = self._status()
            if self._is_over(status):
                return str(status)
            self._findings.is_rollback = None if status is None else status == _ROLLING_BACK
        return ""

    def is_rollback(self, *, guess: bool = False) -> bool:
        """Return whether this is a rollback's Update, whose failure would leave the stack in UPDATE_ROLLBACK_FAILED.

        Args:
            guess: What to return where that can't be determined.
        """
        if self._kind != "Update":
            return False
        if self._findings.is_rollback is None:
            # Neither result is believed at once: an update's first seconds may show the rollback before it.
            self._findings.is_rollback = self._poll(self._is_rolling_back)
        return guess if self._findings.is_rollback is None else self._findings.is_rollback

    def another_owner(self, name: str, *, retry_for: float = STACK_CHECK_RETRY) -> str | None:
        """Return the logical id of another resource of the stack that has a builder; None where it can't be determined.

        "" stands for none. It is the resource's own one where it has the builder by a newer physical id.

        A stack that is deleted deletes all its resources at once: that another one is alive is believed only when the
        result can't be from before that. In any other stack, a new resource may not be listed yet.

        Args:
            name: The builder's name.
            retry_for: Seconds for which a failed check is repeated.
        """
        # Only a Create makes a resource of the same logical id, and a Delete follows it.
        physical_id = self._physical_id if self._kind == "Delete" else name
        return self._poll(
            lambda: self._stacks.another_owner(self._stack_id, self._logical_id, name, physical_id=physical_id),
            is_believed=lambda found: not found and self._status() in _DELETED,
            retry_for=retry_for,
        )

    def _resource_status(self) -> ResourceStatus | None:
        """Return the resource's status; None where it can't be determined."""
        calls = 2 if self._asks_status else 1
        return self._repeated(lambda: self._stacks.resource(self._stack_id, self._logical_id), calls=calls)

    def _repeated(self, call: Callable[[], _T], *, calls: int) -> _T | None:
        """Return a call's result; before a change, one that fails is repeated for a while. None where all fail.

        Args:
            call: The call.
            calls: How many calls that hang there must be time for after each failure.
        """
        began, findings = self._clock.time(), self._findings
        until = min(self._retry_until - calls * LONGEST_CALL - 1.0, self.last_call_at)
        while True:
            found = self._call(call)
            now = self._clock.time()
            in_vain = found is None and now - began >= CANCELLATION_CHECK_RETRY[self._kind]
            findings.unreachable = findings.unreachable or in_vain
            if found is not None or findings.unreachable or self._is_denied or now + STACK_CHECK_DELAY > until:
                return found
            self._clock.sleep(STACK_CHECK_DELAY)

    @property
    def _asks_status(self) -> bool:
        """Whether the stack's status decides, and isn't known yet."""
        return self._kind == "Update" and self._findings.is_rollback is None

    def _is_rolling_back(self) -> bool:
        return self._stacks.stack_status(self._stack_id) == _ROLLING_BACK

    def _poll(
        self,
        check: Callable[[], _T],
        *,
        is_believed: Callable[[_T], bool] = lambda _: False,
        retry_for: float = STACK_CHECK_RETRY,
    ) -> _T | None:
        """Check until the result can be believed; where that never happens, the last one counts, None for none.

        Args:
            check: The check.
            is_believed: Whether its result is believed before it is settled.
            retry_for: Seconds for which a failed check is repeated.
        """
        began = self._clock.time()
        last: _T | None = None
        while True:
            result = self._call(check)
            last = last if result is None else result
            now = self._clock.time()
            if result is not None and (self._is_settled() or is_believed(result)):
                return result
            if now + STACK_CHECK_DELAY > self.last_call_at or now - began >= retry_for:
                self._findings.unreachable = self._findings.unreachable or last is None
                return last
            self._clock.sleep(STACK_CHECK_DELAY)

    def _ends(self, found: ResourceStatus) -> bool:
        """Return whether a status belongs to another request, or is this one's end."""
        context = self._context
        if found == NOT_IN_STACK:
            # A stack may hide what it deletes.
            return self._kind != "Delete" or not self._may_be_deleting()
        if found.changed_at is None or not found.status:
            return False
        if self._findings.request_shown_at is not None:
            return found.changed_at > self._findings.request_shown_at
        later = found.changed_at - context.began_at
        if found.status == f"{self._kind.upper()}_IN_PROGRESS":
            return self._is_another_request(found.changed_at, later)
        if self._kind == "Delete" and not found.status.startswith("DELETE_"):
            # What an update cleans up isn't shown under the resource's logical id, which shows the update's end.
            followed = later > (REQUEST_DATE_PRECISION if context.dated else UNDATED_STATUS_DELAY)
            return followed or (self._is_settled() and not self._stack_is_changing())
        if not context.dated:
            return found.status in _ENDS[self._kind] or later > UNDATED_STATUS_DELAY
        # A stale status can show an update that ended within the very second in which this one began.
        in_doubt = self._kind == "Update" and found.status.startswith("UPDATE_") and not self._is_settled()
        return later > (REQUEST_DATE_PRECISION if in_doubt else 0.0)

    def _is_another_request(self, changed_at: float, later: float) -> bool:
        """Return whether a status of this request's kind belongs to a later request."""
        context = self._context
        if not context.dated:
            own = later <= UNDATED_STATUS_DELAY
            known = own and later >= -UNDATED_STATUS_DELAY and (self._kind != "Update" or self._is_settled())
        else:
            certain = later <= REQUEST_DATE_PRECISION + STATUS_DELAY
            uncertain = not certain and later <= UNCERTAIN_STATUS_DELAY
            rolled_back = self._may_be_rolled_back() if uncertain else None
            own = certain or (uncertain and not context.redelivered and not rolled_back)
            # Until then a rollback, which may have followed this update at once, may not be shown yet.
            known = own and later >= 0.0 and (certain or self._kind != "Update" or self._is_settled())
        if known:
            # From now on, whatever is later than this isn't this request's beginning.
            self._findings.request_shown_at = changed_at
        return not own

    def _is_settled(self) -> bool:
        """Return whether no status can be so stale that it is from before this request."""
        return self._clock.time() >= self._settled_at

    @property
    def _settled_at(self) -> float:
        return 0.0 if self._context.redelivered else self._context.delivered_at + STACK_CONSISTENCY_WINDOW

    def _may_be_rolled_back(self) -> bool | None:
        """Return whether the stack is rolled back, or has been; None where that can't be determined.

        Raises:
            AwsCallError: It can't be determined yet: check again.
        """
        if self._kind != "Update":
            return False
        status, findings = self._status(), self._findings
        if status is None and findings.is_rollback:
            status = _ROLLING_BACK
        if status == _ROLLING_BACK and not self._is_settled():
            # It may be the rollback before this update.
            raise _NO_STATUS
        if status is not None:
            findings.undecided_since = None
            findings.may_be_rollback = status == _ROLLING_BACK
            return status == _ROLLING_BACK or self._is_over(status)
        now, self._lacks_status = self._clock.time(), True
        findings.undecided_since = now if findings.undecided_since is None else findings.undecided_since
        if now - findings.undecided_since < STACK_CHECK_RETRY:
            raise _NO_STATUS
        return None

    def _is_over(self, status: str | None) -> bool:
        """Return whether the status of the stack shows that it doesn't wait for an Update any more."""
        return bool(status) and status not in (_UPDATING, _ROLLING_BACK) and self._is_settled()

    def _may_be_deleting(self) -> bool:
        status = self._repeated(lambda: self._stacks.stack_status(self._stack_id), calls=1)
        return not status or status.endswith("_CLEANUP_IN_PROGRESS") or status in _DELETED

    def _stack_is_changing(self) -> bool:
        status = self._repeated(lambda: self._stacks.stack_status(self._stack_id), calls=1)
        return not status or status.endswith("_IN_PROGRESS")

    def _status(self) -> str | None:
        """Return the stack's status; None where that can't be determined."""
        return self._call(lambda: self._stacks.stack_status(self._stack_id))

    def _call(self, call: Callable[[], _T]) -> _T | None:
        """Return a call's result; None where it fails, or where there is no time for it."""
        if self._clock.time() > self.last_call_at:
            return None
        try:
            result = call()
        except AwsCallError as error:
            self._is_denied = error.kind is ErrorKind.DENIED
            logger.info("the stack could not be checked: %s", error.code)
            return None
        self._findings.unreachable = False
        return result
