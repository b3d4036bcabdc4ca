"""The specification of waiting: one deadline for the whole request, however many invocations it takes."""

import pytest

from running_image_builder_function.model.errors import AwsCallError, ErrorKind
from support.fake_appstream import NAME, FakeAppStream
from support.lambda_harness import LambdaHarness, event, issued_event

SILENT_REMEDY = "See the AppStream console, or raise the timeout."


def refused(kind: ErrorKind = ErrorKind.DENIED, code: str = "AccessDeniedException") -> AwsCallError:
    """Return a refusal of a self-invocation."""
    return AwsCallError(kind, action="lambda:InvokeFunction", code=code, detail="any")


def test_a_builder_that_never_runs_fails_at_the_timeout(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """The reason says what was wanted, how long, and what to do."""
    appstream.put("STOPPED")
    appstream.starts_end("never")

    response = harness.run(event(TimeoutSeconds="90"))

    assert f"Image builder {NAME} (PENDING): not RUNNING within 1.5 minutes. {SILENT_REMEDY}" == response["Reason"]
    assert [90] == harness.responded_at


def test_the_default_timeout_is_half_an_hour(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """It spans three invocations of fifteen minutes."""
    appstream.put("STOPPED")
    appstream.starts_end("never")

    assert "not RUNNING within 30 minutes" in harness.run(event())["Reason"]
    assert [1800] == harness.responded_at
    assert 2 == len(harness.self_invoked)


@pytest.mark.parametrize(("limit", "self_invocations"), [(8, 104), (60, 13), (300, 1), (900, 0)])
def test_a_wait_longer_than_an_invocation_is_self_invoked(
    harness: LambdaHarness, appstream: FakeAppStream, limit: float, self_invocations: int
) -> None:
    """Whatever Lambda's limit: one start, one response, as soon as with a single invocation."""
    harness.limit = limit
    appstream.put("STOPPED")

    response = harness.run(event())

    assert "SUCCESS" == response["Status"]
    assert 1 == appstream.starts()
    assert self_invocations == len(harness.self_invoked)
    assert 420 <= harness.responded_at[0] <= 422


@pytest.mark.parametrize(("limit", "margin"), [(900, 45), (120, 45), (80, 40), (8, 4)])
def test_a_self_invocation_is_made_well_before_lambdas_limit(
    harness: LambdaHarness, limit: float, margin: float
) -> None:
    """Forty-five seconds before it, or half of a short limit."""
    harness.limit = limit
    harness.appstream.put("PENDING")
    moments: list[float] = []
    harness.on_self_invocation = lambda: moments.append(harness.appstream.elapsed())

    harness.run(event())

    assert limit - margin == moments[0]


@pytest.mark.parametrize("limit", [20, 900])
def test_the_deadline_survives_self_invocations(harness: LambdaHarness, appstream: FakeAppStream, limit: float) -> None:
    """It counts from the first invocation."""
    harness.limit = limit
    appstream.put("STOPPED")
    appstream.starts_end("never")

    harness.run(event(TimeoutSeconds="3540"))

    assert [3540] == harness.responded_at


def test_a_self_invoked_event_only_adds_the_callback_context(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """Nothing that CloudFormation sent is lost or changed."""
    harness.limit = 300
    appstream.put("STOPPED")

    harness.run(event())

    assert event() == {key: harness.self_invoked[0][key] for key in event()}
    assert 1 == len(set(harness.self_invoked[0]) - set(event()))


@pytest.mark.parametrize(("seconds_ago", "timeout", "responded_at"), [(600, "1200", 600), (-5, "60", 65)])
def test_the_deadline_counts_from_the_requests_date(
    harness: LambdaHarness, appstream: FakeAppStream, seconds_ago: float, timeout: str, responded_at: float
) -> None:
    """Lambda may deliver an event late, or again; CloudFormation's clock, which its own timeout uses, may be ahead."""
    appstream.put("STOPPED")
    appstream.starts_end("never")

    harness.run(issued_event(appstream, seconds_ago=seconds_ago, TimeoutSeconds=timeout))

    assert [responded_at] == harness.responded_at


@pytest.mark.parametrize("seconds_ago", [1800, 86_400])
def test_a_late_request_starts_nothing(harness: LambdaHarness, appstream: FakeAppStream, seconds_ago: float) -> None:
    """There is no time left to wait for what would be started."""
    appstream.put("STOPPED")

    assert "not RUNNING within 30 minutes" in harness.run(issued_event(appstream, seconds_ago=seconds_ago))["Reason"]
    assert 0 == appstream.starts()


def test_a_late_request_reports_the_builders_state(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """A builder that does run is a success, however late."""
    appstream.put("RUNNING")

    assert "SUCCESS" == harness.run(issued_event(appstream, seconds_ago=1801))["Status"]


def test_a_refused_self_invocation_is_tried_again(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """A permission that is still spreading, or a throttled Lambda, costs seconds only."""
    harness.limit = 300
    appstream.put("STOPPED")
    harness.invoke_errors = [refused(), refused(ErrorKind.THROTTLED, "TooManyRequestsException")]

    assert "SUCCESS" == harness.run(event())["Status"]
    assert 1 == len(harness.self_invoked)


def test_a_refused_self_invocation_fails_with_that_reason(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """There is time left to respond: nobody reads that something timed out."""
    harness.limit = 300
    appstream.put("STOPPED")
    harness.invoke_errors = [refused() for _ in range(100)]

    response = harness.run(event())

    assert (
        f"Image builder {NAME} (PENDING): not RUNNING, and the function could not invoke itself: access denied. "
        "Allow the function's role lambda:InvokeFunction. AWS: AccessDeniedException on lambda:InvokeFunction: any"
        == response["Reason"]
    )
    assert (NAME, 0) == (response["PhysicalResourceId"], harness.deaths)


@pytest.mark.parametrize(("limit", "gives_up_after"), [(900, 855 + 9), (300, 255 + 9), (40, 20)])
def test_time_is_kept_for_the_response_and_a_stack_check(
    harness: LambdaHarness, appstream: FakeAppStream, limit: float, gives_up_after: float
) -> None:
    """No try is begun that could hang into them, except for the first one; nor is an invocation ended in one."""
    harness.limit = limit
    appstream.put("PENDING")
    harness.invoke_errors = [refused() for _ in range(100)]

    harness.run(event())

    assert [pytest.approx(gives_up_after, abs=0.5)] == harness.responded_at


@pytest.mark.parametrize(
    ("kind", "code"),
    [(ErrorKind.THROTTLED, "TooManyRequestsException"), (ErrorKind.UNAVAILABLE, "EndpointConnectionError")],
)
def test_lambdas_outage_does_not_fail_a_good_start(harness: LambdaHarness, kind: ErrorKind, code: str) -> None:
    """Lambda delivers the event again a minute later; it still has the callback context."""
    harness.limit = 300
    harness.appstream.put("STOPPED")
    died: list[float] = []
    harness.on_death = lambda: died.append(harness.appstream.elapsed())
    harness.invoke_errors = [refused(kind, code) for _ in range(5)]

    assert ("SUCCESS", 1, 1) == (harness.run(event())["Status"], harness.appstream.starts(), len(died))
    assert 255 <= died[0] <= 300


@pytest.mark.parametrize("seconds_ago", [0, 40])
@pytest.mark.parametrize("code", ["ReadTimeoutError", "ServiceException"])
def test_one_lost_self_invocation_fails_no_start(
    harness: LambdaHarness, appstream: FakeAppStream, seconds_ago: float, code: str
) -> None:
    """Nor where the event has waited in Lambda's queue, and looks as if it was delivered again."""
    harness.limit = 300
    appstream.put("STOPPED")
    appstream.durations(start=400)
    harness.invoke_errors = [refused(ErrorKind.UNAVAILABLE, code)]

    assert "SUCCESS" == harness.run(issued_event(appstream, seconds_ago=seconds_ago))["Status"]
    assert (0 if seconds_ago else 1, 1) == (harness.deaths, appstream.starts())


def test_a_lost_self_invocation_is_left_to_lambda_once(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """It may have arrived: repeated retries would make thousands of invocations. The next one is tried twice."""
    harness.limit = 300
    appstream.put("STOPPED")
    appstream.starts_end("never")
    harness.invoke_errors = [refused(ErrorKind.UNAVAILABLE, "ReadTimeoutError") for _ in range(5)]

    response = harness.run(issued_event(appstream, TimeoutSeconds="3000"))

    assert "the function could not invoke itself: Lambda did not respond" in response["Reason"]
    assert (1, 2, 1) == (harness.deaths, len(harness.invoke_errors), appstream.starts())


@pytest.mark.parametrize("kind", [ErrorKind.INVALID, ErrorKind.NOT_FOUND])
def test_a_self_invocation_refused_for_good_fails_at_once(harness: LambdaHarness, kind: ErrorKind) -> None:
    """Lambda ends what it takes for an endless chain; trying again would not help."""
    harness.limit = 300
    harness.appstream.put("STOPPED")
    harness.invoke_errors = [refused(kind, "RecursiveInvocationException")]

    response = harness.run(event())

    assert "the function could not invoke itself: " in response["Reason"]
    assert "AWS: RecursiveInvocationException on lambda:InvokeFunction" in response["Reason"]
    assert [255] == harness.responded_at
