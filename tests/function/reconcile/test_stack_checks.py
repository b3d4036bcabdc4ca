"""What each status of a stack means for a request, and when a check is believed."""

import pytest

from running_image_builder_function.model.errors import AwsCallError, ErrorKind
from running_image_builder_function.reconcile.callback_context import CallbackContext
from running_image_builder_function.reconcile.ports import NOT_IN_STACK, ResourceStatus
from running_image_builder_function.reconcile.stack_checks import StackChecks
from running_image_builder_function.timing import STACK_CHECK_RETRY, STACK_CONSISTENCY_WINDOW
from support.fake_appstream import NAME
from support.fake_stacks import OTHER_ID, FakeStacks
from support.lambda_harness import LOGICAL_ID, STACK_ID, event
from support.virtual_time import VirtualClock

BEGAN = 1_800_000_000.0
FAILED = AwsCallError(ErrorKind.UNAVAILABLE, action="cloudformation:Any", code="Code", detail="no")


class CheckedRequest:
    """A request, some seconds old by its date, delivered just now."""

    def __init__(
        self,
        kind: str,
        *,
        age: float = 0.5,
        dated: bool = True,
        redelivered: bool = False,
        physical_id: str | None = None,
    ) -> None:
        """Begin it."""
        self.clock = VirtualClock(BEGAN + age)
        self.stacks = FakeStacks(self.clock)
        self.context = CallbackContext(began_at=BEGAN, delivered_at=BEGAN + age, dated=dated, redelivered=redelivered)
        self.checks = StackChecks(self.stacks, event(kind, physical_id=physical_id), self.context, clock=self.clock)

    def over(self, status: str, later: float | None) -> bool:
        """Return whether a status, some seconds later than the request's date, means that it is over."""
        self.stacks.told = ResourceStatus(status, None if later is None else BEGAN + later)
        return bool(self.checks.cancelled_by())


@pytest.mark.parametrize(
    ("kind", "status", "later", "over"),
    [
        # The request itself, as a resource shows it: a little before its date's second, or within it.
        ("Create", "CREATE_IN_PROGRESS", -4, False),
        ("Create", "CREATE_IN_PROGRESS", 0.9, False),
        ("Update", "UPDATE_IN_PROGRESS", 0.9, False),
        ("Delete", "DELETE_IN_PROGRESS", 0.9, False),
        # A later request of the same kind: a rollback, a second Delete, a logical id that came back.
        ("Create", "CREATE_IN_PROGRESS", 60, True),
        ("Update", "UPDATE_IN_PROGRESS", 60, True),
        ("Delete", "DELETE_IN_PROGRESS", 60, True),
        # Its own end, and what comes after it.
        ("Create", "CREATE_COMPLETE", 30, True),
        ("Create", "CREATE_FAILED", 30, True),
        ("Create", "UPDATE_IN_PROGRESS", 400, True),
        ("Create", "DELETE_IN_PROGRESS", 3, True),
        ("Create", "DELETE_IN_PROGRESS", 0.6, True),
        ("Update", "DELETE_IN_PROGRESS", 0.6, True),
        ("Update", "UPDATE_COMPLETE", 30, True),
        ("Update", "UPDATE_FAILED", 30, True),
        ("Update", "DELETE_IN_PROGRESS", 30, True),
        ("Delete", "DELETE_COMPLETE", 30, True),
        ("Delete", "DELETE_SKIPPED", 30, True),
        ("Delete", "DELETE_FAILED", 30, True),
        ("Delete", "CREATE_IN_PROGRESS", 30, True),
        ("Delete", "UPDATE_IN_PROGRESS", 30, True),
        # A stale status is from before the request.
        ("Create", "DELETE_COMPLETE", -3, False),
        ("Update", "UPDATE_FAILED", -3, False),
        ("Update", "CREATE_COMPLETE", -300, False),
        ("Delete", "CREATE_COMPLETE", -3, False),
        ("Delete", "UPDATE_COMPLETE", -3, False),
        # The second in which it began says nothing of the order.
        ("Update", "UPDATE_FAILED", 0.4, False),
        ("Delete", "UPDATE_COMPLETE", 1, False),
        ("Delete", "UPDATE_COMPLETE", 1.1, True),
        # No time, or no status.
        ("Create", "DELETE_COMPLETE", None, False),
        ("Create", "", 30, False),
    ],
)
def test_what_a_status_means_for_a_fresh_request(kind: str, status: str, later: float | None, over: bool) -> None:
    """A status that is later than the request is its end, or another request's."""
    assert over is CheckedRequest(kind).over(status, later)


