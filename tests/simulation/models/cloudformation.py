"""CloudFormation in a run: requests, their signed URLs, what it takes as an answer, and what it tells of a stack."""

import json
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
from simulation.models.network import LOST, Caller
from simulation.runtime.botocore_clients import HttpResponse
from simulation.scenario import ClockOffsets, FaultWindow, Properties
from support.fake_appstream import FUNCTION_ARN
from support.virtual_time import Signal, VirtualClock

SERVICE_TIMEOUT_MARGIN = 60.0
"""What ServiceTimeout has beyond the request's own timeout."""

_EXPIRED = 403
_PAGE = 2
"""Resources on a page of ListStackResources: few, so that there are several pages."""


class Stack:
    """One stack: its statuses, the latest last, and its resources by logical id."""

    def __init__(self, stack_id: str) -> None:
        """Begin without a status."""
        self.stack_id = stack_id
        self.statuses: list[tuple[float, str]] = []
        self.resources: dict[str, Resource] = {}

    def status_at(self, moment: float) -> str:
        """Return its status at a moment, its first one where it had none yet."""
        return next((status for at, status in reversed(self.statuses) if at <= moment), self.statuses[0][1])


class Resource:
    """One custom resource of one stack, and what it has shown, the latest last."""

    def __init__(self, stack: Stack, logical_id: str, statuses: list[ResourceStatus]) -> None:
        """Begin without a status."""
        self.stack = stack
        self.logical_id = logical_id
        self.statuses = statuses

    def status_at(self, moment: float) -> ResourceStatus | None:
        """Return what it showed at a moment; None where that was nothing yet."""
        return next((each for each in reversed(self.statuses) if each.at <= moment), None)


