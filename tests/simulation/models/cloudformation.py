"""CloudFormation: requests and their signed URLs, the responses it accepts, and what reads of a stack show."""

import json
from dataclasses import dataclass
from datetime import datetime, timezone
from random import Random
from urllib.parse import parse_qs

from botocore.awsrequest import AWSPreparedRequest

from simulation.history import (
    ANSWERED,
    CANCELLED,
    TIMED_OUT,
    URL_LIFETIME,
    History,
    Invocation,
    Request,
    ResourceStatus,
    ResponsePut,
    StackRead,
)
from simulation.models.cloudformation_wire import (
    cloudformation_error,
    rejection_of,
    stack_description,
    stack_resource,
    stack_resources,
)
from simulation.models.faults import LOST
from simulation.models.network import Caller
from simulation.runtime.botocore_clients import HttpResponse, body_of
from simulation.scenario import ClockOffsets, FaultWindow, Properties
from support.fake_appstream import FUNCTION_ARN
from support.virtual_time import Signal, VirtualClock

SERVICE_TIMEOUT_MARGIN = 60.0
"""Seconds of ServiceTimeout beyond the request's own timeout."""

_EXPIRED = 403
_REMOVED = ("DELETE_COMPLETE", "DELETE_SKIPPED")
_PAGE_SIZE = 2
"""Resources on a page of ListStackResources: few, so that there are several pages."""


class Stack:
    """A stack: its statuses in order, and its resources by logical id."""

    def __init__(self, stack_id: str) -> None:
        self.stack_id = stack_id
        self.statuses: list[tuple[float, str]] = []
        self.resources: dict[str, Resource] = {}

    def status_at(self, moment: float) -> str:
        """Return its status at a moment, the first one where it had none yet."""
        return next((status for at, status in reversed(self.statuses) if at <= moment), self.statuses[0][1])


@dataclass(eq=False)
class Resource:
    """A custom resource of a stack, and its statuses in order."""

    stack: Stack
    logical_id: str
    statuses: list[ResourceStatus]

    def status_at(self, moment: float) -> ResourceStatus | None:
        """Return its status at a moment; None where it had none yet."""
        return next((each for each in reversed(self.statuses) if each.at <= moment), None)


