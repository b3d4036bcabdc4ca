"""CloudFormation in a run: requests, their signed URLs, what it takes as an answer, and what it tells of a resource."""

import json
from datetime import datetime, timezone
from random import Random
from urllib.parse import parse_qs

from botocore.awsrequest import AWSPreparedRequest

from simulation.history import ANSWERED, CANCELLED, TIMED_OUT, History, Invocation, Put, Request, StackLook
from simulation.network import Caller
from simulation.responses import refusal_of, stack_resource, stack_resource_error
from simulation.scenario import Properties, Spell
from simulation.scheduler import Scheduler, Signal
from simulation.wire import Answer
from support.world import FUNCTION_ARN

SERVICE_TIMEOUT_MARGIN = 60.0
"""What ServiceTimeout has beyond the request's own timeout."""

URL_LASTS = 7200.0

_EXPIRED = 403


class Resource:
    """One custom resource of one stack: its statuses, the latest last."""

    def __init__(self, stack_id: str, logical_id: str) -> None:
        """Begin without a status."""
        self.stack_id = stack_id
        self.logical_id = logical_id
        self.statuses: list[tuple[float, str]] = []

    def status_at(self, moment: float) -> tuple[float, str]:
        """Return since when it has had which status; "" where it had none yet."""
        return next(((at, status) for at, status in reversed(self.statuses) if at <= moment), (0.0, ""))


class CloudFormationModel:
    """The resources and requests of a run.

    Attributes:
        stale: Seconds for which DescribeStackResource may tell an old status.
        caller: Tells which invocation calls; set once Lambda's model is there.
    """

    caller: Caller

    def __init__(self, scheduler: Scheduler, history: History, chance: Random, *, stale: float) -> None:
        """Begin without stacks."""
        self._scheduler = scheduler
        self._history = history
        self._chance = chance
        self.stale = stale
        self._resources: dict[tuple[str, str], Resource] = {}
        self._requests: dict[str, Request] = {}
        self._ends: dict[Request, Signal] = {}

    def resource(self, stack_id: str, logical_id: str) -> Resource:
        """Return a new resource."""
        made = Resource(stack_id, logical_id)
        self._resources[stack_id, logical_id] = made
        return made

    def issue(self, kind: str, resource: Resource, properties: Properties, *, physical_id: str, dated: bool) -> Request:
        """Make a request and its URL."""
        now = self._scheduler.now
        number = len(self._history.requests)
        request = Request(
            number=number,
            kind=kind,
            stack_id=resource.stack_id,
            logical_id=resource.logical_id,
            properties=properties,
            physical_id=physical_id,
            url=self._url(number, dated=dated),
            dated=dated,
            sent_at=now,
            service_timeout=properties.timeout + SERVICE_TIMEOUT_MARGIN,
        )
        self._history.requests.append(request)
        self._history.notes.append((now, f"request {number}: {kind} {physical_id or '-'} {properties.as_sent()}"))
        self._requests[request.url] = request
        self._ends[request] = Signal()
        return request

    def event(self, request: Request, old: Properties | None) -> str:
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
        if old is not None:
            made["OldResourceProperties"] = {"ServiceToken": FUNCTION_ARN, **old.as_sent()}
        return json.dumps(made)

    def wait(self, request: Request, *, cancel_after: float | None) -> None:
        """Let the running task wait until a request has ended, by an answer or otherwise."""
        until = request.sent_at + request.service_timeout
        cancelled_at = request.sent_at + cancel_after if cancel_after is not None else until
        if not self._scheduler.wait(self._ends[request], until=min(until, cancelled_at)):
            self._end(request, CANCELLED if cancelled_at < until else TIMED_OUT)

    def put(self, url: str, body: bytes, invocation: Invocation, spell: Spell | None) -> Answer:
        """Take an answer as S3 and CloudFormation do: only the first for an open request counts."""
        request = self._requests.get(url)
        now = self._scheduler.now
        status = 200
        if request is None or now - request.sent_at > URL_LASTS:
            status = _EXPIRED
        if spell is not None and spell.kind == "http":
            status = int(spell.code)
        lands = status == 200 or (spell is not None and spell.after_effect and status != _EXPIRED)
        taken = lands and request is not None and not request.ended
        lost = spell is not None and spell.kind in ("drop", "hang")
        self._history.puts.append(
            Put(
                at=now,
                invocation=invocation,
                request=request,
                body=body,
                status=None if lost else status,
                taken=taken,
            )
        )
        if taken and request is not None:
            request.refused = refusal_of(body, request)
            request.answer = {} if request.refused else json.loads(body)
            request.answered_by = invocation
            self._end(request, ANSWERED)
        return Answer(status, b"")

    def operation(self, request: AWSPreparedRequest) -> str:
        """Return the operation, the only one the function knows, and note that it looks."""
        assert self._fields(request)["Action"] == ["DescribeStackResource"]
        invocation = self.caller.running()
        self._history.stack_looks.append(StackLook(at=self._scheduler.now, invocation=invocation))
        return "DescribeStackResource"

    def answer(self, operation: str, request: AWSPreparedRequest, spell: Spell | None, /) -> Answer:
        """Tell a resource's status, sometimes an old one."""
        if spell is not None and spell.kind in ("throttle", "server_error", "access_denied"):
            return stack_resource_error(spell.kind)
        fields = self._fields(request)
        resource = self._resources[fields["StackName"][0], fields["LogicalResourceId"][0]]
        at, status = self.told(resource, stale=self._chance.random() * self.stale)
        if spell is None:
            self._noted(status, stale=(at, status) != resource.statuses[-1])
        stamp = datetime.fromtimestamp(at, tz=timezone.utc).isoformat(timespec="milliseconds")
        return stack_resource(resource.logical_id, status, stamp.replace("+00:00", "Z"))

    def told(self, resource: Resource, *, stale: float) -> tuple[float, str]:
        """Return what is told of a resource: what was so some seconds ago, but never nothing."""
        old = resource.status_at(self._scheduler.now - stale)
        return old if old[1] else resource.statuses[0]

    def _noted(self, told: str, *, stale: bool) -> None:
        invocation = self.caller.running()
        look = next(each for each in reversed(self._history.stack_looks) if each.invocation is invocation)
        look.at, look.told, look.stale = self._scheduler.now, told, stale
        look.over = bool(invocation.request.ended)

    def _fields(self, request: AWSPreparedRequest) -> dict[str, list[str]]:
        body = request.body.decode() if isinstance(request.body, bytes) else str(request.body)
        return parse_qs(body)

    def _end(self, request: Request, how: str) -> None:
        request.ended = how
        request.ended_at = self._scheduler.now
        told = f"{request.answer.get('Status', '')} {request.answer.get('Reason', '')} {request.refused}"
        self._history.notes.append((self._scheduler.now, f"request {request.number} {how} {told}"))
        self._ends[request].give()

    def _url(self, number: int, *, dated: bool) -> str:
        stamp = datetime.fromtimestamp(self._scheduler.now, tz=timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        date = f"X-Amz-Date={stamp}&" if dated else ""
        signature = f"{self._chance.getrandbits(256):064x}"
        return (
            "https://cloudformation-custom-resource-response-eucentral1.s3.eu-central-1.amazonaws.com/"
            f"arn%3Aaws%3Acloudformation%3Aeu-central-1%3A123456789012%3Astack/s/1%7Cid%7C{number}"
            f"?X-Amz-Algorithm=AWS4-HMAC-SHA256&{date}X-Amz-Expires=7200&X-Amz-Signature={signature}"
        )
