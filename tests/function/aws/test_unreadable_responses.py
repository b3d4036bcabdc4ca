"""Responses that AWS didn't send, through the real botocore: each is a failed call, never "not found".

What botocore makes of them differs by protocol: of a web page with status 200 JSON services give an empty response, of
"null" an AttributeError; CloudFormation's XML a ResponseParserError; a status without a code becomes the code.
"""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from running_image_builder_function.aws.appstream import AppStream
from running_image_builder_function.aws.cloudformation import CloudFormation
from running_image_builder_function.aws.lambda_ import SelfInvoker
from running_image_builder_function.aws.scheduler import EventBridgeScheduler
from running_image_builder_function.model.errors import AwsCallError, ErrorKind
from running_image_builder_function.model.stop_schedule import ScheduledStop, StopSchedule
from running_image_builder_function.observability.metrics import Metrics
from running_image_builder_function.observability.running_metric import RunningMetric, RunningMetricFailed
from simulation.runtime.botocore_clients import HttpResponse, client, serving
from support.fake_appstream import FUNCTION_ARN, NAME
from support.lambda_harness import LOGICAL_ID, STACK_ID
from support.virtual_time import VirtualClock

SCHEDULE = StopSchedule(name="stop-1", role_arn="arn:aws:iam::123456789012:role/stops", after=900)

CALLS: dict[str, Callable[[], object]] = {
    "appstream:DescribeImageBuilders": lambda: AppStream(lambda: client("appstream")).describe(NAME),
    "appstream:StartImageBuilder": lambda: AppStream(lambda: client("appstream")).start(NAME, None),
    "appstream:StopImageBuilder": lambda: AppStream(lambda: client("appstream")).stop(NAME),
    "scheduler:GetSchedule": lambda: EventBridgeScheduler(lambda: client("scheduler")).find("stop-1"),
    "scheduler:UpdateSchedule": lambda: EventBridgeScheduler(lambda: client("scheduler")).put(
        SCHEDULE, ScheduledStop(at=1_800_000_000, builder=NAME)
    ),
    "scheduler:DeleteSchedule": lambda: EventBridgeScheduler(lambda: client("scheduler")).remove("stop-1"),
    "lambda:InvokeFunction": lambda: SelfInvoker(lambda: client("lambda")).invoke(FUNCTION_ARN, {}),
    "cloudformation:DescribeStackResource": lambda: CloudFormation(lambda: client("cloudformation")).resource(
        STACK_ID, LOGICAL_ID
    ),
    "cloudformation:DescribeStacks": lambda: CloudFormation(lambda: client("cloudformation")).stack_status(STACK_ID),
    "cloudformation:ListStackResources": lambda: CloudFormation(lambda: client("cloudformation")).another_owner(
        STACK_ID, LOGICAL_ID, NAME, physical_id=NAME
    ),
}

PAGE = b"<html><head><title>Proxy</title></head><body>Not here<br></body></html>"
XML = b"<a><b>c</b></a>"
STACK_WITHOUT_STATUS = b"<a><DescribeStacksResult><Stacks><member/></Stacks></DescribeStacksResult></a>"
BODIES = {
    "page": PAGE,
    "empty": b"",
    "null": b"null",
    "list": b"[]",
    "number": b"7",
    "text": b'"x"',
    "cut JSON": b'{"ImageBuilders": [{"Name": "builder-1", "Sta',
    "cut XML": b"<DescribeStackResourceResponse><DescribeStackRes",
    "other XML": XML,
    "other JSON": b'{"a": 1}',
    "other types": b'{"ImageBuilders": {"a": 1}, "ImageBuilder": [], "Target": [], "ScheduleArn": 1}',
    "no text": b"\xff\xfe\x00",
}
NEEDS_NOTHING = [("scheduler:DeleteSchedule", 200), ("scheduler:DeleteSchedule", 202), ("lambda:InvokeFunction", 202)]
"""AWS's response has no members there: any data will do."""


def failure(response: HttpResponse, action: str) -> AwsCallError | None:
    """Return the failure of a call that gets a response; None where there is none."""
    with serving(lambda _service, _request: response):
        try:
            CALLS[action]()
        except AwsCallError as error:
            return error
    return None


@pytest.mark.parametrize(
    ("action", "status"),
    [
        (action, status)
        for action in CALLS
        for status in (200, 202, 400, 403, 404, 409, 500, 502, 503)
        if (action, status) not in NEEDS_NOTHING
    ],
)
@pytest.mark.parametrize("body", BODIES)
def test_a_response_in_no_format_is_a_call_without_one(action: str, status: int, body: str) -> None:
    """It may have taken effect, and says nothing of what it was about; whatever its status."""
    kind = "text/html" if body == "page" else "application/json"

    failed = failure(HttpResponse(status, BODIES[body], {"Content-Type": kind}), action)

    assert failed is not None
    assert (ErrorKind.UNAVAILABLE, action) == (failed.kind, failed.action)
    assert failed.code in ("UnreadableResponse", f"HTTP {status}")


