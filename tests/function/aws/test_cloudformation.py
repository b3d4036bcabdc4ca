"""The CloudFormation calls: a resource, its stack, and the stack's other resources."""

from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import pytest
from botocore.stub import Stubber

from running_image_builder_function.aws.cloudformation import CloudFormation
from running_image_builder_function.contract import RESOURCE_TYPE
from running_image_builder_function.model.errors import AwsCallError, ErrorKind
from running_image_builder_function.reconcile.ports import NOT_IN_STACK
from support.fake_appstream import NAME
from support.lambda_harness import LOGICAL_ID, STACK_ID

SERVICE = "cloudformation"
CHANGED = datetime(2026, 11, 23, 12, 0, 0, tzinfo=timezone.utc)

CALLS: dict[str, Callable[[CloudFormation], object]] = {
    "describe_stack_resource": lambda stacks: stacks.resource(STACK_ID, LOGICAL_ID),
    "describe_stacks": lambda stacks: stacks.stack_status(STACK_ID),
    "list_stack_resources": lambda stacks: stacks.another_owner(STACK_ID, LOGICAL_ID, NAME, physical_id=NAME),
}


@pytest.fixture
def stacks(client: Any) -> CloudFormation:
    """Return the function's calls over the stubbed client."""
    return CloudFormation(lambda: client)


class Canned:
    """A client that answers every call with the next of some responses."""

    def __init__(self, *responses: object) -> None:
        """Keep them."""
        self._responses = list(responses)
        self.asked: list[dict[str, str]] = []

    def _next(self, **arguments: str) -> object:
        self.asked.append(arguments)
        return self._responses.pop(0)

    describe_stack_resource = describe_stacks = list_stack_resources = _next


def entry(
    status: str = "CREATE_COMPLETE", *, logical_id: str = "Other", name: str = NAME, kind: str = RESOURCE_TYPE
) -> dict[str, Any]:
    """Return one entry of ListStackResources."""
    return {
        "LogicalResourceId": logical_id,
        "PhysicalResourceId": name,
        "ResourceType": kind,
        "LastUpdatedTimestamp": CHANGED,
        "ResourceStatus": status,
    }


def test_a_resource_has_its_status_and_since_when(stacks: CloudFormation, stubber: Stubber) -> None:
    """The time is CloudFormation's own."""
    detail = {**entry("UPDATE_IN_PROGRESS", logical_id=LOGICAL_ID)}
    request = {"StackName": STACK_ID, "LogicalResourceId": LOGICAL_ID}
    stubber.add_response("describe_stack_resource", {"StackResourceDetail": detail}, request)

    assert ("UPDATE_IN_PROGRESS", CHANGED.timestamp()) == stacks.resource(STACK_ID, LOGICAL_ID)


@pytest.mark.parametrize(
    ("detail", "expected"),
    [
        ({}, ("", None)),
        ({"ResourceStatus": "CREATE_COMPLETE"}, ("CREATE_COMPLETE", None)),
        ({"ResourceStatus": "CREATE_COMPLETE", "LastUpdatedTimestamp": "today"}, ("CREATE_COMPLETE", None)),
        ({"ResourceStatus": None, "LastUpdatedTimestamp": CHANGED}, ("", CHANGED.timestamp())),
    ],
)
def test_what_a_resource_lacks_is_empty(detail: object, expected: tuple[str, object]) -> None:
    """Local engines leave out much."""
    canned = Canned({"StackResourceDetail": detail})

    assert expected == CloudFormation(lambda: canned).resource(STACK_ID, LOGICAL_ID)


@pytest.mark.parametrize(
    ("code", "message", "missing"),
    [
        ("ValidationError", f"Resource {LOGICAL_ID} does not exist for stack stack-1", True),
        ("ValidationError", "1 validation error detected: Value at 'stackName' is too long", False),
        ("Throttling", "A limit that does not exist was reached", False),
    ],
)
def test_a_resource_that_an_update_has_removed_is_not_in_the_stack(
    stacks: CloudFormation, stubber: Stubber, code: str, message: str, missing: bool
) -> None:
    """CloudFormation says so in words only."""
    stubber.add_client_error("describe_stack_resource", code, message, 400)

    if missing:
        assert NOT_IN_STACK == stacks.resource(STACK_ID, LOGICAL_ID)
        return
    with pytest.raises(AwsCallError):
        stacks.resource(STACK_ID, LOGICAL_ID)


@pytest.mark.parametrize("status", ["UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_COMPLETE"])
def test_the_stack_has_its_status(stacks: CloudFormation, stubber: Stubber, status: str) -> None:
    """As CloudFormation names it."""
    stack = {"StackName": "stack-1", "CreationTime": CHANGED, "StackStatus": status}
    stubber.add_response("describe_stacks", {"Stacks": [stack]}, {"StackName": STACK_ID})

    assert status == stacks.stack_status(STACK_ID)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (entry(), True),
        (entry("CREATE_IN_PROGRESS"), True),
        (entry("UPDATE_FAILED"), True),
        (entry("UPDATE_ROLLBACK_COMPLETE"), True),
        (entry("IMPORT_COMPLETE"), True),
        (entry(logical_id=LOGICAL_ID), False),
        (entry(name="builder-2"), False),
        (entry(name=f"{NAME}/not-started"), False),
        (entry(kind="AWS::AppStream::ImageBuilder"), False),
        (entry("DELETE_IN_PROGRESS"), False),
        (entry("DELETE_COMPLETE"), False),
        (entry("DELETE_FAILED"), False),
        (entry("CREATE_FAILED"), False),
        (entry("ROLLBACK_IN_PROGRESS"), False),
        (entry("IMPORT_ROLLBACK_COMPLETE"), False),
        (entry("IMPORT_FAILED"), False),
    ],
)
def test_another_live_resource_of_this_type_has_the_builder(
    stacks: CloudFormation, stubber: Stubber, found: dict[str, Any], expected: bool
) -> None:
    """Any other resource, and one that is on its way out, has not."""
    stubber.add_response("list_stack_resources", {"StackResourceSummaries": [found]}, {"StackName": STACK_ID})

    owner = stacks.another_owner(STACK_ID, LOGICAL_ID, NAME, physical_id=NAME)
    assert (found["LogicalResourceId"] if expected else "") == owner