@pytest.mark.parametrize("status", ["UPDATE_COMPLETE", "UPDATE_FAILED"])
def test_an_end_in_the_requests_second_counts_once_settled(status: str) -> None:
    """An event that is delivered again minutes later, of an update that took no time."""
    assert CheckedRequest("Update", age=300, redelivered=True).over(status, 0.4)


@pytest.mark.parametrize(
    ("kind", "status", "later", "over"),
    [
        ("Create", "CREATE_COMPLETE", -300, True),
        ("Create", "DELETE_COMPLETE", 10, False),
        ("Create", "DELETE_COMPLETE", 26, True),
        ("Update", "UPDATE_COMPLETE", 25, False),
        ("Update", "UPDATE_COMPLETE", 25.1, True),
        ("Update", "UPDATE_IN_PROGRESS", 26, True),
        ("Update", "DELETE_COMPLETE", -5, True),
        ("Delete", "DELETE_COMPLETE", -5, True),
        ("Delete", "UPDATE_COMPLETE", 25, False),
        ("Delete", "UPDATE_COMPLETE", 25.1, True),
        ("Delete", "DELETE_FAILED", 10, False),
        ("Delete", "DELETE_FAILED", 26, True),
    ],
)
def test_an_undated_request_is_compared_by_another_clock(kind: str, status: str, later: float, over: bool) -> None:
    """Lambda's, which may differ by twenty seconds; some ends can only be its own."""
    assert over is CheckedRequest(kind, dated=False).over(status, later)


@pytest.mark.parametrize(
    ("kind", "redelivered", "later", "over", "known"),
    [
        ("Create", False, -25.1, False, False),
        ("Create", False, -25, False, True),
        ("Create", False, 25, False, True),
        ("Create", False, 25.1, True, False),
        ("Update", False, 0, False, False),
        ("Update", True, 0, False, True),
    ],
)
def test_an_undated_requests_beginning_is_seen_by_another_clock(
    kind: str, redelivered: bool, later: float, over: bool, known: bool
) -> None:
    """An Update's first seconds may show the update before it."""
    request = CheckedRequest(kind, dated=False, redelivered=redelivered)

    assert over is request.over(f"{kind.upper()}_IN_PROGRESS", later)
    assert (BEGAN + later if known else None) == request.context.stack.request_shown_at


@pytest.mark.parametrize(
    ("kind", "waited", "redelivered", "later", "over", "known"),
    [
        ("Update", 0, False, -0.1, False, False),
        ("Update", 0, False, 0, False, True),
        ("Update", 0, False, 1.5, False, True),
        ("Update", 0, False, 10, False, False),
        ("Update", STACK_CONSISTENCY_WINDOW, False, 10, False, True),
        ("Create", 0, False, 10, False, True),
        ("Create", 0, False, 10.1, True, False),
        ("Update", 0, True, 1.5, False, True),
        ("Update", 0, True, 1.6, True, False),
    ],
)
def test_a_dated_requests_beginning_is_seen_from_its_date_on(
    kind: str, waited: float, redelivered: bool, later: float, over: bool, known: bool
) -> None:
    """For ten seconds, or for a second and a half where a later request may have come."""
    request = CheckedRequest(kind, redelivered=redelivered)
    request.clock.sleep(waited)

    assert over is request.over(f"{kind.upper()}_IN_PROGRESS", later)
    assert (BEGAN + later if known else None) == request.context.stack.request_shown_at


def test_what_follows_the_seen_beginning_is_later() -> None:
    """Even within the time in which two clocks, or a date in whole seconds, leave open what came first."""
    request = CheckedRequest("Update")

    assert not request.over("UPDATE_IN_PROGRESS", 0.5)
    assert not request.over("UPDATE_IN_PROGRESS", 0.5)
    assert not request.over("UPDATE_COMPLETE", -7)
    assert request.over("UPDATE_IN_PROGRESS", 0.9)


