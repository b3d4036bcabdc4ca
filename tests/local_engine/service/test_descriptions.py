"""What a description shows: network interface, agent version, failed starts, seeded fields."""

from typing import Any

import pytest

from appstream_local.service.builders import ImageBuilders
from appstream_local.service.errors import ApiError
from appstream_local.service.in_process import VirtualClock
from appstream_local.service.outcomes import StartOutcome
from appstream_local.service.settings import Behavior, Durations

_NAME = "cad"


def _shown(builders: ImageBuilders) -> dict[str, Any]:
    [description] = builders.describe([_NAME])
    return description


@pytest.fixture
def quick(builders: ImageBuilders) -> ImageBuilders:
    """Return builders with a stopped one whose start takes ten seconds."""
    builders.durations = Durations(start=10, stop=2, agent_update=100)
    builders.put(_NAME, state="STOPPED", fields={})
    return builders


def test_the_network_interface_comes_after_running(quick: ImageBuilders, clock: VirtualClock) -> None:
    """It is absent while PENDING and in the delay after RUNNING, then has an id and an address."""
    quick.durations = Durations(start=10, eni_delay=3)
    quick.start(_NAME)
    clock.advance(12.9)
    assert "RUNNING" == _shown(quick)["State"]
    assert "NetworkAccessConfiguration" not in _shown(quick)

    clock.advance(0.1)
    interface = _shown(quick)["NetworkAccessConfiguration"]
    assert {"EniPrivateIpAddress", "EniId"} == set(interface)
    assert interface["EniId"].startswith("eni-")


def test_each_start_gets_a_new_network_interface(quick: ImageBuilders, clock: VirtualClock) -> None:
    """The address of an earlier run is outdated after the next start."""
    interfaces = []
    for _ in range(2):
        quick.start(_NAME)
        clock.advance(10)
        interfaces.append(_shown(quick)["NetworkAccessConfiguration"]["EniId"])
        quick.stop(_NAME)
        clock.advance(2)

    assert 2 == len(set(interfaces))


def test_there_is_no_network_interface_without_a_vpc(builders: ImageBuilders) -> None:
    """A running builder without VpcConfig shows none."""
    builders.put(_NAME, state="RUNNING", fields={"VpcConfig": None})

    assert "NetworkAccessConfiguration" not in _shown(builders)


def test_a_given_network_interface_is_shown(builders: ImageBuilders) -> None:
    """A test can set the interface, including IPv6 addresses."""
    interface = {"EniId": "eni-1", "EniPrivateIpAddress": "10.0.0.9", "EniIpv6Addresses": ["::1"]}
    builders.put(_NAME, state="RUNNING", fields={"NetworkAccessConfiguration": interface})

    assert interface == _shown(builders)["NetworkAccessConfiguration"]


def test_every_field_but_the_name_can_be_absent(builders: ImageBuilders) -> None:
    """A field of None isn't shown, not even State or Arn."""
    fields = dict.fromkeys(_shown_of_a_running_one(builders))
    del fields["Name"]
    builders.put(_NAME, state="RUNNING", fields=fields)

    assert {"Name": _NAME} == _shown(builders)


def _shown_of_a_running_one(builders: ImageBuilders) -> dict[str, Any]:
    builders.put(_NAME, state="RUNNING", fields={})
    return _shown(builders)


@pytest.mark.parametrize(
    ("kind", "states"),
    [
        ("failed", ["PENDING", "FAILED", "FAILED"]),
        ("stopped", ["PENDING", "STOPPED", "STOPPED"]),
        ("stopping", ["PENDING", "STOPPING", "STOPPED"]),
    ],
)
def test_a_start_can_go_wrong(quick: ImageBuilders, clock: VirtualClock, kind: str, states: list[str]) -> None:
    """It ends in the configured state, and its errors appear then."""
    quick.set_start_outcome(_NAME, StartOutcome(kind=kind, error_code="SUBNET_NOT_FOUND"))
    quick.start(_NAME)
    assert "ImageBuilderErrors" not in _shown(quick)
    seen = [_shown(quick)["State"]]
    for seconds in (10, 2):
        clock.advance(seconds)
        seen.append(_shown(quick)["State"])

    assert states == seen
    assert "SUBNET_NOT_FOUND" == _shown(quick)["ImageBuilderErrors"][0]["ErrorCode"]
    assert (kind == "failed") == ("StateChangeReason" in _shown(quick))


