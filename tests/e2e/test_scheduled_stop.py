"""A builder that stops by itself: deployed by the real CDK CLI, stopped by the engine's EventBridge Scheduler."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from appstream_local.process.admin_client import AdminClient
from support.deployer import Deployer

MINUTE = 60.0


@pytest.fixture
def schedules(deployer: Deployer) -> Callable[[], dict[str, float]]:
    """Return what tells for when which schedule is set, by the builder that it stops.

    Other tests of the same process may have left some.
    """
    scheduler = deployer.client("scheduler")
    for each in scheduler.list_schedules()["Schedules"]:
        scheduler.delete_schedule(Name=each["Name"])

    def found() -> dict[str, float]:
        names = [each["Name"] for each in scheduler.list_schedules()["Schedules"]]
        return dict(map(told, (scheduler.get_schedule(Name=name) for name in names)))

    return found


def told(schedule: dict[str, Any]) -> tuple[str, float]:
    """Return what a schedule stops, and when."""
    builder = schedule["Target"]["Input"].split('"')[3]
    return builder, moment(schedule["ScheduleExpression"][3:-1] + "Z")


def moment(text: str) -> float:
    """Return ISO 8601 as seconds since the epoch."""
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def test_a_builder_stops_by_itself_and_a_deploy_moves_the_moment(
    deployer: Deployer, admin: AdminClient, schedules: Callable[[], dict[str, float]]
) -> None:
    """It outlives its stack, which leaves it running; its end is kept, with the role that brings it about."""
    admin.put_image_builder("ends")
    first = deployer.deploy("Ends").check().outputs["ends"]["ScheduledStopTime"]
    assert {"ends": moment(first)} == schedules()

    later = deployer.deploy("EndsLater").check().outputs["ends"]["ScheduledStopTime"]
    assert {"ends": moment(later)} == schedules()
    assert moment(later) - moment(first) > 100 * MINUTE
    admin.run_schedules(at=moment(first) + MINUTE)
    assert "RUNNING" == admin.image_builder("ends").state

    deployer.destroy("EndsLater").check()
    assert {"ends": moment(later)} == schedules()
    admin.run_schedules(at=moment(later) - MINUTE)
    assert "RUNNING" == admin.image_builder("ends").state
    admin.run_schedules(at=moment(later))
    assert "STOPPING" == admin.image_builder("ends").state
    assert {} == schedules()
    assert 1 == admin.image_builder("ends").stops


def test_without_the_option_nothing_is_scheduled_any_more(
    deployer: Deployer, admin: AdminClient, schedules: Callable[[], dict[str, float]]
) -> None:
    """The update that takes it away deletes the schedule, and the role of it; a roll-back would bring both back."""
    admin.put_image_builder("ends-stopped", state="RUNNING")
    assert deployer.deploy("EndsSoon").check().outputs["ends-stopped"]["ScheduledStopTime"]
    assert ["ends-stopped"] == list(schedules())

    assert "" == deployer.deploy("EndsNever").check().outputs["ends-stopped"]["ScheduledStopTime"]

    assert {} == schedules()
    assert "RUNNING" == admin.image_builder("ends-stopped").state

    deployer.deploy("EndsSoon").check()
    deployer.destroy("EndsSoon").check()
    assert {} == schedules()
    assert "STOPPED" == admin.image_builder("ends-stopped").state
