"""The specification of a Create or Update, part five: the network interface's address."""

import pytest

from running_image_builder_function.model.errors import CallFailed, Trouble
from support.lambda_side import LambdaSide, event
from support.world import World


@pytest.mark.parametrize("delay", [1, 30, 58])
def test_an_address_that_comes_late_is_waited_for(side: LambdaSide, world: World, delay: float) -> None:
    """AppStream shows the interface some time after RUNNING."""
    world.put("STOPPED")
    world.durations(eni_delay=delay)

    answer = side.run(event())

    assert "SUCCESS" == answer["Status"]
    assert answer["Data"]["EniPrivateIpAddress"].startswith("10.")
    assert answer["Data"]["EniId"].startswith("eni-")
    assert 420 + delay <= side.answered_at[0] <= 422 + delay


def test_an_address_that_never_comes_is_waited_for_briefly(
    side: LambdaSide, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """The builder does run: five minutes later the answer goes out without it, and a warning says so."""
    world.put("STOPPED")
    world.durations(eni_delay=10_000)

    answer = side.run(event())

    assert "SUCCESS" == answer["Status"]
    assert ("", "") == (answer["Data"]["EniPrivateIpAddress"], answer["Data"]["EniId"])
    assert [720] == side.answered_at
    assert ["WARNING"] == [each.levelname for each in caplog.records if "has not told its address" in each.message]


def test_an_ipv6_address_is_one(side: LambdaSide, world: World) -> None:
    """A subnet may have no other; nothing more is waited for."""
    world.put(
        "RUNNING",
        VpcConfig={"SubnetIds": ["subnet-1"]},
        NetworkAccessConfiguration={"EniId": "eni-1", "EniIpv6Addresses": ["2001:db8::1"]},
    )

    answer = side.run(event())

    assert ("", "2001:db8::1") == (answer["Data"]["EniPrivateIpAddress"], answer["Data"]["EniIpv6Addresses"])
    assert [0] == side.answered_at


@pytest.mark.parametrize(("kind", "patience"), [("access_denied", 90), ("error", 10)])
def test_a_look_that_fails_for_good_ends_the_wait_for_an_address(
    side: LambdaSide, world: World, kind: str, patience: int
) -> None:
    """The builder runs, as was asked for: that is a success."""
    world.put("STOPPED")
    world.durations(eni_delay=50)
    world.clock.later(430, lambda: world.fault(kind, "Describe", code="SomethingNewException"))

    answer = side.run(event())

    assert ("SUCCESS", "RUNNING", "") == (
        answer["Status"],
        answer["Data"]["State"],
        answer["Data"]["EniPrivateIpAddress"],
    )
    assert 430 + patience <= side.answered_at[0] <= 445 + patience


@pytest.mark.parametrize("kind", ["throttle", "drop"])
def test_trouble_does_not_end_the_wait_for_an_address_early(side: LambdaSide, world: World, kind: str) -> None:
    """It may pass, and then the address is there."""
    world.put("STOPPED")
    world.durations(eni_delay=30)
    world.clock.later(430, lambda: world.fault(kind, "Describe", seconds=10))

    assert side.run(event())["Data"]["EniPrivateIpAddress"].startswith("10.")


@pytest.mark.parametrize("kind", ["throttle", "drop"])
def test_trouble_that_lasts_does_not_prolong_the_wait_for_an_address(side: LambdaSide, world: World, kind: str) -> None:
    """The answer goes out with what was seen last."""
    world.put("STOPPED")
    world.durations(eni_delay=30)
    world.clock.later(430, lambda: world.fault(kind, "Describe"))

    answer = side.run(event())

    assert ("SUCCESS", "") == (answer["Status"], answer["Data"]["EniPrivateIpAddress"])
    assert 720 <= side.answered_at[0] <= 740


@pytest.mark.parametrize("trouble", [Trouble.DENIED, Trouble.THROTTLED])
def test_a_wait_for_an_address_that_cannot_be_handed_over_ends(
    side: LambdaSide, world: World, trouble: Trouble
) -> None:
    """The builder runs, and nobody will look again: the answer goes out with what was seen last."""
    side.limit = 60
    world.put("STOPPED")
    world.durations(start=20, eni_delay=50)
    side.invoke_errors = [CallFailed(trouble, action="any", code="any", detail="any") for _ in range(99)]

    answer = side.run(event())

    assert ("SUCCESS", "RUNNING", "") == (
        answer["Status"],
        answer["Data"]["State"],
        answer["Data"]["EniPrivateIpAddress"],
    )
    assert 30 <= side.answered_at[0] <= 60


def test_a_builder_that_left_running_is_no_success_at_a_failed_look(side: LambdaSide, world: World) -> None:
    """What was seen last is what counts."""
    world.put("STOPPED")
    world.durations(eni_delay=50)
    world.clock.later(430, lambda: world.move("REBOOTING"))
    world.clock.later(440, lambda: world.fault("access_denied", "Describe"))

    assert "FAILED" == side.run(event())["Status"]


def test_a_builder_that_runs_at_the_next_look_already_is_waited_for_as_any_other(
    side: LambdaSide, world: World
) -> None:
    """A start can be over between two looks; its address is still to come."""
    world.put("STOPPED")
    world.durations(start=1, eni_delay=30)

    answer = side.run(event())

    assert answer["Data"]["EniPrivateIpAddress"].startswith("10.")
    assert 31 <= side.answered_at[0] <= 34


def test_a_builder_that_stops_while_its_address_is_waited_for_is_a_failed_start(side: LambdaSide, world: World) -> None:
    """RUNNING was seen, so STOPPED is no lag of the start."""
    world.put("STOPPED")
    world.durations(start=1, eni_delay=10_000)
    world.clock.later(20, lambda: world.move("STOPPED"))

    answer = side.run(event())

    assert "the start failed. " in answer["Reason"]
    assert 20 <= side.answered_at[0] <= 22


def test_a_builder_without_a_vpc_has_no_address(side: LambdaSide, world: World) -> None:
    """Nothing is waited for; the attributes are there and empty."""
    world.put("RUNNING", VpcConfig=None)

    answer = side.run(event())

    assert "SUCCESS" == answer["Status"]
    assert ("", "", "") == tuple(answer["Data"][key] for key in ("EniPrivateIpAddress", "EniId", "SubnetIds"))
    assert [0] == side.answered_at


def test_the_wait_for_an_address_begins_anew_after_a_reboot(side: LambdaSide, world: World) -> None:
    """Only an uninterrupted RUNNING counts."""
    world.put("STOPPED")
    world.durations(eni_delay=50)
    world.clock.later(460, lambda: world.move("REBOOTING", (60, "RUNNING")))

    answer = side.run(event())

    assert answer["Data"]["EniPrivateIpAddress"].startswith("10.")
    assert 570 <= side.answered_at[0] <= 574


def test_the_wait_for_an_address_ends_at_the_deadline(side: LambdaSide, world: World) -> None:
    """A request's timeout holds for everything in it."""
    world.put("STOPPED")
    world.durations(start=50, eni_delay=10_000)

    side.run(event(TimeoutSeconds="60"))

    assert 60 <= side.answered_at[0] <= 61
