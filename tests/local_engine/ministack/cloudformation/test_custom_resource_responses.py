"""What CloudFormation takes as a custom resource's answer, to the byte."""

import json
from typing import Any

import pytest

from appstream_local.ministack.cloudformation.custom_resource_responses import (
    InvalidResponse,
    Response,
    made_up_id,
    parse,
)

REQUEST = {"StackId": "stack", "RequestId": "request", "LogicalResourceId": "Builder"}


def body(**fields: Any) -> bytes:
    """Return a good answer with some fields changed; None leaves one out."""
    made = {**REQUEST, "Status": "SUCCESS", "PhysicalResourceId": "id", **fields}
    return json.dumps({key: value for key, value in made.items() if value is not None}).encode()


def test_a_good_answer_is_taken() -> None:
    """With its attributes; one of a failure with its reason."""
    assert Response("id", {"Arn": "a"}) == parse(body(Data={"Arn": "a"}), REQUEST)
    assert Response("id", {}, "why") == parse(body(Status="FAILED", Reason="why"), REQUEST)


@pytest.mark.parametrize(("size", "taken"), [(4096, True), (4097, False)])
def test_a_body_may_have_4096_bytes(size: int, taken: bool) -> None:
    """And not one more, whatever they are."""
    padded = body() + b" " * (size - len(body()))
    if taken:
        parse(padded, REQUEST)
        return
    with pytest.raises(InvalidResponse, match=r"^Response object is too long\.$"):
        parse(padded, REQUEST)


@pytest.mark.parametrize(("letters", "taken"), [(0, False), (512, True), (513, False)])
def test_a_physical_id_has_1_to_1024_bytes(letters: int, taken: bool) -> None:
    """Bytes of UTF-8, not characters."""
    answer = json.dumps({**REQUEST, "Status": "SUCCESS", "PhysicalResourceId": "é" * letters}, ensure_ascii=False)
    if taken:
        parse(answer.encode(), REQUEST)
        return
    with pytest.raises(InvalidResponse, match=r"^Invalid PhysicalResourceId$"):
        parse(answer.encode(), REQUEST)


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"PhysicalResourceId": None}, "Invalid PhysicalResourceId"),
        ({"PhysicalResourceId": 7}, "Invalid PhysicalResourceId"),
        ({"Status": "OK"}, "Invalid Status"),
        ({"Status": None}, "Invalid Status"),
        ({"Status": "FAILED"}, "Invalid Reason"),
        ({"Status": "FAILED", "Reason": ""}, "Invalid Reason"),
        ({"StackId": "another"}, "Invalid StackId"),
        ({"RequestId": None}, "Invalid RequestId"),
        ({"LogicalResourceId": "Other"}, "Invalid LogicalResourceId"),
        ({"Data": ["a"]}, "Invalid Data"),
    ],
)
def test_every_field_has_its_rule(fields: dict[str, Any], refusal: str) -> None:
    """A broken one is a failed resource."""
    with pytest.raises(InvalidResponse, match=f"^{refusal}$"):
        parse(body(**fields), REQUEST)


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff", b"[]", b"null", b'"text"'])
def test_what_is_no_object_is_refused(raw: bytes) -> None:
    """An empty body too."""
    with pytest.raises(InvalidResponse, match=r"^Response is not"):
        parse(raw, REQUEST)


def test_an_id_is_made_up_as_cloudformation_does_it() -> None:
    """From stack, logical id and chance."""
    first, second = made_up_id("stack", "Builder"), made_up_id("stack", "Builder")
    assert first != second
    assert first.startswith("stack-Builder-")
    assert len("stack-Builder-") + 13 == len(first)