def test_a_late_beginning_is_its_own() -> None:
    """AWS documents no order between the two, nor their distance."""
    assert not CheckedRequest("Update", age=6).over("UPDATE_IN_PROGRESS", 5)


def test_a_late_beginning_is_not_its_own_in_a_rollback() -> None:
    """Once that can't be the rollback before this update."""
    request = CheckedRequest("Update", age=6)
    request.stacks.status = "UPDATE_ROLLBACK_IN_PROGRESS"

    with pytest.raises(AwsCallError):
        request.over("UPDATE_IN_PROGRESS", 5)
    assert not request.checks.may_be_rollback
    request.clock.sleep(STACK_CONSISTENCY_WINDOW)
    assert request.over("UPDATE_IN_PROGRESS", 5)
    assert request.checks.may_be_rollback


@pytest.mark.parametrize("kind", [ErrorKind.UNAVAILABLE, ErrorKind.DENIED])
def test_a_late_beginning_is_its_own_where_the_stack_stays_unknown(kind: ErrorKind) -> None:
    """From then on, whatever is later than that is another request."""
    request = CheckedRequest("Update", age=6)
    unknown = AwsCallError(kind, action="a", code="Code", detail="no")
    request.stacks.told = ResourceStatus("UPDATE_IN_PROGRESS", BEGAN + 5)
    request.stacks.stack_status = lambda _: (_ for _ in ()).throw(unknown)  # type: ignore[method-assign, assignment]
    for _ in range(5):
        with pytest.raises(AwsCallError):
            request.checks.cancelled_by()
        request.clock.sleep(9)

    assert "" == request.checks.cancelled_by()
    assert BEGAN + 5 == request.context.stack.request_shown_at
    assert request.over("UPDATE_IN_PROGRESS", 9)


@pytest.mark.parametrize("later", [0.5, 5])
@pytest.mark.parametrize(
    ("stack", "over"),
    [
        ("UPDATE_IN_PROGRESS", False),
        ("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", True),
        ("UPDATE_ROLLBACK_COMPLETE", True),
        ("UPDATE_COMPLETE", True),
        ("DELETE_IN_PROGRESS", True),
        ("", False),
    ],
)
def test_a_stack_that_is_not_updated_waits_for_no_update(stack: str, over: bool, later: float) -> None:
    """A rollback can begin and end between two checks, and what the resource shows be the rollback's."""
    request = CheckedRequest("Update")
    request.stacks.status = stack
    request.clock.sleep(STACK_CONSISTENCY_WINDOW)

    assert over is request.over("UPDATE_IN_PROGRESS", later)
    assert (stack if over and later < 1 else "") == (request.checks.cancelled_by() if later < 1 else "")


def test_a_late_beginning_is_not_its_own_where_the_stack_is_not_updated() -> None:
    """Also where the stack was found to be no rollback's before."""
    request = CheckedRequest("Update", age=6)
    request.stacks.status = "UPDATE_COMPLETE"
    request.context.stack.is_rollback = False
    request.clock.sleep(STACK_CONSISTENCY_WINDOW)

    assert request.over("UPDATE_IN_PROGRESS", 5)
    assert {STACK_ID, LOGICAL_ID} == request.stacks.ids


def test_the_end_of_the_update_before_is_not_taken_for_this_ones() -> None:
    """The stack may show it for some seconds."""
    request = CheckedRequest("Update")
    request.stacks.status = "UPDATE_ROLLBACK_COMPLETE"

    assert not request.over("UPDATE_IN_PROGRESS", 5)


@pytest.mark.parametrize(
    ("stack", "over"),
    [
        ("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", False),
        ("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", False),
        ("DELETE_IN_PROGRESS", False),
        ("UPDATE_COMPLETE", True),
        ("UPDATE_ROLLBACK_COMPLETE", True),
    ],
)
def test_a_redelivered_clean_up_ends_with_the_stacks_update(stack: str, over: bool) -> None:
    """The resource shows the end of the update before, which says nothing of it."""
    request = CheckedRequest("Delete", age=600, redelivered=True)
    request.stacks.status = stack

    assert over is request.over("UPDATE_COMPLETE", -20)


