"""The specification of a request whose stack can't be checked: it waits a while for that, and then continues."""

from typing import Any

import pytest

from running_image_builder_function.model.errors import AwsCallError, ErrorKind
from support.fake_appstream import NAME, FakeAppStream
from support.fake_schedules import SCHEDULE, refusal
from support.lambda_harness import LambdaHarness, event, issued, update_event

ALL = ("resource", "stack_status", "another_owner")


def take_down(
    harness: LambdaHarness,
    *calls: str,
    hangs: float = 0.0,
    kind: ErrorKind = ErrorKind.UNAVAILABLE,
    seconds: float = 1e9,
) -> None:
    """Let calls to CloudFormation fail from now on, each after it has hung for some seconds."""
    until = harness.appstream.clock.now + seconds
    for call in calls or ALL:
        works = getattr(harness.stacks, call)

        def fail(*arguments: Any, works: Any = works, **options: Any) -> Any:
            clock = harness.appstream.clock
            if clock.now >= until:
                return works(*arguments, **options)
            clock.pass_until(clock.now + hangs)
            raise AwsCallError(kind, action="cloudformation:Any", code="Code", detail="no")

        setattr(harness.stacks, call, fail)


@pytest.mark.parametrize("limit", [8, 16, 20, 30, 45, 60, 65, 70, 120, 900])
def test_a_builder_is_started_within_any_limit_of_the_function(appstream: FakeAppStream, limit: float) -> None:
    """An invocation asks for no longer than it leaves time for the start."""
    harness = LambdaHarness(appstream, limit=limit)
    appstream.put("STOPPED")
    appstream.durations(start=60)
    take_down(harness)

    assert "SUCCESS" == harness.run(issued(event(), appstream))["Status"]
    assert 1 == appstream.starts()
    assert harness.responded_at[0] <= 60 + 45


@pytest.mark.parametrize("limit", [60, 65, 70, 75, 80, 90, 95, 120, 900])
@pytest.mark.parametrize("hangs", [5, 10, 15])
@pytest.mark.parametrize("kind", ["Create", "Update"])
def test_a_builder_is_started_though_each_call_hangs(
    appstream: FakeAppStream, limit: float, hangs: float, kind: str
) -> None:
    """An Update has the stack's status to ask for as well."""
    harness = LambdaHarness(appstream, limit=limit)
    appstream.put("STOPPED")
    appstream.durations(start=60)
    harness.stacks.tell("UPDATE_IN_PROGRESS", changed_at=appstream.began_at)
    take_down(harness, hangs=hangs)

    assert "SUCCESS" == harness.run(issued(event(kind, TimeoutSeconds="600", **SCHEDULE), appstream))["Status"]
    assert 1 == appstream.starts()


@pytest.mark.parametrize("limit", [60, 75, 90, 120, 900])
@pytest.mark.parametrize("late", [0, 3])
def test_an_update_is_not_stopped_by_a_stack_status_that_hangs(
    appstream: FakeAppStream, limit: float, late: float
) -> None:
    """Whether its own status is late or not."""
    harness = LambdaHarness(appstream, limit=limit)
    appstream.put("STOPPED")
    appstream.durations(start=60)
    harness.stacks.tell("UPDATE_IN_PROGRESS", changed_at=appstream.began_at + late)
    take_down(harness, "stack_status", hangs=15)

    assert "SUCCESS" == harness.run(issued(event("Update", TimeoutSeconds="600"), appstream))["Status"]
    assert 1 == appstream.starts()


@pytest.mark.parametrize("start", [60, 300])
def test_a_rollback_that_has_been_taken_for_an_update_goes_on(
    harness: LambdaHarness, appstream: FakeAppStream, start: float
) -> None:
    """Its status was late, and the stack's could not be read until it acted."""
    appstream.put("STOPPED")
    appstream.durations(start=start)
    harness.stacks.status = "UPDATE_ROLLBACK_IN_PROGRESS"
    harness.stacks.tell("UPDATE_IN_PROGRESS", changed_at=appstream.began_at + 3)
    take_down(harness, "stack_status", seconds=60)

    response = harness.run(issued(event("Update", **SCHEDULE), appstream))

    assert ("SUCCESS", "RUNNING", True) == (
        response["Status"],
        response["Data"]["State"],
        response["Data"]["ScheduledStopTime"] != "",
    )


