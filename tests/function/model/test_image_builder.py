"""A builder as AppStream describes it, and the attributes it becomes."""

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from running_image_builder_function.contract import ATTRIBUTES, ESSENTIAL_ATTRIBUTES, SCHEDULED_STOP_TIME
from running_image_builder_function.model.image_builder import ImageBuilder

NOON = datetime(2026, 11, 23, 12, 0, 0, 987_654, tzinfo=timezone.utc)


def test_an_attribute_goes_by_its_fields_own_name() -> None:
    """But for the four that would say nothing without their structure's name."""
    renamed = {name: path for name, path in ATTRIBUTES.items() if name != path[-1]}

    assert {
        "StateChangeReasonCode": ("StateChangeReason", "Code"),
        "StateChangeReasonMessage": ("StateChangeReason", "Message"),
        "AgentAccessConfigSettings": ("AgentAccessConfig", "Settings"),
        "AgentAccessConfigS3BucketArn": ("AgentAccessConfig", "S3BucketArn"),
    } == renamed


def test_the_essential_attributes_are_attributes() -> None:
    """They are the ones that are never cut."""
    assert ("Name", "Arn", "State", "EniPrivateIpAddress", "EniId", SCHEDULED_STOP_TIME) == ESSENTIAL_ATTRIBUTES
    assert set(ESSENTIAL_ATTRIBUTES) <= {*ATTRIBUTES, SCHEDULED_STOP_TIME}


def test_a_builder_with_only_a_name_has_every_attribute() -> None:
    """What AppStream does not say is an empty string."""
    assert dict.fromkeys(ATTRIBUTES, "") | {"Name": "b-1"} == ImageBuilder({"Name": "b-1"}).attributes()


@pytest.mark.usefixtures("in_tokyo")
@pytest.mark.parametrize(
    ("fields", "attribute", "expected"),
    [
        ({"State": "RUNNING"}, "State", "RUNNING"),
        ({"VpcConfig": {"SubnetIds": ["subnet-1", "subnet-2"]}}, "SubnetIds", "subnet-1,subnet-2"),
        ({"VpcConfig": {"SubnetIds": ["subnet-1"]}}, "SubnetIds", "subnet-1"),
        ({"VpcConfig": {"SubnetIds": []}}, "SubnetIds", ""),
        ({"VpcConfig": {}}, "SecurityGroupIds", ""),
        ({"VpcConfig": None}, "SecurityGroupIds", ""),
        ({"EnableDefaultInternetAccess": True}, "EnableDefaultInternetAccess", "true"),
        ({"EnableDefaultInternetAccess": False}, "EnableDefaultInternetAccess", "false"),
        ({"RootVolumeConfig": {"VolumeSizeInGb": 200}}, "VolumeSizeInGb", "200"),
        ({"CreatedTime": NOON}, "CreatedTime", "2026-11-23T12:00:00Z"),
        ({"CreatedTime": NOON.astimezone(timezone(timedelta(hours=2)))}, "CreatedTime", "2026-11-23T12:00:00Z"),
        ({"StateChangeReason": {"Code": "C", "Message": "M"}}, "StateChangeReasonCode", "C"),
        ({"StateChangeReason": {"Code": "C", "Message": "M"}}, "StateChangeReasonMessage", "M"),
        ({"NetworkAccessConfiguration": {"EniIpv6Addresses": ["::1", "::2"]}}, "EniIpv6Addresses", "::1,::2"),
        (
            {"AccessEndpoints": [{"EndpointType": "STREAMING", "VpceId": "vpce-1"}]},
            "AccessEndpoints",
            '[{"EndpointType":"STREAMING","VpceId":"vpce-1"}]',
        ),
        (
            {"ImageBuilderErrors": [{"ErrorCode": "É", "ErrorTimestamp": NOON}]},
            "ImageBuilderErrors",
            '[{"ErrorCode":"É","ErrorTimestamp":"2026-11-23T12:00:00Z"}]',
        ),
        ({"ImageBuilderErrors": []}, "ImageBuilderErrors", ""),
        (
            {"AgentAccessConfig": {"Settings": [{"AgentAction": "COMPUTER_VISION", "Permission": "ENABLED"}]}},
            "AgentAccessConfigSettings",
            '[{"AgentAction":"COMPUTER_VISION","Permission":"ENABLED"}]',
        ),
        ({"AgentAccessConfig": {"S3BucketArn": "arn:b"}}, "AgentAccessConfigS3BucketArn", "arn:b"),
        ({"AgentAccessConfig": {"ScreenshotsUploadEnabled": False}}, "ScreenshotsUploadEnabled", "false"),
        ({"AgentAccessConfig": {"ScreenResolution": "W_1280xH_720"}}, "ScreenResolution", "W_1280xH_720"),
        ({"AgentAccessConfig": {"ScreenImageFormat": "PNG"}}, "ScreenImageFormat", "PNG"),
        ({"AgentAccessConfig": {"UserControlMode": "VIEW_STOP"}}, "UserControlMode", "VIEW_STOP"),
        ({"Description": {"new": 1}}, "Description", '{"new":1}'),
    ],
)
def test_a_field_is_flattened_in_its_one_way(fields: dict[str, Any], attribute: str, expected: str) -> None:
    """Strings are comma-separated, structures compact JSON, moments ISO 8601 in UTC."""
    assert expected == ImageBuilder({"Name": "b-1", **fields}).attributes()[attribute]