class CloudFormationModel:
    """The resources and requests of a run.

    Attributes:
        stale: Seconds for which a look at a stack may tell what was so.
        caller: Tells which invocation calls; set once Lambda's model is there.
    """

    caller: Caller

    def __init__(
        self, clock: VirtualClock, history: History, rng: Random, *, stale: float, clock_offsets: ClockOffsets
    ) -> None:
        """Begin without stacks."""
        self._clock = clock
        self._history = history
        self._rng = rng
        self.stale = stale
        self._clock_offsets = clock_offsets
        self._stacks: dict[str, Stack] = {}
        self._requests: dict[str, Request] = {}
        self._ends: dict[Request, Signal] = {}
        self._shows: dict[Request, tuple[Resource, str]] = {}

    def stack(self, stack_id: str) -> Stack:
        """Return a new stack."""
        made = Stack(stack_id)
        self._stacks[stack_id] = made
        return made

    def stack_is(self, stack: Stack, status: str) -> None:
        """Let a stack have a status from now on."""
        stack.statuses.append((self._clock.now, status))
        self._history.notes.append((self._clock.now, f"stack {stack.stack_id.rpartition('stack/')[2]}: {status}"))

    def resource(self, stack: Stack, logical_id: str) -> Resource:
        """Return a resource, a new one where there has been none."""
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
            resource: What it is about.
            properties: What it brings.
            physical_id: The resource's, "" where it has none.
            url: What its URL tells of its age.
            shows: What the resource's statuses begin with meanwhile; "" for a request about a replaced one.
            old: The properties before, of an Update.
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
            resource.statuses.append(
                ResourceStatus(at=now, status=f"{shows}_IN_PROGRESS", request=request, physical_id=known)
            )
        self._history.requests.append(request)
        about = f"{resource.logical_id} of {resource.stack.stack_id.rpartition('stack/')[2]}"
        rollback = " (rollback)" if is_rollback else ""
        sent = properties.as_sent()
        self._history.notes.append((now, f"request {number}: {kind}{rollback} {physical_id or '-'} {about} {sent}"))
        self._requests[request.url] = request
        self._ends[request] = Signal()
        return request

    def skipped(self, resource: Resource, request: Request) -> None:
        """Let a resource be left out of a deletion."""
        resource.statuses.append(ResourceStatus(at=self._clock.now, status="DELETE_SKIPPED", request=request))

    def event(self, request: Request) -> str:
        """Return the event as the function gets it."""
        sent = {"ServiceToken": FUNCTION_ARN, **request.properties.as_sent()}
        made = {
            "RequestType": request.kind,
            "ServiceToken": FUNCTION_ARN,
            "ResponseURL": request.url,
            "StackId": request.stack_id,
            "RequestId": f"request-{request.number}",
            "LogicalResourceId": request.logical_id,
            "ResourceType": "Custom::AppStreamRunningImageBuilder",
            "ResourceProperties": sent,
        }
        if request.physical_id:
            made["PhysicalResourceId"] = request.physical_id
        if request.old_properties is not None:
            made["OldResourceProperties"] = {"ServiceToken": FUNCTION_ARN, **request.old_properties.as_sent()}
        return json.dumps(made)

    def wait(self, requests: list[Request], *, cancel_at: float | None, together: bool) -> bool:
        """Let the running task wait until requests have ended, by an answer or otherwise.

        Args:
            requests: What is waited for.
            cancel_at: When those are cancelled that have not ended; None for never.
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
        """Take an answer as S3 and CloudFormation do: only the first for an open request counts."""
        request = self._requests.get(url)
        now = self._clock.now
        status = 200
        if request is None or now - request.sent_at > URL_LIFETIME:
            status = _EXPIRED
        if fault is not None and fault.kind == "http":
            status = int(fault.code)
        lands = status == 200 or (fault is not None and fault.after_effect and status != _EXPIRED)
        accepted = lands and request is not None and not request.ended
        lost = fault is not None and fault.kind in LOST
        self._history.puts.append(
            ResponsePut(
                at=now,
                invocation=invocation,
                request=request,
                body=body,
                status=None if lost else status,
                accepted=accepted,
            )
        )
        if accepted and request is not None:
            request.rejection = rejection_of(body, request)
            request.response = {} if request.rejection else json.loads(body)
            request.responder = invocation
            self._end(request, ANSWERED)
        return HttpResponse(status, b"")

    def operation(self, request: AWSPreparedRequest) -> str:
        """Return the operation, and note that it looks."""
        operation = self._fields(request)["Action"][0]
        read = StackRead(at=self._clock.now, invocation=self.caller.running(), operation=operation)
        self._history.stack_reads.append(read)
        return operation

    def response(self, operation: str, request: AWSPreparedRequest, fault: FaultWindow | None, /) -> HttpResponse:
        """Tell what is asked for, sometimes what was so."""
        if fault is not None and fault.kind in ("throttle", "server_error", "access_denied", "error"):
            return cloudformation_error(fault.kind, operation, fault.code)
        fields = self._fields(request)
        stack = self._stacks[fields["StackName"][0]]
        invocation = self.caller.running()
        read = next(each for each in reversed(self._history.stack_reads) if each.invocation is invocation)
        read.at = now = self._clock.now
        read.failed = fault is not None and fault.kind in LOST
        then = now - self._rng.random() * self.stale
        if operation == "DescribeStacks":
            read.stack_status = stack.status_at(then)
            read.stale = read.stack_status != stack.statuses[-1][1]
            self._note_read(read, read.stack_status)
            return stack_description(stack.stack_id, read.stack_status, self._stamp(stack.statuses[0][0]))
        if operation == "ListStackResources":
            return self._page(read, stack, then, int(fields.get("NextToken", ["0"])[0]))
        assert operation == "DescribeStackResource", operation
        resource = stack.resources[fields["LogicalResourceId"][0]]
        # Never nothing: a resource is shown before its first request is sent.
        told = resource.status_at(then) or resource.statuses[0]
        read.resource_status, read.stale = told, told is not resource.statuses[-1]
        self._note_read(read, told.status)
        return stack_resource(
            resource.logical_id,
            told.status,
            self._stamp(told.at),
            physical_id=told.physical_id,
            stack_id=stack.stack_id,
        )

    def _page(self, read: StackRead, stack: Stack, then: float, first: int) -> HttpResponse:
        shown = [(each.logical_id, each.status_at(then)) for each in stack.resources.values()]
        # What is gone for long is listed no more; what is new may not be listed yet.
        listed = [(name, each) for name, each in shown if each is not None and each.status != "DELETE_COMPLETE"]
        read.stale = any(each is not stack.resources[name].statuses[-1] for name, each in listed)
        page = listed[first : first + _PAGE]
        read.listed = tuple(page)
        following = first + _PAGE if first + _PAGE < len(listed) else None
        read.first_page, read.last_page = first == 0, following is None
        self._note_read(read, ", ".join(f"{name} {each.status} {each.physical_id}" for name, each in page))
        rows = [(name, each.status, self._stamp(each.at), each.physical_id) for name, each in page]
        return stack_resources(rows, following=following, with_others=first == 0)

    def _note_read(self, read: StackRead, told: str) -> None:
        stale = " (stale)" if read.stale else ""
        lost = " (lost)" if read.failed else ""
        what = f"invocation {read.invocation.number} {read.operation}: {told}{stale}{lost}"
        self._history.notes.append((read.at, what))

    def _stamp(self, at: float) -> str:
        told = datetime.fromtimestamp(at + self._clock_offsets.cloudformation, tz=timezone.utc)
        return told.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def _fields(self, request: AWSPreparedRequest) -> dict[str, list[str]]:
        body = request.body.decode() if isinstance(request.body, bytes) else str(request.body)
        return parse_qs(body)

    def _end(self, request: Request, how: str) -> None:
        now = self._clock.now
        request.ended, request.ended_at = how, now
        told = f"{request.response.get('Status', '')} {request.response.get('Reason', '')} {request.rejection}"
        self._history.notes.append((now, f"request {request.number} {how} {told}"))
        if request in self._shows:
            resource, shows = self._shows[request]
            ending = "COMPLETE" if request.succeeded else "FAILED"
            # A failed update keeps its id; a create that has never answered gets one that CloudFormation makes up.
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