@pytest.mark.parametrize("start", [230, 258, 270, 285, 290])
def test_a_stop_is_scheduled_shortly_before_the_deadline(
    harness: LambdaHarness, appstream: FakeAppStream, start: float
) -> None:
    """A running builder doesn't fail because of CloudFormation."""
    appstream.put("STOPPED")
    appstream.durations(start=start)
    appstream.clock.later(200, lambda: take_down(harness))

    assert "SUCCESS" == harness.run(issued(event(TimeoutSeconds="300", **SCHEDULE), appstream))["Status"]


@pytest.mark.parametrize(
    ("late", "hangs", "calls"),
    [
        (0, 0, ALL),
        (0, 15, ALL),
        (0, 15, ("resource",)),
        (40, 0, ALL),
        (40, 15, ("resource",)),
        (55, 15, ("resource",)),
        (62, 0, ALL),
        (70, 0, ALL),
    ],
)
def test_a_delete_has_time_for_its_stop(
    harness: LambdaHarness, appstream: FakeAppStream, late: float, hangs: float, calls: tuple[str, ...]
) -> None:
    """However late it is delivered, and however short its timeout is."""
    appstream.put("RUNNING")
    appstream.durations(stop=5)
    take_down(harness, *calls, hangs=hangs)

    harness.run(issued(event("Delete", OnDelete="STOP", TimeoutSeconds="60"), appstream, seconds_ago=late))

    assert 1 == appstream.stops()


@pytest.mark.parametrize("options", [{}, SCHEDULE])
@pytest.mark.parametrize("kind", [ErrorKind.DENIED, ErrorKind.REFUSED, ErrorKind.UNAVAILABLE, ErrorKind.THROTTLED])
def test_an_update_continues_without_the_stacks_status(
    harness: LambdaHarness, appstream: FakeAppStream, options: dict[str, str], kind: ErrorKind
) -> None:
    """Its own status is a little late, so the stack's would tell whether it is a rollback's."""
    appstream.put("STOPPED")
    appstream.durations(start=60)
    harness.stacks.tell("UPDATE_IN_PROGRESS", changed_at=appstream.began_at + 3)
    take_down(harness, "stack_status", kind=kind)

    response = harness.run(issued(update_event(options, **options), appstream))

    assert ("SUCCESS", "RUNNING") == (response["Status"], response["Data"]["State"])
    assert 45 + 60 <= harness.responded_at[0] <= 45 + 66