def test_a_builder_tells_its_state_arn_and_agent() -> None:
    """Empty where AppStream says nothing."""
    whole = ImageBuilder({"Name": "b-1", "State": "RUNNING", "Arn": "arn:b-1", "AppstreamAgentVersion": "v"})
    bare = ImageBuilder({"Name": "b-1"})

    assert ("RUNNING", "arn:b-1", "v") == (whole.state, whole.attributes()["Arn"], whole.agent_version)
    assert ("", "", "") == (bare.state, bare.attributes()["Arn"], bare.agent_version)


@pytest.mark.parametrize(("said", "expected"), [("TRUE", True), ("FALSE", False), (None, None), ("MAYBE", None)])
def test_the_latest_agent_is_a_string_in_the_api(said: str | None, expected: bool | None) -> None:
    """Anything but the two known words leaves it open."""
    assert expected is ImageBuilder({"LatestAppstreamAgentVersion": said}).has_latest_agent


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, False),
        ({"VpcConfig": {}}, False),
        ({"VpcConfig": {"SecurityGroupIds": ["sg-1"]}}, False),
        ({"VpcConfig": {"SubnetIds": ["subnet-1"]}}, True),
        ({"VpcConfig": {"SubnetIds": ["subnet-1"]}, "NetworkAccessConfiguration": {"EniId": "eni-1"}}, True),
        (
            {
                "VpcConfig": {"SubnetIds": ["subnet-1"]},
                "NetworkAccessConfiguration": {"EniPrivateIpAddress": "10.0.0.1"},
            },
            False,
        ),
    ],
)
def test_an_address_is_awaited_where_a_vpc_promises_one(fields: dict[str, Any], expected: bool) -> None:
    """Without a VPC there will be none; with one it comes once the interface exists."""
    assert expected is ImageBuilder(fields).awaits_address


def error(code: str | None, message: str | None, minutes: int | None) -> dict[str, Any]:
    """Return an entry of ImageBuilderErrors, some minutes after noon."""
    said = {"ErrorCode": code, "ErrorMessage": message}
    dated = {} if minutes is None else {"ErrorTimestamp": NOON + timedelta(minutes=minutes)}
    return {key: value for key, value in said.items() if value is not None} | dated


@pytest.mark.parametrize(
    ("change", "errors", "expected"),
    [
        (None, None, ""),
        ({}, [], ""),
        ({"Code": "C", "Message": "M"}, [], "C: M"),
        ({"Code": "C"}, [], "C"),
        ({"Message": "M"}, [], "M"),
        (None, [error("E", "m", 0)], "E: m"),
        (None, [error(None, None, 0)], ""),
        (None, [error("E1", "m1", 1), error("E3", "m3", 3), error("E2", "m2", 2)], "E3: m3; E2: m2; E1: m1"),
        (None, [error("E", "undated", None), error("E", "dated", 0)], "E: dated; E: undated"),
        ({"Code": "C"}, [error("E", None, 0)], "C; E"),
    ],
)
def test_a_complaint_is_what_appstream_says_newest_first(
    change: dict[str, str] | None, errors: list[dict[str, Any]] | None, expected: str
) -> None:
    """The reason of the state, then the errors; any part may be absent."""
    assert expected == ImageBuilder({"StateChangeReason": change, "ImageBuilderErrors": errors}).error_text()


@pytest.mark.parametrize(("minutes", "expected"), [(-1, "E: m"), (0, ""), (1, "")])
def test_errors_since_a_moment_are_the_newer_ones(minutes: int, expected: str) -> None:
    """The moment itself does not count, nor does an error without a time, nor the reason of the state."""
    fields = {"StateChangeReason": {"Code": "C"}, "ImageBuilderErrors": [error("U", "m", None), error("E", "m", 0)]}

    assert expected == ImageBuilder(fields).errors_since((NOON + timedelta(minutes=minutes)).timestamp())


def test_the_newest_error_is_the_youngest_with_a_date() -> None:
    """In seconds since the epoch."""
    errors = [error("E", "m", None), error("E", "m", -5), error("E", "m", 0)]

    assert NOON.timestamp() == ImageBuilder({"ImageBuilderErrors": errors}).newest_error_at
    assert 0.0 == ImageBuilder({"ImageBuilderErrors": errors[:1]}).newest_error_at
    assert 0.0 == ImageBuilder({}).newest_error_at
