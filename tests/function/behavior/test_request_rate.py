"""How many AppStream requests a start makes, and what becomes of many starts that share a limit."""

from functools import partial
from itertools import pairwise
from random import Random

import pytest

from support.lambda_side import LambdaSide, event, issued_event
from support.together import SharedClock
from support.world import World


def moments(world: World, operation: str = "") -> list[float]:
    """Return when each call, or each of one operation, arrived; in seconds since the world began."""
    calls = [call for call in world.place.calls.all() if operation in ("", call.operation)]
    return [call.time - world.began_at for call in calls]


def test_a_start_makes_no_more_calls_than_one_every_two_seconds(side: LambdaSide, world: World) -> None:
    """The start itself is one of them, in whatever minute one looks."""
    world.put("STOPPED")

    side.run(event())

    times = moments(world)
    assert 30 == max(sum(first <= each < first + 60 for each in times) for first in times)


def test_a_throttled_start_is_repeated_without_another_look(side: LambdaSide, world: World) -> None:
    """A look would take a request away from somebody who waits for one."""
    world.put("STOPPED")
    world.fault("throttle", "Start", times=3)

    side.run(event())

    assert ["DescribeImageBuilders", *["StartImageBuilder"] * 4, "DescribeImageBuilders"] == world.calls()[:6]
    assert 1 == world.starts()


def test_a_look_of_exactly_half_a_minute_ago_is_too_old(side: LambdaSide, world: World) -> None:
    """After it the builder may be in another state: it is looked at before the start is repeated."""
    world.put("STOPPED")
    world.fault("throttle", "Start", times=1)

    side.run(event(PollIntervalSeconds="30"))

    assert ["Describe", "Start", "Describe", "Start"] == [
        each.removesuffix("ImageBuilders").removesuffix("ImageBuilder") for each in world.calls()[:4]
    ]


def test_a_look_is_good_for_half_a_minute(side: LambdaSide, world: World) -> None:
    """A builder that is throttled for longer is looked at again, since somebody else may have started it."""
    world.put("STOPPED")
    world.fault("throttle", "Start", seconds=80)

    side.run(event())

    looks = [each for each in moments(world, "DescribeImageBuilders") if each < 80]
    assert 3 == len(looks)
    assert all(30 <= later - earlier <= 40 for earlier, later in pairwise(looks))


def test_a_throttled_start_is_not_repeated_where_nobody_waits_any_more(side: LambdaSide, world: World) -> None:
    """CloudFormation is asked before each of them."""
    world.put("STOPPED")
    world.fault("throttle", "Start", times=1)
    world.clock.later(1, lambda: side.stacks.tell("DELETE_IN_PROGRESS"))

    assert "no longer waits" in side.run(issued_event(world))["Reason"]
    assert 0 == world.starts()


@pytest.mark.parametrize("seed", range(3))
def test_fifty_builders_share_five_requests_a_second(seed: int) -> None:
    """All of them start soon, and none is noticed later than twice the time that a look at each takes."""
    names = [f"shared-{number}" for number in range(50)]
    world = World(SharedClock())
    world.behave(quota=50)
    world.durations(start=120)
    for name in names:
        world.put(name=name)
    world.place.faults.limit_rate(5)
    sides = {name: LambdaSide(world, random=Random(f"{seed}-{name}").random) for name in names}

    assert isinstance(world.clock, SharedClock)
    world.clock.run_together(*(partial(side.run, event(Name=name)) for name, side in sides.items()))

    assert {"SUCCESS"} == {side.answers[0]["Status"] for side in sides.values()}
    started = {
        call.name: call.time - world.began_at
        for call in world.place.calls.all()
        if call.operation == "StartImageBuilder" and not call.error
    }
    # A look and a start for each of them take 20 s at this rate.
    assert max(started.values()) <= 60
    assert max(side.answered_at[0] - started[name] - 120 for name, side in sides.items()) <= 20
