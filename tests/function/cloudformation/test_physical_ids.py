"""What an event's ids and its URL tell: which builder a Delete is about, and how old the request is."""

import pytest

from running_image_builder_function.cloudformation.request import NOT_STARTED, issued_at, parse, url_ends_at
from support.fake_appstream import NAME
from support.lambda_harness import LOGICAL_ID, event


@pytest.mark.parametrize(
    ("physical_id", "name", "started_here"),
    [
        ("old", "old", True),
        (f"old{NOT_STARTED}", "old", False),
        (f"stack-{LOGICAL_ID}-1ABC", NAME, True),
        (f"{LOGICAL_ID}{NOT_STARTED}", NAME, False),
        ("2024/01/01/[$LATEST]0f0e", NAME, True),
        ("", NAME, True),
    ],
)
def test_a_delete_is_about_the_builder_that_the_id_names(physical_id: str, name: str, started_here: bool) -> None:
    """An id that names none, such as one CloudFormation made up, leaves it to the properties."""
    request = parse(event("Delete", physical_id=physical_id))

    assert (name, started_here) == (request.name, request.started_here)


def test_an_update_is_about_the_builder_that_the_properties_name() -> None:
    """The id is the old one's."""
    assert NAME == parse(event("Update", physical_id="old")).name


def test_a_delete_without_a_logical_id_goes_by_its_physical_id() -> None:
    """CloudFormation always sends one; a test event in the console may not."""
    assert "old" == parse({**event("Delete", physical_id="old"), "LogicalResourceId": None}).name


AT = 1_800_000_000
"""2027-01-15T08:00:00Z."""


@pytest.mark.usefixtures("in_tokyo")
@pytest.mark.parametrize(
    ("query", "issued", "ends"),
    [
        ("X-Amz-Date=20270115T080000Z", AT, AT + 7200),
        ("a=b&X-Amz-Date=20270115T080000Z&X-Amz-Expires=7200&X-Amz-Signature=0", AT, AT + 7200),
        ("X-Amz-Date=20270115T080000Z&X-Amz-Expires=60", AT, AT + 60),
        ("X-Amz-Date=20270115T080000Z&X-Amz-Expires=0", AT, AT + 7200),
        ("X-Amz-Date=20270115T080000Z&X-Amz-Expires=999999", AT, AT + 7200),
        ("X-Amz-Date=20270115T080000Z&X-Amz-Expires=soon", AT, AT + 7200),
        ("X-Amz-Date=20270115T080000Z&Expires=1700000000", AT, AT + 7200),
        (f"AWSAccessKeyId=A&Expires={AT + 7200}&Signature=b", AT, AT + 7200),
        (f"X-Amz-Date=soon&Expires={AT + 7200}", AT, AT + 7200),
        ("X-Amz-Date=20270115T080000", None, None),
        ("X-Amz-Date=20271315T080000Z", None, None),
        ("X-Amz-Date=00010101T000000Z", None, None),
        ("X-Amz-Date=", None, None),
        ("X-Amz-Expires=7200", None, None),
        ("Expires=7200", None, None),
        ("Expires=-1800007200", None, None),
        ("Expires=1800007200000", None, None),
        ("Expires=٣٣٣٣٣٣٣٣٣٣", None, None),
        ("Expires=1e9", None, None),
        ("", None, None),
    ],
)
def test_the_age_of_a_request_is_that_of_its_signature(query: str, issued: float | None, ends: float | None) -> None:
    """Of today's form or of the one before; what is no date tells nothing."""
    event = {"ResponseURL": f"https://any.test/any?{query}"}

    assert (issued, ends) == (issued_at(event), url_ends_at(event))


@pytest.mark.parametrize("url", [None, "", "x", "https://[any?Expires=1800007200", 7, []])
def test_what_is_no_url_tells_nothing(url: object) -> None:
    """Nor is it an error."""
    assert issued_at({"ResponseURL": url}) is url_ends_at({"ResponseURL": url}) is None


def test_an_event_without_an_url_has_no_date() -> None:
    """Nothing is known."""
    assert issued_at({}) is issued_at({"ResponseURL": None}) is None