@pytest.mark.parametrize(
    ("physical_id", "expected"),
    [(NAME, False), (f"{NAME}/start-not-seen", True), ("stack-Builder-2AO6L9WJUEZSL", True)],
)
def test_the_resource_itself_can_have_the_builder_by_a_newer_id(
    stacks: CloudFormation, stubber: Stubber, physical_id: str, expected: bool
) -> None:
    """Without rollback, another Create follows a failed one, whose Delete comes last."""
    found = entry(logical_id=LOGICAL_ID)
    stubber.add_response("list_stack_resources", {"StackResourceSummaries": [found]}, {"StackName": STACK_ID})

    owner = stacks.another_owner(STACK_ID, LOGICAL_ID, NAME, physical_id=physical_id)
    assert (LOGICAL_ID if expected else "") == owner


def test_the_resource_itself_comes_first() -> None:
    """It has a schedule of the same name, which another resource hasn't."""
    first = {"StackResourceSummaries": [entry()], "NextToken": "more"}
    canned = Canned(first, {"StackResourceSummaries": [entry(logical_id=LOGICAL_ID)]})

    owner = CloudFormation(lambda: canned).another_owner(STACK_ID, LOGICAL_ID, NAME, physical_id=f"{NAME}/not-started")
    assert LOGICAL_ID == owner


def test_another_resource_is_searched_for_on_all_pages() -> None:
    """A stack may have 500 resources."""
    first = {"StackResourceSummaries": [entry(name="builder-2"), "no entry"], "NextToken": "more"}
    canned = Canned(first, {"StackResourceSummaries": [entry()]})

    assert CloudFormation(lambda: canned).another_owner(STACK_ID, LOGICAL_ID, NAME, physical_id=NAME)
    assert [{"StackName": STACK_ID}, {"StackName": STACK_ID, "NextToken": "more"}] == canned.asked


def test_a_list_of_several_pages_is_read_twice() -> None:
    """A resource that is deleted between two pages moves the next one to the page that was read."""
    others = {"StackResourceSummaries": [entry(name="builder-2")], "NextToken": "more"}
    canned = Canned(others, {"StackResourceSummaries": []}, others, {"StackResourceSummaries": [entry()]})

    assert CloudFormation(lambda: canned).another_owner(STACK_ID, LOGICAL_ID, NAME, physical_id=NAME)


def test_a_list_of_several_pages_is_not_read_a_third_time() -> None:
    """Each page is a call, and AWS limits their rate."""
    page: dict[str, object] = {"StackResourceSummaries": []}
    canned = Canned({**page, "NextToken": "more"}, page, {**page, "NextToken": "more"}, page)

    assert not CloudFormation(lambda: canned).another_owner(STACK_ID, LOGICAL_ID, NAME, physical_id=NAME)


def test_pages_that_never_end_are_a_failed_call() -> None:
    """Nothing may hang."""
    canned = Canned(*[{"StackResourceSummaries": [], "NextToken": "again"}] * 60)

    with pytest.raises(
        AwsCallError, match=r"^cloudformation:ListStackResources: UnreadableResponse: no end in the response$"
    ):
        CloudFormation(lambda: canned).another_owner(STACK_ID, LOGICAL_ID, NAME, physical_id=NAME)


@pytest.mark.parametrize("operation", CALLS)
@pytest.mark.parametrize(
    ("code", "kind"),
    [("AccessDenied", ErrorKind.DENIED), ("ValidationError", ErrorKind.REFUSED), ("Throttling", ErrorKind.THROTTLED)],
)
def test_a_refused_call_says_why(
    stacks: CloudFormation, stubber: Stubber, operation: str, code: str, kind: ErrorKind
) -> None:
    """What it means for the request is not decided here."""
    stubber.add_client_error(operation, code)
    with pytest.raises(AwsCallError) as caught:
        CALLS[operation](stacks)

    assert (kind, code) == (caught.value.kind, caught.value.code)
    assert caught.value.action == "cloudformation:" + operation.title().replace("_", "")


@pytest.mark.parametrize("operation", CALLS)
@pytest.mark.parametrize(
    "response",
    [
        None,
        {},
        {"StackResourceDetail": None, "Stacks": None, "StackResourceSummaries": None},
        {"Stacks": []},
        {"Stacks": [None]},
        {"Stacks": [{"StackName": "stack-1"}]},
        {"Stacks": [{"StackName": "stack-1"}, {"StackStatus": "UPDATE_COMPLETE"}]},
    ],
)
def test_an_incomplete_response_is_an_error(operation: str, response: object) -> None:
    """Somebody else has responded, or only a part of it came."""
    with pytest.raises(AwsCallError) as caught:
        CALLS[operation](CloudFormation(lambda: Canned(response)))

    assert ErrorKind.UNAVAILABLE is caught.value.kind
