"""What `watch` shows of a deploy, and how it ends."""

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from appstream_image_builder_cli.observer import NotFound
from support.fake_appstream import NAME
from support.fake_aws import FakeAws, Run, begin, finish, refusal
from support.virtual_time import VirtualClock

VPC = {"VpcConfig": {"SubnetIds": ["subnet-1"]}}


def test_a_deploy_is_shown_from_its_beginning_to_the_address(aws: FakeAws, clock: VirtualClock, run: Run) -> None:
    """States with times, the time it may take, the address; exit code 0, and no escape codes in a pipe."""
    clock.later(10, lambda: begin(aws))
    clock.later(12, lambda: aws.state("PENDING", **VPC))
    clock.later(60, lambda: finish(aws))

    assert (
        0,
        [
            "08:00:00          STOPPED",
            "08:00:10   +0:00  stack stack-1: CREATE_IN_PROGRESS, may take 10:00",
            "08:00:12   +0:02  PENDING",
            "08:01:00   +0:50  stack stack-1: CREATE_COMPLETE after 0:50",
            "08:01:00   +0:50  RUNNING",
            "08:01:00   +0:50  address 10.0.0.7",
        ],
    ) == run("watch")


def test_a_late_watch_reads_the_beginning_from_the_log(aws: FakeAws, clock: VirtualClock, run: Run) -> None:
    """Earlier states and self-invocations, at their own times."""
    begin(aws)
    aws.says("state STOPPED", state="STOPPED", remaining=600)
    clock.now += 5
    aws.says("state PENDING", state="PENDING", remaining=595)
    aws.state("PENDING")
    clock.now += 100
    aws.says("continues in a new invocation", state="PENDING", remaining=495)
    clock.now += 20
    clock.later(2, lambda: finish(aws))

    code, lines = run("watch")

    assert 0 == code
    assert [
        "08:00:00   +0:00  stack stack-1: CREATE_IN_PROGRESS, may take 10:00",
        "08:00:00   +0:00  STOPPED",
        "08:00:05   +0:05  PENDING",
        "08:01:45   +1:45  continues in invocation 2",
    ] == lines[:4]


def test_a_self_invocation_is_shown_once(aws: FakeAws, clock: VirtualClock, run: Run) -> None:
    """The log is looked at every ten seconds."""
    begin(aws)
    aws.state("PENDING")
    clock.later(30, lambda: aws.says("continues in a new invocation", state="PENDING", remaining=570, invocation=3))
    clock.later(90, lambda: finish(aws))

    _, lines = run("watch")

    assert ["08:00:30   +0:30  continues in invocation 4"] == [line for line in lines if "continues" in line]
    assert 9 <= aws.calls.count("filter_log_events") <= 10


def test_a_plain_text_log_still_tells_what_happened(aws: FakeAws, clock: VirtualClock, run: Run) -> None:
    """States and self-invocations are in the words; a note says what is lost, and the deadline is the template's."""
    begin(aws)
    aws.says_plainly(f"{NAME}: state STOPPED")
    aws.says_plainly(f"x{NAME}: state RUNNING")
    aws.says_plainly(f"Nobody's words about {NAME}: at all")
    clock.now += 5
    aws.says_plainly(f"{NAME}: state PENDING")
    aws.state("PENDING")
    clock.now += 100
    aws.says_plainly(f"{NAME}: continues in a new invocation")
    clock.later(20, lambda: finish(aws))

    code, lines = run("watch")

    assert 0 == code
    assert [
        "08:00:00   +0:00  stack stack-1: CREATE_IN_PROGRESS, may take 10:00",
        "08:00:00   +0:00  STOPPED",
        "08:00:05   +0:05  PENDING",
        "08:01:45   +1:45  continues in a new invocation",
        (
            "08:01:45          the function's log is plain text, without deadlines and invocation numbers; "
            "the deadline is computed from the template"
        ),
    ] == lines[:5]


