"""What is cut to fit a response into CloudFormation's 4096 bytes."""

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from running_image_builder_function.cloudformation.response import CUT_MARK, MAX_BYTES, encode, truncate_to_limit
from running_image_builder_function.contract import ATTRIBUTES, ESSENTIAL_ATTRIBUTES, SCHEDULED_STOP_TIME
from running_image_builder_function.model.image_builder import ImageBuilder
from support.fake_appstream import ARN, NAME, FakeAppStream
from support.lambda_harness import LOGICAL_ID, STACK_ID, LambdaHarness, event

# Any text, with what JSON must escape, what UTF-8 makes long, and what it cannot carry.
TEXT = st.text(st.characters(exclude_categories=()), max_size=3000) | st.sampled_from(
    ["x" * 9000, "\x00" * 3000, "😀" * 3000, "\ud800" * 5000, '"' * 5000, "日本" * 2000, "..." * 3000]
)
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "Description": TEXT,
    "DisplayName": TEXT,
    "StateChangeReason": st.fixed_dictionaries({"Code": TEXT, "Message": TEXT}),
    "ImageBuilderErrors": st.lists(st.fixed_dictionaries({"ErrorCode": TEXT, "ErrorMessage": TEXT}), max_size=5),
    "AccessEndpoints": st.lists(st.fixed_dictionaries({"EndpointType": TEXT, "VpceId": TEXT}), max_size=5),
    "IamRoleArn": TEXT,
    "AgentAccessConfig": st.fixed_dictionaries(
        {
            "Settings": st.lists(st.fixed_dictionaries({"AgentAction": TEXT, "Permission": TEXT}), max_size=5),
            "S3BucketArn": TEXT,
            "ScreenResolution": TEXT,
            "ScreenImageFormat": TEXT,
            "UserControlMode": TEXT,
        }
    ),
    "VpcConfig": st.fixed_dictionaries({"SubnetIds": st.lists(TEXT, max_size=5)}),
    "DomainJoinInfo": st.fixed_dictionaries({"DirectoryName": TEXT, "OrganizationalUnitDistinguishedName": TEXT}),
}
ESSENTIAL = {
    "Name": "n" * 101,
    "Arn": f"arn:aws-us-gov:appstream:us-gov-west-1:123456789012:image-builder/{'n' * 101}",
    "State": "RUNNING",
    "NetworkAccessConfiguration": {"EniPrivateIpAddress": "10.123.123.123", "EniId": "eni-0123456789abcdef0"},
}


def body(data: dict[str, str]) -> dict[str, Any]:
    """Return a body whose other parts are as long as CloudFormation makes them."""
    return {
        "Status": "SUCCESS",
        "PhysicalResourceId": "n" * 101,
        "StackId": f"{STACK_ID}{'s' * 128}",
        "RequestId": "01234567-89ab-cdef-0123-456789abcdef",
        "LogicalResourceId": LOGICAL_ID + "L" * 200,
        "Reason": "",
        "Data": data,
        "NoEcho": False,
    }


@settings(deadline=None, derandomize=True)
@given(st.fixed_dictionaries({}, optional=FIELDS))
@example({"Description": "x" * 4000, "DisplayName": "y" * 4000})
def test_a_response_fits_and_keeps_what_is_essential(fields: dict[str, Any]) -> None:
    """Whatever a builder has; every attribute is still there, and each that was cut ends with the mark."""
    whole = {**ImageBuilder({**ESSENTIAL, **fields}).attributes(), SCHEDULED_STOP_TIME: "2026-11-24T18:00:00Z"}

    encoded, cut = truncate_to_limit(body(whole))

    data = json.loads(encoded)["Data"]
    assert len(encoded) <= MAX_BYTES
    assert {*ATTRIBUTES, SCHEDULED_STOP_TIME} == set(data)
    assert [whole[name] for name in ESSENTIAL_ATTRIBUTES] == [data[name] for name in ESSENTIAL_ATTRIBUTES]
    assert all(data[name].endswith(CUT_MARK) for name in cut)
    assert len(cut) == len(set(cut))
    readable = json.loads(encode(body(whole)))["Data"]
    assert {name for name in ATTRIBUTES if data[name] != readable[name]} <= set(cut)
    assert all(readable[name].startswith(data[name].removesuffix(CUT_MARK)) for name in cut)


