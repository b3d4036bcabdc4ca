"""The specification of a Create or Update, part five: the network interface's address."""

from functools import partial

import pytest

from running_image_builder_function.model.errors import AwsCallError, ErrorKind
from support.fake_appstream import ARN, NAME, FakeAppStream
from support.lambda_harness import LambdaHarness, event


@pytest.mark.parametrize("delay", [1, 30, 58])
def test_an_address_that_comes_late_is_waited_for(harness: LambdaHarness, delay: float) -> None:
    """AppStream shows the interface some time after RUNNING."""
    harness.appstream.put("STOPPED")
    harness.appstream.durations(eni_delay=delay)

    response = harness.run(event())

    assert "SUCCESS" == response["Status"]
    assert response["Data"]["EniPrivateIpAddress"].startswith("10.")
    assert response["Data"]["EniId"].startswith("eni-")
    assert 420 + delay <= harness.responded_at[0] <= 422 + delay


def test_an_address_that_never_comes_is_waited_for_briefly(
    harness: LambdaHarness, appstream: FakeAppStream, caplog: pytest.LogCaptureFixture
) -> None:
    """The builder does run: five minutes later the response goes out without it, and a warning says so."""
    appstream.put("STOPPED")
    appstream.durations(eni_delay=10_000)

    response = harness.run(event())

    assert "SUCCESS" == response["Status"]
    assert ("", "") == (response["Data"]["EniPrivateIpAddress"], response["Data"]["EniId"])
    assert [720] == harness.responded_at
    assert ["WARNING"] == [each.levelname for each in caplog.records if "shows no address yet" in each.message]


