"""The specification of waiting: one deadline for the whole request, however many invocations it takes."""

import pytest

from running_image_builder_function.model.errors import CallFailed, Trouble
from support.lambda_side import LambdaSide, event, issued_event
from support.world import NAME, World

SILENT_REMEDY = "Look at it in the AppStream console, or raise the timeout."


def refused(trouble: Trouble = Trouble.DENIED, code: str = "AccessDeniedException") -> CallFailed:
    """Return a refusal of a hand-over."""
    return CallFailed(trouble, action="lambda:InvokeFunction", code=code, detail="any")


def test_a_builder_that_never_runs_fails_at_the_timeout(side: LambdaSide, world: World) -> None:
    """The reason tells what was wanted, how long, and what to do."""
    world.put("STOPPED")
    world.starts_end("never")

    answer = side.run(event(TimeoutSeconds="90"))

    assert f"Image builder {NAME} (PENDING): not RUNNING within 1.5 minutes. {SILENT_REMEDY}" == answer["Reason"]
    assert [90] == side.answered_at


def test_the_default_timeout_is_half_an_hour(side: LambdaSide, world: World) -> None:
    """It spans three invocations of fifteen minutes."""
    world.put("STOPPED")
    world.starts_end("never")

    answer = side.run(event())

    assert "not RUNNING within 30 minutes" in answer["Reason"]
    assert [1800] == side.answered_at
    assert 2 == len(side.handed_over)


@pytest.mark.parametrize(("limit", "hand_overs"), [(8, 104), (60, 13), (300, 1), (900, 0)])
def test_a_wait_longer_than_an_invocation_is_handed_over(
    side: LambdaSide, world: World, limit: float, hand_overs: int
) -> None:
    """Whatever Lambda's limit: one start, one answer, as soon as with a single invocation."""
    side.limit = limit
    world.put("STOPPED")

    answer = side.run(event())

    assert "SUCCESS" == answer["Status"]
    assert 1 == world.starts()
    assert hand_overs == len(side.handed_over)
    assert 420 <= side.answered_at[0] <= 422


@pytest.mark.parametrize(("limit", "margin"), [(900, 45), (120, 45), (80, 40), (8, 4)])
def test_a_hand_over_is_made_well_before_lambdas_limit(
    side: LambdaSide, world: World, limit: float, margin: float
) -> None:
    """Forty-five seconds before it, or half of a short limit."""
    side.limit = limit
    world.put("PENDING")
    moments: list[float] = []
    side.on_hand_over = lambda: moments.append(world.elapsed())

    side.run(event())

    assert limit - margin == moments[0]


@pytest.mark.parametrize("limit", [20, 900])
def test_the_deadline_survives_hand_overs(side: LambdaSide, world: World, limit: float) -> None:
    """It counts from the first invocation."""
    side.limit = limit
    world.put("STOPPED")
    world.starts_end("never")

    side.run(event(TimeoutSeconds="3540"))

    assert [3540] == side.answered_at


def test_a_handed_over_start_that_falls_back_fails(side: LambdaSide, world: World) -> None:
    """The successor knows that a start was accepted and that another state was seen."""
    side.limit = 60
    world.put("STOPPED")
    world.starts_end("stopped")

    answer = side.run(event())

    assert (
        "the start failed. Mend what AWS names here, then deploy again. AWS: INTERNAL_SERVICE_ERROR" in answer["Reason"]
    )
    assert 1 == world.starts()


def test_a_handed_over_event_is_the_same_event_with_a_memory(side: LambdaSide, world: World) -> None:
    """Nothing that CloudFormation sent is lost or changed."""
    side.limit = 300
    world.put("STOPPED")

    side.run(event())

    assert event() == {key: side.handed_over[0][key] for key in event()}
    assert 1 == len(set(side.handed_over[0]) - set(event()))


def test_the_deadline_counts_from_when_cloudformation_issued_the_request(side: LambdaSide, world: World) -> None:
    """Lambda may deliver an event late, or again after a killed invocation."""
    world.put("STOPPED")
    world.starts_end("never")

    side.run(issued_event(world, seconds_ago=600, TimeoutSeconds="1200"))

    assert [600] == side.answered_at


def test_a_date_a_little_ahead_is_used(side: LambdaSide, world: World) -> None:
    """Two clocks differ: CloudFormation's is the one that its own timeout counts by."""
    world.put("STOPPED")
    world.starts_end("never")

    side.run(issued_event(world, seconds_ago=-5, TimeoutSeconds="60"))

    assert [65] == side.answered_at


