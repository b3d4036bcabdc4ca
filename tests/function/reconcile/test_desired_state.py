"""The patience that both goals share, at its exact ends."""

import pytest

from running_image_builder_function.cloudformation.request import Request
from running_image_builder_function.model.errors import CallFailed, RequestFailed, Trouble
from running_image_builder_function.model.image_builder import ImageBuilder
from running_image_builder_function.reconcile.callback_context import Journey
from running_image_builder_function.reconcile.desired_state import Goal, Step
from running_image_builder_function.reconcile.ensure_running import EnsureRunning
from running_image_builder_function.reconcile.on_delete import EnsureStopped
from support.world import ARN, NAME

BEGAN = 1_800_000_000.0


@pytest.fixture(params=[EnsureRunning, EnsureStopped])
def goal(request: pytest.FixtureRequest) -> Goal:
    """Return either goal at its beginning."""
    made: Goal = request.param(Request(name=NAME, timeout=600), Journey(began_at=BEGAN), arn=ARN)
    return made


def failed(trouble: Trouble) -> CallFailed:
    """Return a failed call."""
    return CallFailed(trouble, action="any:Action", code="Code", detail="Detail.")


def test_the_deadline_counts_from_the_beginning(goal: Goal) -> None:
    """In seconds since the epoch."""
    assert BEGAN + 600 == goal.deadline


@pytest.mark.parametrize(("certain", "patience"), [(True, 100), (False, 10)])
def test_a_description_may_be_stale_for_a_while(goal: Goal, certain: bool, patience: float) -> None:
    """Longer where the call was surely accepted."""
    goal.accepted(Step.START, now=BEGAN, certain=certain)

    assert goal.may_be_stale(now=BEGAN + patience - 0.1)
    assert not goal.may_be_stale(now=BEGAN + patience)


def test_a_late_stop_is_waited_out_until_its_moment() -> None:
    """And not beyond."""
    builder = ImageBuilder({"Name": NAME, "State": "RUNNING"})
    journey = Journey(began_at=BEGAN, quiet_until=BEGAN + 370)
    running = EnsureRunning(Request(name=NAME, timeout=600), journey, arn=ARN)

    assert [Step.WAIT, Step.DONE] == [running.step(builder, now=BEGAN + after) for after in (369.9, 370)]


@pytest.mark.parametrize(
    ("trouble", "patience"),
    [(Trouble.BUSY, 300), (Trouble.REFUSED, 100), (Trouble.DENIED, 90), (Trouble.NOT_FOUND, 10)],
)
def test_a_refusal_is_tried_again_for_a_while(goal: Goal, trouble: Trouble, patience: float) -> None:
    """Counted from the first one."""
    goal.refused(Step.START, failed(trouble), now=BEGAN + 50)
    goal.refused(Step.START, failed(trouble), now=BEGAN + 50 + patience - 0.1)

    if isinstance(goal, EnsureStopped) and trouble is Trouble.NOT_FOUND:
        goal.refused(Step.START, failed(trouble), now=BEGAN + 50 + patience)  # it is gone: the next look says so
        return
    with pytest.raises(RequestFailed, match=r"Code on any:Action|role any:Action"):
        goal.refused(Step.START, failed(trouble), now=BEGAN + 50 + patience)


@pytest.mark.parametrize(
    ("trouble", "patience"),
    [(Trouble.BUSY, 300), (Trouble.DENIED, 90), (Trouble.REFUSED, 10), (Trouble.NOT_FOUND, 10), (Trouble.INVALID, 10)],
)
def test_a_refused_look_is_repeated_for_a_while(goal: Goal, trouble: Trouble, patience: float) -> None:
    """Counted from the first refusal in a row: a look that is answered ends it."""
    goal.unanswered(failed(trouble), now=BEGAN)
    goal.looked(ImageBuilder({"Name": NAME, "State": "PENDING"}), now=BEGAN + 5)
    goal.unanswered(failed(trouble), now=BEGAN + 50)
    goal.unanswered(failed(trouble), now=BEGAN + 50 + patience - 0.1)

    with pytest.raises(RequestFailed, match=r"Code on any:Action|role any:Action"):
        goal.unanswered(failed(trouble), now=BEGAN + 50 + patience)


def test_a_service_without_an_address_is_given_a_minute(goal: Goal) -> None:
    """A Region may lack it; its call has not taken effect."""
    lacks = CallFailed(Trouble.UNAVAILABLE, action="scheduler:Any", code="E", detail="no", has_no_endpoint=True)
    goal.refused(Step.START, lacks, now=BEGAN)
    goal.refused(Step.START, lacks, now=BEGAN + 59.9)

    assert not goal.journey.acted
    with pytest.raises(RequestFailed):
        goal.refused(Step.START, lacks, now=BEGAN + 60)


def test_a_call_whose_answer_was_lost_may_have_been_accepted(goal: Goal) -> None:
    """It is remembered as such."""
    goal.refused(Step.START, failed(Trouble.UNAVAILABLE), now=BEGAN + 5)

    assert (
        Journey(began_at=BEGAN, acted="start", acted_at=BEGAN + 5, certain=False, moved=False, did_start=True)
        == goal.journey
    )
    assert goal.journey.certain is False


def test_an_accepted_call_ends_what_came_before(goal: Goal) -> None:
    """A new count begins for everything."""
    goal.journey.refused_since = {"stop": BEGAN}
    goal.journey.running_since = BEGAN
    goal.journey.moved = True

    goal.accepted(Step.STOP, now=BEGAN + 5)

    expected = Journey(began_at=BEGAN, acted="stop", acted_at=BEGAN + 5, certain=True, restarted=True)
    assert expected == goal.journey


def test_once_started_or_restarted_is_remembered(goal: Goal) -> None:
    """A stop does not undo that there was a start, nor the other way round."""
    goal.accepted(Step.START, now=BEGAN)
    goal.accepted(Step.STOP, now=BEGAN)
    goal.accepted(Step.START, now=BEGAN)

    assert (True, True) == (goal.journey.did_start, goal.journey.restarted)


def test_a_goal_of_no_kind_decides_nothing() -> None:
    """The two kinds do."""
    with pytest.raises(NotImplementedError):
        Goal(Request(name=NAME), Journey(began_at=BEGAN), arn=ARN).step(ImageBuilder({}), now=BEGAN)


def test_a_failed_look_is_never_enough_for_a_stop() -> None:
    """Only that a builder was seen stopped is."""
    goal = EnsureStopped(Request(name=NAME), Journey(began_at=BEGAN), arn=ARN)

    assert not goal.is_enough(now=BEGAN)


def test_a_running_builder_is_enough_only_where_its_address_alone_is_missing() -> None:
    """Once the address is due; a builder with another agent, or one that runs no more, is never enough."""
    goal = EnsureRunning(Request(name=NAME, timeout=600), Journey(began_at=BEGAN), arn=ARN)
    vpc = {"State": "RUNNING", "VpcConfig": {"SubnetIds": ["subnet-1"]}}

    assert not goal.is_enough(now=BEGAN + 600)
    assert Step.WAIT is goal.step(ImageBuilder(vpc), now=BEGAN)
    assert not goal.is_enough(now=BEGAN + 299.9)
    assert goal.is_enough(now=BEGAN + 300)
    assert Step.WAIT is goal.step(ImageBuilder({**vpc, "State": "REBOOTING"}), now=BEGAN)
    assert not goal.is_enough(now=BEGAN + 600)
