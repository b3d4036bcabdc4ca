"""Which responses of custom resources CloudFormation accepts."""

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
    """Return a valid response with some fields changed; None omits one."""
    made = {**REQUEST, "Status": "SUCCESS", "PhysicalResourceId": "id", **fields}
    return json.dumps({key: value for key, value in made.items() if value is not None}).encode()


def test_a_valid_response_is_accepted() -> None:
    """With its attributes, or the reason of its failure."""
    assert Response("id", {"Arn": "a"}) == parse(body(Data={"Arn": "a"}), REQUEST)
    assert Response("id", {}, "why") == parse(body(Status="FAILED", Reason="why"), REQUEST)


@pytest.mark.parametrize(("size", "accepted"), [(4096, True), (4097, False)])
def test_a_body_may_have_4096_bytes(size: int, accepted: bool) -> None:
    """And no more."""
    padded = body() + b" " * (size - len(body()))
    if accepted:
        parse(padded, REQUEST)
        return
    with pytest.raises(InvalidResponse, match=r"^Response object is too long\.$"):
        parse(padded, REQUEST)


@pytest.mark.parametrize(("letters", "accepted"), [(0, False), (512, True), (513, False)])
def test_a_physical_id_has_1_to_1024_bytes(letters: int, accepted: bool) -> None:
    """Bytes of UTF-8, not characters."""
    answer = json.dumps({**REQUEST, "Status": "SUCCESS", "PhysicalResourceId": "é" * letters}, ensure_ascii=False)
    if accepted:
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
    """An invalid one fails the resource."""
    with pytest.raises(InvalidResponse, match=f"^{refusal}$"):
        parse(body(**fields), REQUEST)


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff", b"[]", b"null", b'"text"'])
def test_a_response_must_be_a_json_object(raw: bytes) -> None:
    """Not an empty body, either."""
    with pytest.raises(InvalidResponse, match=r"^Response is not"):
        parse(raw, REQUEST)


def test_a_made_up_id_is_like_cloudformations() -> None:
    """The stack, the logical id and random letters."""
    first, second = made_up_id("stack", "Builder"), made_up_id("stack", "Builder")
    assert first != second
    assert first.startswith("stack-Builder-")
    assert len("stack-Builder-") + 13 == len(first)
