"""What an event's ids and its URL tell: which builder a Delete is about, and how old the request is."""

import pytest

from running_image_builder_function.request import NOT_STARTED, issued_at, parse
from support.lambda_side import LOGICAL_ID, event
from support.world import NAME


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


@pytest.mark.usefixtures("in_tokyo")
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("X-Amz-Date=20270115T080000Z", 1_800_000_000),
        ("a=b&X-Amz-Date=20270115T080000Z&X-Amz-Signature=0", 1_800_000_000),
        ("X-Amz-Date=20270115T080000", None),
        ("X-Amz-Date=20271315T080000Z", None),
        ("X-Amz-Date=", None),
        ("", None),
    ],
)
def test_the_date_of_a_request_is_that_of_its_signature(query: str, expected: float | None) -> None:
    """Without one, nothing is known."""
    assert expected == issued_at({"ResponseURL": f"https://any.test/any?{query}"})


def test_an_event_without_an_url_has_no_date() -> None:
    """Nothing is known."""
    assert issued_at({}) is issued_at({"ResponseURL": None}) is None