@pytest.mark.parametrize(
    ("kind", "stack", "over"),
    [
        ("Create", "UPDATE_ROLLBACK_COMPLETE", True),
        ("Create", "UPDATE_IN_PROGRESS", True),
        ("Update", "UPDATE_COMPLETE", True),
        ("Delete", "UPDATE_COMPLETE", True),
        ("Delete", "UPDATE_IN_PROGRESS", True),
        ("Delete", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", False),
        ("Delete", "DELETE_IN_PROGRESS", False),
        ("Delete", "", False),
    ],
)
def test_a_request_of_a_resource_that_is_not_in_the_stack_is_over(kind: str, stack: str, over: bool) -> None:
    """Before it can't be a status from before the request, this is open: nothing is changed, and it is asked again."""
    request = CheckedRequest(kind)
    request.stacks.told, request.stacks.status = NOT_IN_STACK, stack

    with pytest.raises(AwsCallError):
        request.checks.cancelled_by()
    request.clock.sleep(STACK_CONSISTENCY_WINDOW)
    assert (NOT_IN_STACK.status if over else "") == request.checks.cancelled_by()


def test_every_check_is_of_the_requests_own_resource() -> None:
    """And of its stack."""
    update, delete = CheckedRequest("Update"), CheckedRequest("Delete", age=600, redelivered=True)
    update.checks.is_rollback()
    delete.over("UPDATE_COMPLETE", -20)
    delete.checks.another_owner(NAME)

    assert ["DescribeStackResource", "DescribeStacks", "ListStackResources"] == delete.stacks.calls
    assert ({STACK_ID}, {STACK_ID, LOGICAL_ID}) == (update.stacks.ids, delete.stacks.ids)


def test_what_cannot_be_checked_goes_on() -> None:
    """Not knowing must not fail a deploy."""
    request = CheckedRequest("Create")
    request.stacks.errors = [FAILED]

    assert not request.over("DELETE_IN_PROGRESS", 30)


@pytest.mark.parametrize(("kind", "retry_for"), [("Create", 45), ("Update", 45), ("Delete", 10)])
def test_before_a_change_it_is_asked_for_a_while(kind: str, retry_for: float) -> None:
    """Once: the next change waits no more. A success in between begins another while."""
    request = CheckedRequest(kind)
    request.stacks.errors = [FAILED] * 99
    # One that is made while it waits counts for nothing.
    assert not request.checks.cancelled_by()

    assert not request.checks.cancelled_by(retry_until=BEGAN + 1000)
    assert retry_for == sum(request.clock.slept)
    assert not request.checks.cancelled_by(retry_until=BEGAN + 1000)
    assert retry_for == sum(request.clock.slept)

    request.stacks.errors = []
    request.checks.cancelled_by(retry_until=BEGAN + 1000)
    request.stacks.errors = [FAILED] * 2
    assert request.over("DELETE_IN_PROGRESS", 60) is False
    assert "DELETE_IN_PROGRESS" == request.checks.cancelled_by(retry_until=BEGAN + 1000)
    assert retry_for + 5 == sum(request.clock.slept)


@pytest.mark.parametrize(
    ("told", "failures", "over"),
    [
        (NOT_IN_STACK, 1, True),
        (NOT_IN_STACK, 9, False),
        (ResourceStatus("UPDATE_COMPLETE", BEGAN - 20), 1, True),
        (ResourceStatus("UPDATE_COMPLETE", BEGAN - 20), 9, False),
    ],
)
def test_before_its_stop_a_delete_asks_for_the_stacks_status_for_a_while(
    told: ResourceStatus, failures: int, over: bool
) -> None:
    """Only that shows whether a resource that isn't shown is being deleted."""
    request = CheckedRequest("Delete", redelivered=True)
    request.stacks.told, request.stacks.status = told, "UPDATE_COMPLETE"
    answers = [FAILED] * failures
    works = request.stacks.stack_status

    def fail_at_first(stack_id: str) -> str:
        if answers:
            raise answers.pop()
        return works(stack_id)

    request.stacks.stack_status = fail_at_first  # type: ignore[method-assign]

    assert over is bool(request.checks.cancelled_by(retry_until=BEGAN + 1000))
    assert (5 if over else 10) == sum(request.clock.slept)


def test_a_list_that_was_asked_for_in_vain_is_enough() -> None:
    """A Delete waits for CloudFormation once."""
    request = CheckedRequest("Delete")
    request.stacks.errors = [FAILED] * 99

    assert request.checks.another_owner(NAME, retry_for=20) is None
    assert not request.checks.cancelled_by(retry_until=BEGAN + 1000)
    assert 20 == sum(request.clock.slept)


def test_what_is_denied_or_has_no_time_is_asked_once() -> None:
    """A permission that is missing stays missing."""
    denied = CheckedRequest("Create")
    denied.stacks.errors = [AwsCallError(ErrorKind.DENIED, action="a", code="AccessDenied", detail="no")] * 99
    hurried = CheckedRequest("Create")
    hurried.stacks.errors = [FAILED] * 99
    hurried.checks.last_call_at = hurried.clock.now + 4.9
    just_in_time = CheckedRequest("Create")
    just_in_time.stacks.errors = [FAILED]
    just_in_time.checks.last_call_at = just_in_time.clock.now + 5

    assert not just_in_time.checks.cancelled_by(retry_until=BEGAN + 1000)
    assert [5] == just_in_time.clock.slept
    for each in (denied, hurried):
        assert not each.checks.cancelled_by(retry_until=BEGAN + 1000)
        assert ([], 1) == (each.clock.slept, len(each.stacks.calls))


@pytest.mark.parametrize("kind", ["Create", "Delete"])
def test_only_an_update_can_be_a_rollbacks(kind: str) -> None:
    """No question is asked for any other."""
    request = CheckedRequest(kind)
    request.stacks.status = "UPDATE_ROLLBACK_IN_PROGRESS"

    assert not request.checks.is_rollback()
    assert [] == request.stacks.calls


def test_that_a_stack_rolls_back_is_asked_once() -> None:
    """What was found out is kept."""
    request = CheckedRequest("Update", age=300, redelivered=True)
    request.stacks.status = "UPDATE_ROLLBACK_IN_PROGRESS"

    assert request.checks.is_rollback()
    assert request.checks.is_rollback()
    assert ["DescribeStacks"] == request.stacks.calls


@pytest.mark.parametrize(
    ("kind", "redelivered", "asks"), [("Create", True, False), ("Update", False, False), ("Update", True, True)]
)
def test_that_a_stack_rolls_back_is_found_while_waiting(kind: str, redelivered: bool, asks: bool) -> None:
    """Once, as soon as an Update can believe it: at its deadline there may be no time for it."""
    request = CheckedRequest(kind, redelivered=redelivered)
    request.stacks.status = "UPDATE_ROLLBACK_IN_PROGRESS"

    assert ("", "") == (request.checks.cancelled_by(), request.checks.cancelled_by())
    assert (asks or None) is request.context.stack.is_rollback
    assert asks == request.stacks.calls.count("DescribeStacks")


def test_a_rollback_of_before_is_not_taken_for_this_updates() -> None:
    """Its end may not show yet when the next update begins."""
    request = CheckedRequest("Update")
    request.stacks.status = "UPDATE_ROLLBACK_IN_PROGRESS"
    request.clock.later(STACK_CONSISTENCY_WINDOW - 5, lambda: setattr(request.stacks, "status", "UPDATE_IN_PROGRESS"))

    assert not request.checks.is_rollback()


def test_a_rollback_is_believed_once_settled() -> None:
    """The first seconds of a rollback may still show the update."""
    request = CheckedRequest("Update")
    request.clock.later(
        STACK_CONSISTENCY_WINDOW - 5, lambda: setattr(request.stacks, "status", "UPDATE_ROLLBACK_IN_PROGRESS")
    )
    plain = CheckedRequest("Update")

    assert (True, False) == (request.checks.is_rollback(), plain.checks.is_rollback())
    assert STACK_CONSISTENCY_WINDOW <= plain.clock.now - plain.context.delivered_at < STACK_CONSISTENCY_WINDOW + 5


@pytest.mark.parametrize("guess", [False, True])
def test_an_unanswered_question_is_asked_for_a_while(guess: bool) -> None:
    """Then what else is known of the request decides."""
    request = CheckedRequest("Update")
    request.stacks.errors = [FAILED] * 99

    assert guess is request.checks.is_rollback(guess=guess)
    assert STACK_CHECK_RETRY == request.clock.now - request.context.delivered_at


@pytest.mark.parametrize(("time_left", "slept"), [(4.9, []), (5, [5])])
def test_a_check_is_repeated_only_where_there_is_time_for_it(time_left: float, slept: list[float]) -> None:
    """The next one would begin five seconds later."""
    request = CheckedRequest("Update")
    request.stacks.errors = [FAILED] * 99
    request.checks.last_call_at = request.clock.now + time_left

    assert not request.checks.is_rollback()
    assert (slept, 1 + len(slept)) == (request.clock.slept, len(request.stacks.calls))


def test_nothing_is_asked_any_more_when_an_answer_is_due() -> None:
    """A call may hang for a quarter of a minute."""
    request = CheckedRequest("Update")
    request.stacks.status = "UPDATE_ROLLBACK_IN_PROGRESS"
    request.checks.last_call_at = request.clock.now - 0.1

    assert not request.checks.is_rollback()
    assert not request.checks.cancelled_by()
    assert [] == request.stacks.calls


def test_another_resource_is_believed_once_settled() -> None:
    """A stack that is deleted deletes all its resources at once: each would leave the builder to the other."""
    goes, stays = CheckedRequest("Delete"), CheckedRequest("Delete")
    for request in (goes, stays):
        request.stacks.others = {NAME}
        request.stacks.status = "DELETE_IN_PROGRESS"
    goes.clock.later(STACK_CONSISTENCY_WINDOW - 5, goes.stacks.others.clear)

    assert ("", OTHER_ID) == (goes.checks.another_owner(NAME), stays.checks.another_owner(NAME))


@pytest.mark.parametrize(("physical_id", "owner"), [(NAME, ""), (f"{NAME}/not-started", LOGICAL_ID)])
def test_the_resource_itself_is_another_owner_by_another_id(physical_id: str, owner: str) -> None:
    """A Create that has followed the failed one."""
    request = CheckedRequest("Delete", physical_id=physical_id)
    request.stacks.recreated = {NAME}

    assert owner == request.checks.another_owner(NAME)


def test_an_updates_own_resource_is_no_other_owner() -> None:
    """Only a Create makes one of the same logical id; so a list needn't be read to its end."""
    request = CheckedRequest("Update", physical_id="builder-2")
    request.stacks.recreated = {NAME}

    assert "" == request.checks.another_owner(NAME)


def test_that_no_other_resource_has_it_is_believed_once_settled() -> None:
    """A new resource, which has the builder now, may not be listed yet."""
    request = CheckedRequest("Delete")
    request.clock.later(STACK_CONSISTENCY_WINDOW - 5, lambda: request.stacks.others.add(NAME))

    assert OTHER_ID == request.checks.another_owner(NAME)


@pytest.mark.parametrize("status", ["DELETE_IN_PROGRESS", "ROLLBACK_IN_PROGRESS"])
def test_a_stack_that_is_deleted_has_no_new_resource(status: str) -> None:
    """So a Delete needn't wait for one."""
    request = CheckedRequest("Delete")
    request.stacks.status = status

    assert "" == request.checks.another_owner(NAME)
    assert [] == request.clock.slept


def test_the_last_answer_counts_where_no_more_come() -> None:
    """Better than none."""
    request = CheckedRequest("Delete")
    request.stacks.others = {NAME}
    request.clock.later(1, lambda: setattr(request.stacks, "errors", [FAILED] * 99))

    assert OTHER_ID == request.checks.another_owner(NAME)


def test_another_resource_that_cannot_be_searched_for_is_not_made_up() -> None:
    """Neither way: the Delete decides, and says so."""
    request = CheckedRequest("Delete")
    request.stacks.others = {NAME}
    request.stacks.errors = [FAILED] * 99

    assert request.checks.another_owner(NAME) is None