@pytest.mark.parametrize("seconds_ago", [1800, 86_400])
def test_a_request_that_arrives_after_its_deadline_starts_nothing(
    side: LambdaSide, world: World, seconds_ago: float
) -> None:
    """There is no time left to wait for what would be started."""
    world.put("STOPPED")

    answer = side.run(issued_event(world, seconds_ago=seconds_ago))

    assert "not RUNNING within 30 minutes" in answer["Reason"]
    assert 0 == world.starts()


def test_a_request_that_arrives_after_its_deadline_is_answered_truthfully(side: LambdaSide, world: World) -> None:
    """A builder that does run is a success, however late."""
    world.put("RUNNING")

    assert "SUCCESS" == side.run(issued_event(world, seconds_ago=1801))["Status"]


def test_a_refused_hand_over_is_tried_again(side: LambdaSide, world: World) -> None:
    """A permission that is still spreading, or a throttled Lambda, costs seconds only."""
    side.limit = 300
    world.put("STOPPED")
    side.invoke_errors = [refused(), refused(Trouble.THROTTLED, "TooManyRequestsException")]

    assert "SUCCESS" == side.run(event())["Status"]
    assert 1 == len(side.handed_over)


def test_a_hand_over_that_stays_refused_fails_with_that_reason(side: LambdaSide, world: World) -> None:
    """There is time left to answer: nobody reads that something timed out."""
    side.limit = 300
    world.put("STOPPED")
    side.invoke_errors = [refused() for _ in range(100)]

    answer = side.run(event())

    assert (
        f"Image builder {NAME} (PENDING): not RUNNING, and the wait could not be handed over: access denied. "
        "Allow the function's role lambda:InvokeFunction. AWS: AccessDeniedException on lambda:InvokeFunction: any"
        == answer["Reason"]
    )
    assert NAME == answer["PhysicalResourceId"]


@pytest.mark.parametrize(("limit", "gives_up_after"), [(900, 855 + 9), (300, 255 + 9), (40, 20)])
def test_time_is_kept_for_the_answer_and_a_look_at_the_stack(
    side: LambdaSide, world: World, limit: float, gives_up_after: float
) -> None:
    """No try is begun that could hang into them, except for the first one; nor is an invocation ended in one."""
    side.limit = limit
    world.put("PENDING")
    side.invoke_errors = [refused() for _ in range(100)]

    side.run(event())

    assert [pytest.approx(gives_up_after, abs=0.5)] == side.answered_at


@pytest.mark.parametrize(
    ("trouble", "code"),
    [(Trouble.THROTTLED, "TooManyRequestsException"), (Trouble.UNAVAILABLE, "EndpointConnectionError")],
)
def test_a_start_that_goes_well_does_not_fail_because_lambda_is_in_trouble(
    side: LambdaSide, world: World, trouble: Trouble, code: str
) -> None:
    """Lambda delivers the event again a minute later; that one has the memory of the hand-over before."""
    side.limit = 300
    world.put("STOPPED")
    died: list[float] = []
    side.on_death = lambda: died.append(world.elapsed())
    side.invoke_errors = [refused(trouble, code) for _ in range(5)]

    answer = side.run(event())

    assert ("SUCCESS", 1, 1) == (answer["Status"], world.starts(), len(died))
    assert 255 <= died[0] <= 300


def test_a_hand_over_without_an_answer_is_left_to_lambda_once(side: LambdaSide, world: World) -> None:
    """It may have arrived: who tries again, and is tried again himself, would make thousands of successors."""
    side.limit = 300
    world.put("STOPPED")
    world.starts_end("never")
    side.invoke_errors = [refused(Trouble.UNAVAILABLE, "ReadTimeoutError") for _ in range(5)]

    answer = side.run(issued_event(world, TimeoutSeconds="3000"))

    assert "the wait could not be handed over: Lambda did not answer" in answer["Reason"]
    assert (1, 3, 1) == (side.deaths, len(side.invoke_errors), world.starts())


@pytest.mark.parametrize("trouble", [Trouble.INVALID, Trouble.NOT_FOUND])
def test_a_hand_over_refused_for_good_fails_at_once(side: LambdaSide, world: World, trouble: Trouble) -> None:
    """Lambda ends what looks like an endless chain; trying again would not help."""
    side.limit = 300
    world.put("STOPPED")
    side.invoke_errors = [refused(trouble, "RecursiveInvocationException")]

    answer = side.run(event())

    assert "the wait could not be handed over: " in answer["Reason"]
    assert "AWS: RecursiveInvocationException on lambda:InvokeFunction" in answer["Reason"]
    assert [255] == side.answered_at