class CloudFormationModel:
    """The stacks, resources and requests of a run.

    Args:
        staleness: Seconds for which a read of a stack may show an old status.
    """

    caller: Caller

    def __init__(
        self, clock: VirtualClock, history: History, rng: Random, *, staleness: float, clock_offsets: ClockOffsets
    ) -> None:
        self._clock = clock
        self._history = history
        self._rng = rng
        self._staleness = staleness
        self._clock_offsets = clock_offsets
        self._stacks: dict[str, Stack] = {}
        self._requests: dict[str, Request] = {}
        self._ends: dict[Request, Signal] = {}
        self._shows: dict[Request, tuple[Resource, str]] = {}

    def stack(self, stack_id: str) -> Stack:
        """Return a new stack."""
        self._stacks[stack_id] = stack = Stack(stack_id)
        return stack

    def set_stack_status(self, stack: Stack, status: str) -> None:
        """Give a stack a status from now on."""
        stack.statuses.append((self._clock.now, status))
        self._history.note(self._clock.now, f"stack {stack.stack_id.rpartition('stack/')[2]}: {status}")

    def resource(self, stack: Stack, logical_id: str) -> Resource:
        """Return a resource, a new one where there was none."""
        if logical_id not in stack.resources:
            statuses = self._history.resources.setdefault((stack.stack_id, logical_id), [])
            stack.resources[logical_id] = Resource(stack, logical_id, statuses)
        return stack.resources[logical_id]

    def issue(
        self,
        kind: str,
        resource: Resource,
        properties: Properties,
        *,
        physical_id: str,
        url: str,
        shows: str,
        old: Properties | None = None,
        is_rollback: bool = False,
        id_generated: bool = False,
        after: float = 0.0,
    ) -> Request:
        """Make a request and its URL.

        Args:
            kind: "Create", "Update" or "Delete".
            resource: The resource.
            properties: Its properties.
            physical_id: The resource's, "" where it has none.
            url: What the ResponseURL shows of its age.
            shows: The beginning of the resource's statuses meanwhile; "" for a request about a replaced one.
            old: An Update's old properties.
            is_rollback: Whether it rolls an update back.
            id_generated: Whether CloudFormation generated the physical id.
            after: Seconds from the resource's status to the request.
        """
        now = self._clock.now
        number = len(self._history.requests)
        signed = now + after + self._clock_offsets.cloudformation
        request = Request(
            number=number,
            kind=kind,
            stack_id=resource.stack.stack_id,
            logical_id=resource.logical_id,
            properties=properties,
            old_properties=old,
            physical_id=physical_id,
            url=self._url(number, url, signed),
            dated=url != "undated",
            dated_at=int(signed) - self._clock_offsets.lambda_,
            shown_at=now,
            sent_at=now + after,
            service_timeout=properties.timeout + SERVICE_TIMEOUT_MARGIN,
            is_rollback=is_rollback,
            id_generated=id_generated,
        )
        if shows:
            self._shows[request] = resource, shows
            known = "" if kind == "Create" else physical_id
            status = ResourceStatus(at=now, status=f"{shows}_IN_PROGRESS", request=request, physical_id=known)
            resource.statuses.append(status)
        self._history.requests.append(request)
        about = f"{resource.logical_id} of {resource.stack.stack_id.rpartition('stack/')[2]}"
        rollback = " (rollback)" if is_rollback else ""
        sent = properties.as_sent()
        self._history.note(now, f"request {number}: {kind}{rollback} {physical_id or '-'} {about} {sent}")
        self._requests[request.url] = request
        self._ends[request] = Signal()
        return request

    def skip(self, resource: Resource, request: Request) -> None:
        """Leave a resource out of a deletion."""
        resource.statuses.append(ResourceStatus(at=self._clock.now, status="DELETE_SKIPPED", request=request))

    def event(self, request: Request) -> str:
        """Return a request's event as the function gets it."""
        event = {
            "RequestType": request.kind,
            "ServiceToken": FUNCTION_ARN,
            "ResponseURL": request.url,
            "StackId": request.stack_id,
            "RequestId": f"request-{request.number}",
            "LogicalResourceId": request.logical_id,
            "ResourceType": "Custom::AppStreamRunningImageBuilder",
            "ResourceProperties": {"ServiceToken": FUNCTION_ARN, **request.properties.as_sent()},
        }
        if request.physical_id:
            event["PhysicalResourceId"] = request.physical_id
        if request.old_properties is not None:
            event["OldResourceProperties"] = {"ServiceToken": FUNCTION_ARN, **request.old_properties.as_sent()}
        return json.dumps(event)

    def wait(self, requests: list[Request], *, cancel_at: float | None, together: bool) -> bool:
        """Let the running task wait until requests have ended, by a response or otherwise.

        Args:
            requests: The requests.
            cancel_at: When the open ones are cancelled; None for never.
            together: Whether the first failure cancels the others.

        Returns:
            Whether somebody cancelled.
        """
        while True:
            open_ = [each for each in requests if not each.ended]
            failed = any(each.ended and not each.succeeded for each in requests)
            now = self._clock.now
            cancelled = cancel_at is not None and now >= cancel_at
            if not open_ or cancelled or (together and failed):
                for each in open_:
                    self._end(each, CANCELLED)
                return bool(open_) and cancelled
            changed = Signal()
            for each in open_:
                self._ends[each].then(changed.give)
            until = min(each.sent_at + each.service_timeout for each in open_)
            self._clock.wait(changed, until=until if cancel_at is None else min(until, cancel_at))
            for each in open_:
                if not each.ended and self._clock.now >= each.sent_at + each.service_timeout:
                    self._end(each, TIMED_OUT)

    def put(self, url: str, body: bytes, invocation: Invocation, fault: FaultWindow | None) -> HttpResponse:
        """Take a response as S3 and CloudFormation do: only the first to an open request counts."""
        request = self._requests.get(url)
        now = self._clock.now
        status = _EXPIRED if request is None or now - request.sent_at > URL_LIFETIME else 200
        if fault is not None and fault.kind == "http":
            status = int(fault.code)
        lands = status == 200 or (fault is not None and fault.after_effect and status != _EXPIRED)
        accepted = lands and request is not None and not request.ended
        seen = None if fault is not None and fault.kind in LOST else status
        put = ResponsePut(at=now, invocation=invocation, request=request, body=body, status=seen, accepted=accepted)
        self._history.puts.append(put)
        if accepted and request is not None:
            request.rejection = rejection_of(body, request)
            request.response = {} if request.rejection else json.loads(body)
            request.responder = invocation
            self._end(request, ANSWERED)
        return HttpResponse(status, b"")

    def operation(self, request: AWSPreparedRequest) -> str:
        """Return the operation, and record the read."""
        operation = self._fields(request)["Action"][0]
        read = StackRead(at=self._clock.now, invocation=self.caller.running(), operation=operation)
        self._history.stack_reads.append(read)
        return operation

    def respond(self, operation: str, request: AWSPreparedRequest, fault: FaultWindow | None, /) -> HttpResponse:
        """Show what is asked for, or what it was some seconds ago."""
        if fault is not None and fault.kind in ("throttle", "server_error", "access_denied", "error"):
            return cloudformation_error(fault.kind, operation, fault.code)
        fields = self._fields(request)
        stack = self._stacks[fields["StackName"][0]]
        invocation = self.caller.running()
        read = next(each for each in reversed(self._history.stack_reads) if each.invocation is invocation)
        read.at = now = self._clock.now
        read.failed = fault is not None and fault.kind in LOST
        then = now - self._rng.random() * self._staleness
        if operation == "DescribeStacks":
            read.stack_status = stack.status_at(then)
            read.stale = read.stack_status != stack.statuses[-1][1]
            self._note_read(read, read.stack_status)
            return stack_description(stack.stack_id, read.stack_status, self._stamp(stack.statuses[0][0]))
        if operation == "ListStackResources":
            return self._page(read, stack, then, int(fields.get("NextToken", ["0"])[0]))
        assert operation == "DescribeStackResource", operation
        resource = stack.resources[fields["LogicalResourceId"][0]]
        status = resource.status_at(then)
        read.resource_status, read.stale = status, status is not resource.statuses[-1]
        # A deleted stack still shows its resources, but none that an update has removed.
        removed = status is not None and status.status in _REMOVED and stack.status_at(then).startswith("UPDATE_")
        if status is None or removed:
            self._note_read(read, "does not exist")
            return cloudformation_error("missing", resource.logical_id)
        self._note_read(read, status.status)
        row = (resource.logical_id, status.status, self._stamp(status.at), status.physical_id)
        return stack_resource(*row, stack_id=stack.stack_id)

    def _page(self, read: StackRead, stack: Stack, then: float, first: int) -> HttpResponse:
        shown = [(each.logical_id, each.status_at(then)) for each in stack.resources.values()]
        # Deleted resources are not listed, and new ones may not be listed yet.
        listed = [(name, each) for name, each in shown if each is not None and each.status != "DELETE_COMPLETE"]
        read.stale = any(each is not stack.resources[name].statuses[-1] for name, each in listed)
        page = listed[first : first + _PAGE_SIZE]
        read.listed = tuple(page)
        following = first + _PAGE_SIZE if first + _PAGE_SIZE < len(listed) else None
        read.first_page, read.last_page = first == 0, following is None
        self._note_read(read, ", ".join(f"{name} {each.status} {each.physical_id}" for name, each in page))
        rows = [(name, each.status, self._stamp(each.at), each.physical_id) for name, each in page]
        return stack_resources(rows, following=following, with_others=first == 0)

    def _note_read(self, read: StackRead, shown: str) -> None:
        stale = " (stale)" if read.stale else ""
        lost = " (lost)" if read.failed else ""
        self._history.note(read.at, f"invocation {read.invocation.number} {read.operation}: {shown}{stale}{lost}")

    def _stamp(self, at: float) -> str:
        moment = datetime.fromtimestamp(at + self._clock_offsets.cloudformation, tz=timezone.utc)
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def _fields(self, request: AWSPreparedRequest) -> dict[str, list[str]]:
        return parse_qs(body_of(request).decode())

    def _end(self, request: Request, how: str) -> None:
        now = self._clock.now
        request.ended, request.ended_at = how, now
        result = f"{request.response.get('Status', '')} {request.response.get('Reason', '')} {request.rejection}"
        self._history.note(now, f"request {request.number} {how} {result}")
        if request in self._shows:
            resource, shows = self._shows[request]
            ending = "COMPLETE" if request.succeeded else "FAILED"
            # A failed Update keeps its id; for a Create without a response CloudFormation generates one.
            known = str(request.response.get("PhysicalResourceId", request.physical_id))
            known = request.physical_id if request.kind == "Update" and not request.succeeded else known
            status = ResourceStatus(at=now, status=f"{shows}_{ending}", request=request, physical_id=known)
            resource.statuses.append(status)
        self._ends[request].give()

    def _url(self, number: int, form: str, signed: float) -> str:
        signature = f"{self._rng.getrandbits(256):064x}"
        path = (
            "https://cloudformation-custom-resource-response-eucentral1.s3.eu-central-1.amazonaws.com/"
            f"arn%3Aaws%3Acloudformation%3Aeu-central-1%3A123456789012%3Astack/s/1%7Cid%7C{number}"
        )
        if form == "expires":
            return f"{path}?AWSAccessKeyId=AKIAEXAMPLE&Expires={int(signed + URL_LIFETIME)}&Signature={signature}"
        stamp = datetime.fromtimestamp(signed, tz=timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        date = f"X-Amz-Date={stamp}&" if form == "dated" else ""
        return f"{path}?X-Amz-Algorithm=AWS4-HMAC-SHA256&{date}X-Amz-Expires=7200&X-Amz-Signature={signature}"