def test_an_ipv6_address_is_one(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """A subnet may have no other; nothing more is waited for."""
    appstream.put(
        "RUNNING",
        VpcConfig={"SubnetIds": ["subnet-1"]},
        NetworkAccessConfiguration={"EniId": "eni-1", "EniIpv6Addresses": ["2001:db8::1"]},
    )

    response = harness.run(event())

    assert ("", "2001:db8::1") == (response["Data"]["EniPrivateIpAddress"], response["Data"]["EniIpv6Addresses"])
    assert [0] == harness.responded_at


@pytest.mark.parametrize(("kind", "retry_for"), [("access_denied", 90), ("error", 10)])
def test_a_final_error_ends_the_wait_for_an_address(harness: LambdaHarness, kind: str, retry_for: int) -> None:
    """The builder runs, as was asked for: that is a success."""
    harness.appstream.put("STOPPED")
    harness.appstream.durations(eni_delay=50)
    harness.appstream.clock.later(430, lambda: harness.appstream.fault(kind, "Describe", code="SomethingNewException"))

    response = harness.run(event())

    assert ("SUCCESS", "RUNNING", "") == (
        response["Status"],
        response["Data"]["State"],
        response["Data"]["EniPrivateIpAddress"],
    )
    assert 430 + retry_for <= harness.responded_at[0] <= 445 + retry_for


@pytest.mark.parametrize("kind", ["throttle", "drop"])
def test_errors_do_not_end_the_wait_for_an_address_early(harness: LambdaHarness, kind: str) -> None:
    """They may pass, and then the address is there."""
    harness.appstream.put("STOPPED")
    harness.appstream.durations(eni_delay=30)
    harness.appstream.clock.later(430, lambda: harness.appstream.fault(kind, "Describe", seconds=10))

    assert harness.run(event())["Data"]["EniPrivateIpAddress"].startswith("10.")


@pytest.mark.parametrize("kind", ["throttle", "drop"])
def test_lasting_errors_do_not_prolong_the_address_wait(harness: LambdaHarness, kind: str) -> None:
    """The response has what was seen last."""
    harness.appstream.put("STOPPED")
    harness.appstream.durations(eni_delay=30)
    harness.appstream.clock.later(430, lambda: harness.appstream.fault(kind, "Describe"))

    response = harness.run(event())

    assert ("SUCCESS", "") == (response["Status"], response["Data"]["EniPrivateIpAddress"])
    assert 720 <= harness.responded_at[0] <= 740


@pytest.mark.parametrize("kind", [ErrorKind.DENIED, ErrorKind.THROTTLED])
def test_a_refused_self_invocation_ends_the_address_wait(harness: LambdaHarness, kind: ErrorKind) -> None:
    """The builder runs, and nobody will describe it again: the response has what was seen last."""
    harness.limit = 60
    harness.appstream.put("STOPPED")
    harness.appstream.durations(start=20, eni_delay=50)
    harness.invoke_errors = [AwsCallError(kind, action="any", code="any", detail="any") for _ in range(99)]

    response = harness.run(event())

    assert ("SUCCESS", "RUNNING", "") == (
        response["Status"],
        response["Data"]["State"],
        response["Data"]["EniPrivateIpAddress"],
    )
    assert 30 <= harness.responded_at[0] <= 60


def test_a_last_description_without_the_builder_is_no_verdict(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """The response has the attributes of the description before it; found as run 951007697."""
    appstream.put("STOPPED")
    appstream.durations(start=20, eni_delay=10_000)
    missed = partial(appstream.fault, "error", "Describe", code="ResourceNotFoundException", status=404)
    appstream.clock.later(52, missed)

    response = harness.run(event(TimeoutSeconds="60"))

    assert ("SUCCESS", "RUNNING") == (response["Status"], response["Data"]["State"])
    assert response["Data"]["Arn"].endswith(NAME)


def test_a_builder_that_left_running_is_not_enough(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """What was seen last is what counts."""
    appstream.put("STOPPED")
    appstream.durations(eni_delay=50)
    appstream.clock.later(430, lambda: appstream.move("REBOOTING"))
    appstream.clock.later(440, lambda: appstream.fault("access_denied", "Describe"))

    assert "FAILED" == harness.run(event())["Status"]


def test_a_fast_start_waits_for_its_address_too(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """A start can be over between two descriptions; its address is still to come."""
    appstream.put("STOPPED")
    appstream.durations(start=1, eni_delay=30)

    assert harness.run(event())["Data"]["EniPrivateIpAddress"].startswith("10.")
    assert 31 <= harness.responded_at[0] <= 34


def test_a_stop_during_the_address_wait_is_a_failed_start(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """RUNNING was seen, so a second STOPPED isn't stale."""
    appstream.put("STOPPED")
    appstream.durations(start=1, eni_delay=10_000)
    appstream.clock.later(20, lambda: appstream.move("STOPPED"))

    assert "the start failed. " in harness.run(event())["Reason"]
    assert 30 <= harness.responded_at[0] <= 32


def test_a_builder_without_a_vpc_has_no_address(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """Nothing is waited for; the attributes are there and empty."""
    appstream.put("RUNNING", VpcConfig=None)

    response = harness.run(event())

    assert "SUCCESS" == response["Status"]
    assert ("", "", "") == tuple(response["Data"][key] for key in ("EniPrivateIpAddress", "EniId", "SubnetIds"))
    assert [0] == harness.responded_at


def test_the_wait_for_an_address_begins_anew_after_a_reboot(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """Only an uninterrupted RUNNING counts."""
    appstream.put("STOPPED")
    appstream.durations(eni_delay=50)
    appstream.clock.later(460, lambda: appstream.move("REBOOTING", (60, "RUNNING")))

    assert harness.run(event())["Data"]["EniPrivateIpAddress"].startswith("10.")
    assert 570 <= harness.responded_at[0] <= 574


def test_the_wait_for_an_address_ends_at_the_deadline(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """A request's timeout holds for everything in it."""
    appstream.put("STOPPED")
    appstream.durations(start=50, eni_delay=10_000)

    harness.run(event(TimeoutSeconds="60"))

    assert 60 <= harness.responded_at[0] <= 61


@pytest.mark.parametrize("kind", ["drop", "access_denied"])
def test_what_an_earlier_invocation_has_described_is_enough(appstream: FakeAppStream, kind: str) -> None:
    """The builder runs, with all its attributes but the address, though nothing describes it any more."""
    harness = LambdaHarness(appstream, limit=60)
    appstream.put("RUNNING", VpcConfig={"SubnetIds": ["subnet-1"]}, NetworkAccessConfiguration=None)
    harness.on_self_invocation = lambda: appstream.fault(kind, "Describe")

    response = harness.run(event(TimeoutSeconds="180"))

    assert ("SUCCESS", "RUNNING", ARN) == (response["Status"], response["Data"]["State"], response["Data"]["Arn"])
    assert "" == response["Data"]["EniPrivateIpAddress"]


def test_a_builder_that_ran_and_is_gone_is_no_success(appstream: FakeAppStream) -> None:
    """Whatever an earlier invocation has described."""
    harness = LambdaHarness(appstream, limit=60)
    appstream.put("RUNNING", VpcConfig={"SubnetIds": ["subnet-1"]}, NetworkAccessConfiguration=None)
    harness.on_self_invocation = lambda: None if appstream.starts() else appstream.move("STOPPED")
    appstream.clock.later(40, lambda: appstream.fault("drop", "Describe"))
    appstream.starts_end("never")

    response = harness.run(event(TimeoutSeconds="180"))

    assert ("FAILED", 1) == (response["Status"], appstream.starts())
