"""How many AppStream requests a start makes, and what becomes of many starts that share a limit."""

from functools import partial
from itertools import pairwise
from random import Random

import pytest

from support.fake_appstream import FakeAppStream
from support.lambda_harness import LambdaHarness, event, issued_event


def moments(appstream: FakeAppStream, operation: str = "") -> list[float]:
    """Return when each call, or each of one operation, arrived; in seconds since the world began."""
    calls = [call for call in appstream.region.calls.all() if operation in ("", call.operation)]
    return [call.time - appstream.began_at for call in calls]


def test_a_start_makes_at_most_one_call_in_two_seconds(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """The start itself is one of them, in whatever minute."""
    appstream.put("STOPPED")

    harness.run(event())

    times = moments(appstream)
    assert 30 == max(sum(first <= each < first + 60 for each in times) for first in times)


def test_a_throttled_start_is_repeated_without_a_description(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """A description would take a request away from somebody who waits for one."""
    appstream.put("STOPPED")
    appstream.fault("throttle", "Start", times=3)

    harness.run(event())

    assert ["DescribeImageBuilders", *["StartImageBuilder"] * 4, "DescribeImageBuilders"] == appstream.calls()[:6]
    assert 1 == appstream.starts()


def test_a_description_of_half_a_minute_ago_is_too_old(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """After it the builder may be in another state: it is described before the start is repeated."""
    appstream.put("STOPPED")
    appstream.fault("throttle", "Start", times=1)

    harness.run(event(PollIntervalSeconds="30"))

    assert ["Describe", "Start", "Describe", "Start"] == [
        each.removesuffix("ImageBuilders").removesuffix("ImageBuilder") for each in appstream.calls()[:4]
    ]


def test_a_description_is_good_for_half_a_minute(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """A builder that is throttled for longer is described again, since somebody else may have started it."""
    appstream.put("STOPPED")
    appstream.fault("throttle", "Start", seconds=80)

    harness.run(event())

    descriptions = [each for each in moments(appstream, "DescribeImageBuilders") if each < 80]
    assert 3 == len(descriptions)
    assert all(30 <= later - earlier <= 40 for earlier, later in pairwise(descriptions))


def test_a_cancelled_throttled_start_is_not_repeated(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """CloudFormation is asked before each of them."""
    appstream.put("STOPPED")
    appstream.fault("throttle", "Start", times=1)
    appstream.clock.later(1, lambda: harness.stacks.tell("DELETE_IN_PROGRESS"))

    assert "no longer waits" in harness.run(issued_event(appstream))["Reason"]
    assert 0 == appstream.starts()


@pytest.mark.parametrize("seed", range(3))
def test_fifty_builders_share_five_requests_a_second(seed: int) -> None:
    """All of them start soon, and none is noticed later than twice the time that describing each takes."""
    names = [f"shared-{number}" for number in range(50)]
    appstream = FakeAppStream()
    appstream.behave(quota=50)
    appstream.durations(start=120)
    for name in names:
        appstream.put(name=name)
    appstream.region.faults.limit_rate(5)
    sides = {name: LambdaHarness(appstream, random=Random(f"{seed}-{name}").random) for name in names}

    appstream.clock.run_together(*(partial(harness.run, event(Name=name)) for name, harness in sides.items()))

    assert {"SUCCESS"} == {harness.responses[0]["Status"] for harness in sides.values()}
    started = {
        call.name: call.time - appstream.began_at
        for call in appstream.region.calls.all()
        if call.operation == "StartImageBuilder" and not call.error
    }
    # A description and a start for each of them take 20 s at this rate.
    assert max(started.values()) <= 60
    assert max(harness.responded_at[0] - started[name] - 120 for name, harness in sides.items()) <= 20