@pytest.mark.parametrize(
    ("action", "response", "lacking"),
    [
        ("appstream:DescribeImageBuilders", b"{}", "ImageBuilders"),
        ("appstream:DescribeImageBuilders", b'{"ImageBuilders": [{}]}', "name of a builder"),
        ("appstream:DescribeImageBuilders", PAGE, "data, but a page,"),
        ("appstream:StartImageBuilder", b"{}", "ImageBuilder"),
        ("appstream:StopImageBuilder", b"{}", "ImageBuilder"),
        ("scheduler:GetSchedule", b'{"Target": {}}', "ScheduleExpression"),
        ("scheduler:GetSchedule", b'{"ScheduleExpression": "at(2027-01-15T08:00:00)"}', "Target"),
        ("scheduler:UpdateSchedule", b"{}", "ScheduleArn"),
        ("lambda:InvokeFunction", b"{}", "status 202"),
        ("cloudformation:DescribeStackResource", b"<a><DescribeStackResourceResult/></a>", "StackResourceDetail"),
        ("cloudformation:DescribeStacks", b"<a><DescribeStacksResult/></a>", "Stacks"),
        ("cloudformation:DescribeStacks", STACK_WITHOUT_STATUS, "StackStatus"),
        ("cloudformation:ListStackResources", b"<a><ListStackResourcesResult/></a>", "StackResourceSummaries"),
    ],
)
def test_the_detail_says_what_is_lacking(action: str, response: bytes, lacking: str) -> None:
    """Whoever reads the log doesn't have the response."""
    kind = "text/html" if response is PAGE else "application/json"

    failed = failure(HttpResponse(200, response, {"Content-Type": kind}), action)

    assert failed is not None
    assert f"no {lacking} in the response" == failed.detail


def test_a_created_schedule_must_have_an_arn() -> None:
    """As an updated one must."""
    missing = HttpResponse(404, b"{}", {"x-amzn-errortype": "ResourceNotFoundException"})
    with (
        serving(lambda _service, request: missing if request.method == "PUT" else HttpResponse(200, b"{}")),
        pytest.raises(
            AwsCallError, match="scheduler:CreateSchedule: UnreadableResponse: no ScheduleArn in the response"
        ),
    ):
        CALLS["scheduler:UpdateSchedule"]()


@pytest.mark.parametrize("action", CALLS)
@pytest.mark.parametrize("status", [200, 202, 404])
def test_a_web_page_is_no_response_even_where_none_is_needed(action: str, status: int) -> None:
    """A proxy's, most often."""
    failed = failure(HttpResponse(status, PAGE, {"Content-Type": "text/html; charset=utf-8"}), action)

    assert failed is not None
    assert ErrorKind.UNAVAILABLE is failed.kind


@pytest.mark.parametrize("action", CALLS)
@pytest.mark.parametrize("status", [200, 400, 404])
def test_of_a_long_page_the_log_gets_its_beginning(action: str, status: int) -> None:
    """At each try; and on one line."""
    failed = failure(HttpResponse(status, b"<html>\n" + b"words \n" * 10_000, {"Content-Type": "text/html"}), action)

    assert failed is not None
    assert len(failed.detail) <= 500
    assert "\n" not in failed.detail


@pytest.mark.parametrize("action", CALLS)
@pytest.mark.parametrize("body", [PAGE, b"", XML, b"{}"])
def test_status_429_is_throttling_in_any_format(action: str, body: bytes) -> None:
    """Some responses of that status come from in front of a service. Of what is no XML, botocore doesn't keep it."""
    failed = failure(HttpResponse(429, body), action)

    assert failed is not None
    assert failed.kind in (ErrorKind.THROTTLED, ErrorKind.UNAVAILABLE)


@pytest.mark.parametrize(
    ("entries", "found"),
    [
        (b'[null, {"Name": "builder-1", "State": "RUNNING"}]', True),
        (b'[{"State": "STOPPED"}, {"Name": "builder-1", "State": "RUNNING"}]', True),
        (b'[{"Name": "builder-1", "State": "RUNNING", "ImageBuilderErrors": [null]}]', True),
        (b"[null]", False),
        (b'[{"State": "STOPPED"}]', False),
        (b'[{"Name": "builder-1", "CreatedTime": "yesterday"}]', False),
    ],
)
def test_an_entry_that_cannot_be_read_hides_no_other_one(entries: bytes, found: bool) -> None:
    """But where the builder is not among the others it may be this one: that is not "not found"."""
    appstream = AppStream(lambda: client("appstream"))
    with serving(lambda _service, _request: HttpResponse(200, b'{"ImageBuilders": %s}' % entries)):
        if found:
            builder = appstream.describe(NAME)
            assert builder is not None
            assert ("RUNNING", "") == (builder.state, builder.error_text())
            assert "RUNNING" == builder.attributes()["State"]
        else:
            with pytest.raises(AwsCallError) as failed:
                appstream.describe(NAME)
            assert ErrorKind.UNAVAILABLE is failed.value.kind


@pytest.mark.parametrize("body", [body for name, body in BODIES.items() if name != "cut XML"])
def test_an_unreadable_builder_does_not_hide_the_others(body: bytes) -> None:
    """They are measured; then the invocation fails."""
    lines: list[str] = []

    def respond(_service: str, request: Any) -> HttpResponse:
        wanted: Mapping[str, str] = {"first": "RUNNING", "last": "STOPPED"}
        name = next((each for each in wanted if each.encode() in request.body), "")
        return HttpResponse(200, b'{"ImageBuilders": [{"Name": "%s"}]}' % name.encode() if name else body)

    appstream = AppStream(lambda: client("appstream"))
    measuring = RunningMetric(builders=appstream, metrics=Metrics(lines.append, function="any"), clock=VirtualClock())
    with (
        serving(respond),
        pytest.raises(RunningMetricFailed, match="broken: appstream:DescribeImageBuilders: UnreadableResponse"),
    ):
        measuring({"MeasureImageBuilders": ["first", "broken", "last"]})

    assert 2 == len(lines)
