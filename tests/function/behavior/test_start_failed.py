"""The specification of a Create or Update, part two: stale descriptions, and when a start counts as failed."""

import pytest

from running_image_builder_function.model.image_builder import ImageBuilder
from running_image_builder_function.timing import CONSISTENCY_WINDOW
from support.fake_appstream import NAME, FakeAppStream
from support.lambda_harness import LambdaHarness, event, issued_event


@pytest.mark.parametrize("lag", [1, 20, 50])
def test_stopped_after_an_accepted_start_is_taken_as_stale(harness: LambdaHarness, lag: float) -> None:
    """AppStream is eventually consistent: the old state may be shown for a while."""
    harness.appstream.put("STOPPED")
    harness.appstream.durations(describe_lag=lag)

    assert "SUCCESS" == harness.run(event())["Status"]
    assert ["StartImageBuilder"] == harness.appstream.calls("StartImageBuilder")


def test_stopped_for_longer_than_any_lag_is_a_failed_start(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """It fails then, without a second start."""
    appstream.put("STOPPED")
    appstream.durations(describe_lag=10_000)

    response = harness.run(event())

    assert "FAILED" == response["Status"]
    assert (
        f"Image builder {NAME} (STOPPED): the start failed. "
        "See the builder in the AppStream console, then deploy again. AWS: no reason given" == response["Reason"]
    )
    assert ["StartImageBuilder"] == appstream.calls("StartImageBuilder")
    assert CONSISTENCY_WINDOW <= harness.responded_at[0] <= CONSISTENCY_WINDOW + 2


@pytest.mark.parametrize(("kind", "state"), [("stopped", "STOPPED"), ("stopping", "STOPPING")])
def test_a_failed_start_has_the_builders_own_errors(harness: LambdaHarness, kind: str, state: str) -> None:
    """The person at the events pane reads what AppStream recorded."""
    harness.appstream.put("STOPPED")
    harness.appstream.starts_end(kind, error_code="SUBNET_NOT_FOUND", error_message="The subnet is gone.")

    response = harness.run(event())

    assert "FAILED" == response["Status"]
    assert response["Reason"].startswith(f"Image builder {NAME} ({state}): the start failed")
    said = "Fix the problem that AWS reports, then deploy again. AWS: SUBNET_NOT_FOUND: The subnet is gone."
    assert (said in response["Reason"]) == (state == "STOPPED")
    assert 1 == harness.appstream.starts()
    assert 420 <= harness.responded_at[0] <= 422


@pytest.mark.parametrize(
    ("seconds_ago", "said"),
    [
        (30 * 86400, "See the builder in the AppStream console, then deploy again. AWS: no reason given"),
        (40, "See the builder in the AppStream console, then deploy again. AWS: no reason given"),
        (20, "Fix the problem that AWS reports, then deploy again. AWS: OLD: Before."),
        (None, "Fix the problem that AWS reports, then deploy again. AWS: OLD: Before."),
    ],
)
def test_a_failed_start_is_not_explained_by_earlier_errors(
    harness: LambdaHarness, appstream: FakeAppStream, seconds_ago: float | None, said: str
) -> None:
    """AppStream keeps them; its clock may be behind, and an error without a time may be this start's."""
    old: dict[str, object] = {"ErrorCode": "OLD", "ErrorMessage": "Before."}
    if seconds_ago is not None:
        old["ErrorTimestamp"] = appstream.clock.now - seconds_ago
    appstream.put("STOPPED", ImageBuilderErrors=[old])

    def fall_back() -> None:
        appstream.move("PENDING", (60, "STOPPED"))
        appstream.show(ImageBuilderErrors=[old])

    appstream.clock.later(5, fall_back)

    response = harness.run(event())

    assert f"Image builder {NAME} (STOPPED): the start failed. {said}" == response["Reason"]
    assert 1 == appstream.starts()


@pytest.mark.parametrize(("failed_at", "starts"), [(-60, 1), (10, 1), (60, 0)])
def test_a_start_that_failed_before_a_late_first_description_is_not_repeated(
    harness: LambdaHarness, appstream: FakeAppStream, failed_at: float, starts: int
) -> None:
    """AppStream could not be reached until then: another delivery of the event may have made it."""
    error = {"ErrorCode": "E", "ErrorMessage": "No.", "ErrorTimestamp": appstream.clock.now + failed_at}
    appstream.put("STOPPED", ImageBuilderErrors=[error])
    appstream.fault("server_error", "Describe", seconds=100)

    response = harness.run(issued_event(appstream))

    assert ("SUCCESS" if starts else "FAILED", starts) == (response["Status"], appstream.starts())


@pytest.mark.parametrize("at", [20, 60, 90])
@pytest.mark.parametrize("old", [{"state": "STOPPED"}, {"state": "RUNNING", "AppstreamAgentVersion": "01-01-2020"}])
def test_one_old_description_is_no_failed_start(
    harness: LambdaHarness, appstream: FakeAppStream, old: dict[str, str], at: float
) -> None:
    """It comes from before the start, though another one has shown the start already."""
    appstream.put("STOPPED", AppstreamAgentVersion="01-01-2020")
    current = appstream.builders.describe
    before = {"Name": NAME, "State": old["state"], "AppstreamAgentVersion": "01-01-2020"}

    def outdated(name: str) -> ImageBuilder:
        appstream.builders.describe = current  # type: ignore[method-assign]
        return ImageBuilder(before)

    appstream.clock.later(at, lambda: setattr(appstream.builders, "describe", outdated))

    assert "SUCCESS" == harness.run(event(AppstreamAgentVersion="LATEST"))["Status"]
    assert 1 == appstream.starts()


@pytest.mark.parametrize("limit", [60, 900])
@pytest.mark.parametrize("lost", [None, "drop", "server_error"])
@pytest.mark.parametrize("seconds_ago", [None, 60])
def test_a_start_that_falls_back_is_not_repeated(
    harness: LambdaHarness, appstream: FakeAppStream, limit: float, lost: str | None, seconds_ago: float | None
) -> None:
    """It was seen under way, by whichever invocation and delivery, and even where its response was lost."""
    harness.limit = limit
    appstream.put("STOPPED")
    appstream.starts_end("stopped")
    if lost is not None:
        appstream.fault(lost, "Start", after_effect=True, times=1)

    response = harness.run(event() if seconds_ago is None else issued_event(appstream, seconds_ago=seconds_ago))

    said = "the start failed. Fix the problem that AWS reports, then deploy again. AWS: INTERNAL_SERVICE_ERROR"
    assert said in response["Reason"]
    assert 1 == appstream.starts()
    assert 420 <= harness.responded_at[0] <= 423


def test_a_failed_builders_newest_error_comes_first(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """StateChangeReason comes first, then the errors by their time."""
    appstream.put(
        "FAILED",
        StateChangeReason={"Code": "INTERNAL_ERROR", "Message": "It broke."},
        ImageBuilderErrors=[
            {"ErrorCode": "OLD", "ErrorMessage": "Before.", "ErrorTimestamp": appstream.clock.now - 900},
            {"ErrorCode": "NEW", "ErrorMessage": "Just now.", "ErrorTimestamp": appstream.clock.now - 10},
        ],
    )

    response = harness.run(event())

    assert (
        f"Image builder {NAME} (FAILED): it cannot be started. Delete it and create it again, then deploy again. "
        "AWS: INTERNAL_ERROR: It broke.; NEW: Just now.; OLD: Before." == response["Reason"]
    )


def test_a_failed_builder_without_a_reason(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """Every field but the name may be absent."""
    appstream.put("FAILED")

    assert harness.run(event())["Reason"].endswith(
        "Delete it and create it again, then deploy again. AWS: no reason given"
    )


def test_a_builder_being_deleted_fails_with_that_reason(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """What it complained about before does not matter any more."""
    appstream.put("DELETING", StateChangeReason={"Code": "INTERNAL_ERROR", "Message": "It broke."})

    assert (
        f"Image builder {NAME} (DELETING): it is being deleted. Use the name of a builder that stays."
        == harness.run(event())["Reason"]
    )


def test_old_errors_do_not_prevent_a_start(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """They are an earlier start's; this request has made none yet."""
    old = [{"ErrorCode": "OLD", "ErrorMessage": "Before.", "ErrorTimestamp": appstream.clock.now - 1}]
    appstream.put("STOPPED", ImageBuilderErrors=old)

    assert "SUCCESS" == harness.run(event())["Status"]
    assert 1 == appstream.starts()


@pytest.mark.parametrize("code", ["ResourceNotAvailableException", "OperationNotPermittedException", "NobodyToldUs"])
def test_a_start_refused_while_running_is_a_success(
    harness: LambdaHarness, appstream: FakeAppStream, code: str
) -> None:
    """Somebody started it after the last description: whatever AppStream calls that, the next one shows it."""
    appstream.put("STOPPED")
    appstream.durations(start=5)
    appstream.behave(start_refusal_code=code)
    appstream.builders.before_change = lambda: appstream.move("PENDING", (200, "RUNNING"))

    assert "SUCCESS" == harness.run(event())["Status"]
    assert ["StartImageBuilder"] == appstream.calls("StartImageBuilder")
    assert 0 == appstream.starts()


def test_a_start_accepted_while_running_is_a_success(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """What a start of a RUNNING builder responds is documented nowhere."""
    appstream.put("STOPPED")
    appstream.behave(start_refusal_code="")
    appstream.builders.before_change = lambda: appstream.move("RUNNING")

    assert "SUCCESS" == harness.run(event())["Status"]