def test_a_start_that_never_ends_stays_pending(quick: ImageBuilders, clock: VirtualClock) -> None:
    """A day later it is still PENDING."""
    quick.set_start_outcome(_NAME, StartOutcome(kind="never"))
    quick.start(_NAME)
    clock.advance(86_400)

    assert "PENDING" == _shown(quick)["State"]


def test_an_outcome_applies_to_so_many_starts(quick: ImageBuilders, clock: VirtualClock) -> None:
    """After one failed start the next one succeeds, and the errors of the first are gone."""
    quick.set_start_outcome(_NAME, StartOutcome(kind="stopped", times=1))
    quick.start(_NAME)
    clock.advance(10)
    assert "STOPPED" == _shown(quick)["State"]
    quick.start(_NAME)
    clock.advance(10)

    assert "RUNNING" == _shown(quick)["State"]
    assert "ImageBuilderErrors" not in _shown(quick)


def test_a_new_agent_version_is_installed_before_the_start(quick: ImageBuilders, clock: VirtualClock) -> None:
    """A start with another version goes through UPDATING_AGENT and shows that version."""
    assert "UPDATING_AGENT" == quick.start(_NAME, "01-01-2025")["State"]
    clock.advance(100)
    assert "PENDING" == _shown(quick)["State"]
    clock.advance(10)

    shown = _shown(quick)
    assert ("RUNNING", "01-01-2025") == (shown["State"], shown["AppstreamAgentVersion"])
    assert "FALSE" == shown["LatestAppstreamAgentVersion"]


def test_latest_stands_for_the_latest_agent_version(quick: ImageBuilders, clock: VirtualClock) -> None:
    """LATEST is resolved at each start, and updates only if there is a newer agent."""
    assert "PENDING" == quick.start(_NAME, "LATEST")["State"]
    assert "TRUE" == _shown(quick)["LatestAppstreamAgentVersion"]
    clock.advance(10)
    quick.stop(_NAME)
    clock.advance(2)
    quick.behavior = Behavior(latest_agent_version="01-01-2030")

    assert "FALSE" == _shown(quick)["LatestAppstreamAgentVersion"]
    assert "UPDATING_AGENT" == quick.start(_NAME)["State"]
    assert "01-01-2030" == _shown(quick)["AppstreamAgentVersion"]


def test_a_created_builder_starts(builders: ImageBuilders, clock: VirtualClock) -> None:
    """A created builder shows its input, is PENDING, then RUNNING, and has no start."""
    given = {"Name": _NAME, "InstanceType": "stream.standard.large", "ImageName": "Base", "DisplayName": "CAD"}
    created = builders.create({**given, "Tags": {"team": "a"}})
    assert ("PENDING", "CAD") == (created["State"], created["DisplayName"])
    assert "arn:aws:appstream:us-east-1::image/Base" == created["ImageArn"]
    clock.advance(builders.durations.create)

    assert "RUNNING" == _shown(builders)["State"]
    builder, _ = builders.observe(_NAME)
    assert (0, {"team": "a"}) == (builder.starts, builder.tags)


def test_create_refuses_what_aws_refuses(builders: ImageBuilders) -> None:
    """An image given twice or not at all, a name in use, and one builder too many."""
    params = {"Name": _NAME, "InstanceType": "t", "ImageName": "i"}
    builders.behavior = Behavior(quota=1)
    with pytest.raises(ApiError, match="InvalidParameterCombinationException"):
        builders.create({**params, "ImageArn": "arn:aws:appstream:us-east-1::image/i"})
    with pytest.raises(ApiError, match="InvalidParameterCombinationException"):
        builders.create({"Name": _NAME, "InstanceType": "t"})
    builders.create(params)
    with pytest.raises(ApiError, match="ResourceAlreadyExistsException"):
        builders.create(params)
    with pytest.raises(ApiError, match="LimitExceededException"):
        builders.create({**params, "Name": "second"})


def test_a_forced_state_can_be_followed_by_others(quick: ImageBuilders, clock: VirtualClock) -> None:
    """A test can change a builder as if someone else did."""
    quick.set_state(_NAME, "SNAPSHOTTING", [(5, "STOPPED"), (5, "DELETING"), (5, "")])
    seen = []
    for _ in range(3):
        seen.append(_shown(quick)["State"])
        clock.advance(5)

    assert ["SNAPSHOTTING", "STOPPED", "DELETING"] == seen
    with pytest.raises(ApiError, match="ResourceNotFoundException"):
        _shown(quick)
