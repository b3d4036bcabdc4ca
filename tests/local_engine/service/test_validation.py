"""Requests against botocore's service model: what AWS would refuse, in its words."""

import json
import re
from typing import Any

import pytest
from botocore.model import ListShape, MapShape, Shape, StructureShape

from appstream_local.service.errors import ApiError
from appstream_local.service.validation import parse, python_pattern, service_model


def _refused(operation: str, params: Any) -> ApiError:
    body = params if isinstance(params, bytes) else json.dumps(params).encode()
    with pytest.raises(ApiError) as refused:
        parse(operation, body)
    assert 400 == refused.value.http_status
    return refused.value


def test_a_good_request_is_returned_as_it_is() -> None:
    """Unchanged."""
    params = {"Name": "cad", "AppstreamAgentVersion": "LATEST"}

    assert params == parse("StartImageBuilder", json.dumps(params).encode())


def test_an_empty_body_is_an_empty_request() -> None:
    """DescribeImageBuilders needs no parameters at all."""
    assert {} == parse("DescribeImageBuilders", b"")


@pytest.mark.parametrize("body", [b"{", b"\xff", b"[]", b'"text"', b"null"])
def test_a_body_must_be_a_json_object(body: bytes) -> None:
    """It is a SerializationException."""
    assert "SerializationException" == _refused("StartImageBuilder", body).code


def test_an_operation_aws_does_not_have_is_unknown() -> None:
    """It is an UnknownOperationException."""
    assert "UnknownOperationException" == _refused("FlyImageBuilder", {}).code


@pytest.mark.parametrize(
    ("operation", "params", "message"),
    [
        ("StartImageBuilder", {}, "Value null at 'name' failed to satisfy constraint: Member must not be null"),
        ("StartImageBuilder", {"Name": None}, "Member must not be null"),
        ("StartImageBuilder", {"Name": ""}, "Member must have length greater than or equal to 1"),
        ("StartImageBuilder", {"Name": 5}, "Value '5' at 'name' .* Member must be of type string"),
        (
            "StartImageBuilder",
            {"Name": "a", "AppstreamAgentVersion": "x" * 101},
            "at 'appstreamAgentVersion' .* length less than or equal to 100",
        ),
        ("DeleteImageBuilder", {"Name": "a b"}, "Member must satisfy regular expression pattern"),
        ("DeleteImageBuilder", {"Name": "a\n"}, "Member must satisfy regular expression pattern"),
        ("DeleteImageBuilder", {"Name": "a" * 102}, "Member must satisfy regular expression pattern"),
        ("DescribeImageBuilders", {"Names": "a"}, "Member must be of type list"),
        ("DescribeImageBuilders", {"Names": ["a", ""]}, "at 'names.2.member' .* greater than or equal to 1"),
        ("DescribeImageBuilders", {"MaxResults": True}, "Member must be of type integer"),
        (
            "CreateImageBuilder",
            {"Name": "a", "InstanceType": "t", "AccessEndpoints": [{"EndpointType": "OTHER"}]},
            r"at 'accessEndpoints.1.member.endpointType' .* enum value set: \[STREAMING\]",
        ),
        (
            "CreateImageBuilder",
            {"Name": "a", "InstanceType": "t", "Tags": {"aws:team": "x"}},
            "at 'tags.aws:team.key' .* regular expression pattern",
        ),
    ],
)
def test_a_violation_is_named_in_the_words_of_aws(operation: str, params: Any, message: str) -> None:
    """With a ValidationException that names the value and the rule."""
    error = _refused(operation, params)

    assert "ValidationException" == error.code
    assert re.search(f"^1 validation error detected: .*{message}", error.message, re.DOTALL)


def test_every_violation_of_a_request_is_named() -> None:
    """Two violations are one error that counts both."""
    error = _refused("CreateImageBuilder", {})

    assert error.message.startswith("2 validation errors detected: ")
    assert "'name'" in error.message
    assert "'instanceType'" in error.message


def test_the_longest_name_is_accepted() -> None:
    """One character, and a hundred more."""
    params = {"Name": "a" * 101}

    assert params == parse("DeleteImageBuilder", json.dumps(params).encode())


def test_every_pattern_of_the_model_can_be_checked() -> None:
    """All patterns of the image builder operations work in Python, too."""
    operations = [name for name in service_model().operation_names if "ImageBuilder" in name]

    assert operations
    for name in operations:
        _compile_patterns(service_model().operation_model(name).input_shape)


def _compile_patterns(shape: Shape | None) -> None:
    if shape is None:
        return
    re.compile(python_pattern(shape.metadata.get("pattern", "")))
    if isinstance(shape, StructureShape):
        for member in shape.members.values():
            _compile_patterns(member)
    elif isinstance(shape, ListShape):
        _compile_patterns(shape.member)
    elif isinstance(shape, MapShape):
        _compile_patterns(shape.key)
        _compile_patterns(shape.value)