def test_what_was_known_of_the_rollback_counts(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """Its status may be this Update's own, and the stack's, which has shown the rollback, can't be read any more."""
    appstream.put("SNAPSHOTTING")
    appstream.move("SNAPSHOTTING", (100, "STOPPED"))
    harness.stacks.status = "UPDATE_ROLLBACK_IN_PROGRESS"
    appstream.clock.later(61, lambda: harness.stacks.tell("UPDATE_IN_PROGRESS", changed_at=appstream.began_at + 8))
    appstream.clock.later(61, lambda: take_down(harness, "stack_status", kind=ErrorKind.DENIED))

    harness.run(issued(event("Update"), appstream))

    assert 0 == appstream.starts()


def test_an_update_waits_for_the_stacks_status_only_once(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """Each time that it fails again after a success, another 45 seconds."""
    appstream.put("STOPPED")
    appstream.durations(start=60)
    harness.stacks.tell("UPDATE_IN_PROGRESS", changed_at=appstream.began_at + 3)
    take_down(harness, "stack_status", seconds=20)

    assert "SUCCESS" == harness.run(issued(event("Update"), appstream))["Status"]
    assert 20 + 60 <= harness.responded_at[0] <= 20 + 70


@pytest.mark.parametrize("timeout", ["60", "280"])
def test_a_failed_renames_builder_is_stopped(harness: LambdaHarness, appstream: FakeAppStream, timeout: str) -> None:
    """Also where CloudFormation can't be asked in the last seconds; the warning names that builder."""
    appstream.put("PENDING")
    appstream.put("RUNNING", name="builder-2")
    harness.stacks.status = "UPDATE_ROLLBACK_IN_PROGRESS"
    appstream.clock.later(int(timeout) - 5, lambda: take_down(harness, "another_owner", "resource"))
    made = update_event({"Name": "builder-2", "OnDelete": "STOP"}, OnDelete="STOP", TimeoutSeconds=timeout)

    assert "SUCCESS" == harness.run(issued({**made, "PhysicalResourceId": NAME}, appstream))["Status"]
    assert "STOPPING" == appstream.state("builder-2")


def test_a_rollback_is_known_before_the_deadline(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """While it waits, it asks for the stack's status also where the resource's can't be read."""
    appstream.fault("server_error", "Describe")
    harness.stacks.status = "UPDATE_ROLLBACK_IN_PROGRESS"
    take_down(harness, "resource", hangs=10)
    appstream.clock.later(280, lambda: take_down(harness))

    assert "SUCCESS" == harness.run(issued(event("Update", TimeoutSeconds="300"), appstream))["Status"]


def test_a_rollback_that_the_last_check_shows_succeeds(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """Until then it couldn't be told from an update."""
    appstream.put("STOPPED")
    appstream.starts_end("never")
    take_down(harness, "resource", "another_owner")
    asked: list[float] = []

    def fail_at_first(stack_id: str) -> str:
        asked.append(appstream.clock.now - appstream.began_at)
        if asked.count(75) < 2:
            raise AwsCallError(ErrorKind.UNAVAILABLE, action="cloudformation:Any", code="Code", detail="no")
        return "UPDATE_ROLLBACK_IN_PROGRESS"

    harness.stacks.stack_status = fail_at_first  # type: ignore[method-assign]

    response = harness.run(issued(event("Update", TimeoutSeconds="60"), appstream))

    assert ("SUCCESS", "PENDING") == (response["Status"], response["Data"]["State"])


def test_a_rollback_that_was_checked_too_early_is_checked_again(
    harness: LambdaHarness, appstream: FakeAppStream
) -> None:
    """Its first check comes before its schedule is moved, and at its deadline CloudFormation can't be reached."""
    appstream.put("PENDING")
    appstream.move("PENDING", (9999, "RUNNING"))
    harness.stacks.status = "UPDATE_ROLLBACK_IN_PROGRESS"
    appstream.clock.later(50, lambda: take_down(harness, hangs=10))

    response = harness.run(issued(event("Update", TimeoutSeconds="60", **SCHEDULE), appstream))

    assert ("SUCCESS", "PENDING") == (response["Status"], response["Data"]["State"])


def test_a_rollback_is_known_though_each_change_is_in_vain(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """Each try is made after a check, so none is made while it waits."""
    appstream.put("STOPPED")
    harness.schedules.errors = [refusal(ErrorKind.THROTTLED)] * 999
    harness.stacks.status = "UPDATE_ROLLBACK_IN_PROGRESS"
    take_down(harness, "resource", hangs=10)
    appstream.clock.later(280, lambda: take_down(harness))

    assert "SUCCESS" == harness.run(issued(event("Update", TimeoutSeconds="300", **SCHEDULE), appstream))["Status"]


@pytest.mark.parametrize("old_name", [NAME, "builder-2"])
def test_an_update_after_a_failed_rename_counts_as_its_rollback(
    harness: LambdaHarness, appstream: FakeAppStream, old_name: str
) -> None:
    """Most often it is; any other one fails where the stack's status can't be read."""
    appstream.put("FAILED")
    take_down(harness)
    made = update_event({"Name": old_name})

    response = harness.run(issued({**made, "PhysicalResourceId": NAME}, appstream))

    assert ("FAILED" if old_name == NAME else "SUCCESS") == response["Status"]