def test_a_failed_deploy_ends_with_1_and_the_reason(aws: FakeAws, clock: VirtualClock, run: Run) -> None:
    """The reason is the function's own; the rollback that follows does not hide it."""

    def fail() -> None:
        aws.event("CREATE_FAILED", "Image builder builder-1 (STOPPED): the start failed. Mend it. AWS: why.")
        aws.stack_event("ROLLBACK_IN_PROGRESS")
        aws.event("DELETE_IN_PROGRESS")
        aws.event("DELETE_COMPLETE")
        aws.stack_event("ROLLBACK_COMPLETE")

    begin(aws)
    clock.later(30, fail)

    code, lines = run("watch")

    assert 1 == code
    assert (
        "08:00:30   +0:30  stack stack-1: CREATE_FAILED after 0:30: "
        "Image builder builder-1 (STOPPED): the start failed. Mend it. AWS: why." == lines[-1]
    )


def test_a_failure_of_an_earlier_deploy_is_not_the_watched_ones(aws: FakeAws, clock: VirtualClock, run: Run) -> None:
    """A second deploy after a failed one is waited for."""
    begin(aws)
    aws.event("CREATE_FAILED", "Too bad.")
    aws.stack_event("ROLLBACK_COMPLETE")
    clock.now += 100
    clock.later(20, lambda: begin(aws))
    clock.later(40, lambda: finish(aws))

    assert 0 == run("watch", "--stack-name", "stack-1")[0]


def test_a_builder_that_is_gone_or_has_failed_ends_with_1(aws: FakeAws, clock: VirtualClock, run: Run) -> None:
    """Nobody can start these."""
    clock.later(4, lambda: aws.state("FAILED", ImageBuilderErrors=[{"ErrorCode": "E", "ErrorMessage": "Broken."}]))

    code, lines = run("watch")

    assert (1, "08:00:04          FAILED: E: Broken.") == (code, lines[-1])


def test_time_up_is_124(aws: FakeAws, clock: VirtualClock, run: Run) -> None:
    """At --timeout, not at the observation after it."""
    code, lines = run("watch", "--timeout", "7")

    assert (124, 7, "08:00:07          not finished within 7 s") == (code, sum(clock.slept), lines[-1])


@pytest.mark.parametrize("service", ["cloudformation", "logs", "appstream"])
def test_what_may_not_be_read_is_said_once_and_ends_nothing(
    aws: FakeAws, clock: VirtualClock, run: Run, service: str
) -> None:
    """The other two go on; only without AppStream's word nobody knows the address."""
    begin(aws)
    aws.says("state PENDING", state="PENDING", remaining=600)
    aws.state("PENDING")
    aws.denied = {service}
    clock.later(30, lambda: finish(aws))

    code, lines = run("watch", "--timeout", "60")

    assert 1 == sum("cannot be read" in line and "AccessDeniedException" in line for line in lines)
    assert any("PENDING" in line for line in lines)
    assert {"cloudformation": 0, "logs": 0, "appstream": 1}[service] == code


def test_an_interrupted_network_is_waited_out(aws: FakeAws, clock: VirtualClock, run: Run) -> None:
    """Once something was seen, no error ends the watch."""
    aws.state("PENDING")
    begin(aws)
    clock.later(4, lambda: aws.errors.extend([EndpointConnectionError(endpoint_url="https://x")] * 3))
    clock.later(30, lambda: finish(aws))

    assert 0 == run("watch")[0]


def test_nothing_to_watch_is_an_error_with_the_region(aws: FakeAws, run: Run) -> None:
    """The remedy is in the line."""
    aws.builder = None

    with pytest.raises(NotFound, match=r"builder-1: not found in eu-central-1\. Check the name, .* --region"):
        run("watch")


def test_a_refused_first_observation_is_an_error(aws: FakeAws, run: Run) -> None:
    """With nothing else to show."""
    aws.errors = [refusal("AccessDeniedException", "DescribeImageBuilders")]

    with pytest.raises(ClientError, match="AccessDeniedException"):
        run("watch")


def test_a_builder_that_the_deploy_creates_is_waited_for(aws: FakeAws, clock: VirtualClock, run: Run) -> None:
    """A native image builder in the same stack is not there yet."""
    aws.builder = None
    aws.stack_event("CREATE_IN_PROGRESS")
    clock.later(10, lambda: aws.state("PENDING"))
    clock.later(20, lambda: aws.event("CREATE_IN_PROGRESS"))
    clock.later(22, lambda: finish(aws))

    code, lines = run("watch")

    assert 0 == code
    assert "08:00:00          stack stack-1: CREATE_IN_PROGRESS, the image builder comes later" == lines[0]