@settings(deadline=None, derandomize=True)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=300))
@example("\x00\x1f\x7f\u2028")
@example("日本語 😀 äöü")
def test_characters_survive(text: str) -> None:
    """Non-ASCII and control characters arrive as they were."""
    encoded, cut = truncate_to_limit(body({"Description": text}))

    assert [] == cut
    assert text == json.loads(encoded)["Data"]["Description"]


def test_half_a_surrogate_pair_becomes_a_question_mark() -> None:
    """UTF-8 cannot carry it."""
    assert b'{"a":"x?y"}' == encode({"a": "x\ud800y"})


def test_a_body_is_compact_and_in_utf8() -> None:
    """Each byte counts."""
    assert '{"a":["ä",1],"b":{}}'.encode() == encode({"a": ["ä", 1], "b": {}})


@pytest.mark.parametrize("spare", [0, 1])
def test_a_response_that_just_fits_is_not_cut(spare: int) -> None:
    """4096 bytes are allowed."""
    assert 4096 == MAX_BYTES
    room = MAX_BYTES - len(encode(body({"Description": ""}))) - spare

    encoded, cut = truncate_to_limit(body({"Description": "x" * room}))

    assert MAX_BYTES - spare == len(encoded)
    assert [] == cut


def test_one_byte_too_many_halves_the_longest_attribute() -> None:
    """The others stay as they are."""
    other = "o" * 100
    room = MAX_BYTES - len(encode(body({"Description": "", "DisplayName": other}))) + 1

    encoded, cut = truncate_to_limit(body({"DisplayName": other, "Description": "x" * room}))

    assert ["Description"] == cut
    assert {"DisplayName": other, "Description": "x" * (room // 2) + CUT_MARK} == json.loads(encoded)["Data"]


def test_the_longest_is_the_one_with_the_most_bytes() -> None:
    """Not with the most characters: what counts is the response's size."""
    data = {"Description": "x" * 2000, "DisplayName": "😀" * 1000}

    assert ["DisplayName"] == truncate_to_limit(body(data))[1]


def test_attributes_are_cut_again_until_the_response_fits() -> None:
    """Each is named once, and marked once, however often it was cut."""
    encoded, cut = truncate_to_limit(body({"Description": "x" * 20_000, "DisplayName": "y" * 3_000}))

    data = json.loads(encoded)["Data"]
    assert ["Description", "DisplayName"] == cut
    assert {"x" * 1250 + CUT_MARK, "y" * 1500 + CUT_MARK} == set(data.values())


def test_what_is_essential_is_never_cut() -> None:
    """Such a response can't be made to fit; everything that can be cut is gone."""
    data = {"Name": "n" * 5000, "Description": "d" * 20}

    encoded, cut = truncate_to_limit(body(data))

    assert (["Description"], {"Name": "n" * 5000, "Description": ""}) == (cut, json.loads(encoded)["Data"])


@pytest.mark.parametrize(("length", "left"), [(6, ""), (7, "ddd..."), (8, "dddd...")])
def test_a_text_as_short_as_the_mark_is_removed(length: int, left: str) -> None:
    """Half of it and a mark would be no shorter."""
    data = {"Name": "", "Description": "d" * length}
    data["Name"] = "n" * (MAX_BYTES - len(encode(body(data))) + 1)

    encoded, _ = truncate_to_limit(body(data))

    assert left == json.loads(encoded)["Data"]["Description"]


def test_a_response_without_data_is_left_alone() -> None:
    """A failure has none."""
    failure = {key: value for key, value in body({}).items() if key != "Data"}

    assert (encode(failure), []) == truncate_to_limit(failure)


def test_the_function_cuts_what_it_sends(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """The deploy succeeds with what it needs."""
    appstream.put("RUNNING", Description="d" * 9000)

    data = harness.run(event())["Data"]

    assert len(harness.bodies[0]) <= MAX_BYTES
    assert data["Description"].endswith(CUT_MARK)
    assert (NAME, ARN) == (data["Name"], data["Arn"])
