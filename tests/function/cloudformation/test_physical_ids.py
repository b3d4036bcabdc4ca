"""What an event's ids and its URL say: which builder a Delete is about, and how old the request is."""

import pytest

from running_image_builder_function.cloudformation.physical_ids import NOT_STARTED, START_NOT_SEEN
from running_image_builder_function.cloudformation.request import parse
from support.fake_appstream import NAME
from support.lambda_harness import LOGICAL_ID, event

CONTAINING_LOGICAL_ID = (LOGICAL_ID, f"{LOGICAL_ID}-prod", f"my-{LOGICAL_ID}-1", f"my-{LOGICAL_ID}.1ABCDEFGHIJKL")
"""Names of builders; in a hand-written template, the logical id can be a word such as "ImageBuilder"."""


@pytest.mark.parametrize(
    ("physical_id", "name", "started_here"),
    [
        ("old", "old", True),
        (f"old{NOT_STARTED}", "old", False),
        (f"old{START_NOT_SEEN}", "old", True),
        (f"stack-{LOGICAL_ID}-1ABCDEFGHIJKL", NAME, True),
        (f"stack-1-{LOGICAL_ID}-aB1cD2eF3gH4", NAME, True),
        (f"stack_{LOGICAL_ID}_1ABCDEFG", NAME, True),
        *((name, name, True) for name in CONTAINING_LOGICAL_ID),
        (f"{LOGICAL_ID}{NOT_STARTED}", NAME, False),
        ("2024/01/01/[$LATEST]0f0e", NAME, True),
        ("", NAME, True),
    ],
)
def test_a_delete_is_about_the_builder_that_the_id_names(physical_id: str, name: str, started_here: bool) -> None:
    """An id that names none, such as one CloudFormation made up, leaves it to the properties."""
    request = parse(event("Delete", physical_id=physical_id))

    assert (name, started_here) == (request.name, request.started_here)


def test_an_update_uses_the_name_of_the_properties() -> None:
    """The id is the old one's."""
    assert NAME == parse(event("Update", physical_id="old")).name


@pytest.mark.parametrize(
    ("physical_id", "may_start"),
    [
        ("old", False),
        (f"old{NOT_STARTED}", False),
        (f"old{START_NOT_SEEN}", True),
        (f"stack-{LOGICAL_ID}-1ABCDEFGHIJKL", True),
        (f"stack_{LOGICAL_ID}_1ABCDEFG", True),
        *((name, False) for name in CONTAINING_LOGICAL_ID),
    ],
)
def test_the_id_says_whether_a_start_may_be_under_way(physical_id: str, may_start: bool) -> None:
    """CloudFormation makes an id up where a Create never responded, whatever it had done."""
    assert may_start is parse(event("Delete", physical_id=physical_id)).may_start


def test_a_delete_without_a_logical_id_uses_its_physical_id() -> None:
    """CloudFormation always sends its ids; a test event in the console may not."""
    request = parse({**event("Delete", physical_id="old"), "LogicalResourceId": None, "RequestId": None})

    assert ("old", "", "") == (request.name, request.logical_id, request.request_id)
