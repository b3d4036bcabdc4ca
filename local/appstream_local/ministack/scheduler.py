"""EventBridge Scheduler of ministack, extended at its edge: AppStream as a target, with IAM enforced, and its clock."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

import ministack.app as ministack_app
from ministack.core import iam_evaluator
from ministack.core.iam_evaluator import EvalContext
from ministack.core.responses import get_account_id, get_region
from ministack.services import eventbridge, scheduler
from ministack.services import iam as iam_service

from appstream_local.service.arns import authorized_resource
from appstream_local.service.service import TARGET_PREFIX, AppStreamService

RUN_SCHEDULES = "AppStreamLocal.RunSchedules"
"""The admin operation that runs what is due at a moment, as if the clock had come to it."""

_PRINCIPAL = "scheduler.amazonaws.com"
_STOP = ":scheduler:::aws-sdk:appstream:stopImageBuilder"
_JSON = {"Content-Type": "application/json"}

_Answer = tuple[int, dict[str, str], bytes]


class _Clock:
    """The scheduler's own clock: the machine's, but for a moment that a test asks for."""

    def __init__(self) -> None:
        self.moment: float | None = None

    def time(self) -> float:
        """Return the seconds since the epoch."""
        return time.time() if self.moment is None else self.moment

    def sleep(self, seconds: float) -> None:
        """Wait on the machine's clock."""
        time.sleep(seconds)


_clock = _Clock()


def run_schedules(body: bytes) -> _Answer:
    """Run every schedule that is due at the moment given."""
    _clock.moment = float(json.loads(body)["At"])
    try:
        scheduler._tick_schedules()
    finally:
        _clock.moment = None
    return 200, dict(_JSON), b"{}"


def extend_scheduler(service: AppStreamService) -> None:
    """Let schedules stop image builders; call it once, with the rest of the registration."""
    # The ticker and the tick read the time through this name of their module.
    scheduler.time = _clock
    eventbridge._invoke_target = _stopping_builders(eventbridge._invoke_target, service)
    ministack_app.SERVICE_HANDLERS["scheduler"] = _passing_roles(ministack_app.SERVICE_HANDLERS["scheduler"])


def _stopping_builders(original: Callable[..., Any], service: AppStreamService) -> Callable[..., Any]:
    """Carry out the universal target, once; what IAM or AppStream refuses is not tried again here."""

    def invoke_target(target: Mapping[str, Any], event: Mapping[str, Any], rule: Mapping[str, Any], *more: Any) -> Any:
        if not str(target.get("Arn", "")).endswith(_STOP):
            return original(target, event, rule, *more)
        account, region = get_account_id(), get_region()
        params = json.loads(target.get("Input") or "{}")
        role = str(target["RoleArn"])
        resource = authorized_resource(operation="StopImageBuilder", params=params, account=account, region=region)
        if not may_assume(role, account, region) or not _may_stop(role, resource, account, region):
            return None
        service.handle(
            target=f"{TARGET_PREFIX}.StopImageBuilder",
            body=json.dumps(params).encode(),
            account=account,
            region=region,
            principal=f"arn:aws:sts::{account}:assumed-role/{role.rsplit('/', 1)[-1]}/scheduler",
        )
        return None

    return invoke_target


def _passing_roles(original: Callable[..., Any]) -> Callable[..., Any]:
    """Ask IAM for iam:PassRole where a schedule is made or moved; refuse a role that the scheduler cannot assume."""

    async def handle(method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]) -> _Answer:
        role = _role_of(body) if method in ("POST", "PUT") and path.startswith("/schedules/") else ""
        if role and ministack_app.AUTH:
            access_key = ministack_app.extract_access_key_id(headers, query)
            keys = {"iam:PassedToService": _PRINCIPAL}
            denied = iam_evaluator.enforce(
                access_key, "iam:PassRole", "iam", get_region(), resource_arn=role, service_context=keys
            )
            if denied:
                who = iam_evaluator.caller_arn()
                return _refused(
                    403,
                    "AccessDeniedException",
                    f"User: {who} is not authorized to perform: iam:PassRole on resource: {role}",
                )
        if role and not may_assume(role, get_account_id(), get_region()):
            return _refused(
                400,
                "ValidationException",
                "The execution role you provide must allow AWS EventBridge Scheduler to assume the role.",
            )
        answer: _Answer = await original(method, path, headers, body, query)
        return answer

    return handle


def may_assume(role_arn: str, account: str, region: str) -> bool:
    """Return whether a role trusts the scheduler for schedules of the default group of this place."""
    role = iam_service._roles.get_scoped(account, None, role_arn.rsplit("/", 1)[-1])
    if role is None:
        return False
    document = role.get("AssumeRolePolicyDocument") or {}
    document = json.loads(document) if isinstance(document, str) else document
    context = _context("sts:AssumeRole", role_arn, account, region)
    context.service_context = {
        "aws:sourceaccount": account,
        "aws:sourcearn": f"arn:aws:scheduler:{region}:{account}:schedule-group/default",
    }
    return any(
        statement.get("Effect") == "Allow"
        and iam_evaluator._service_principal_matches(statement.get("Principal"), _PRINCIPAL)
        and iam_evaluator._conditions_met(statement.get("Condition", {}), context)
        for statement in document.get("Statement", [])
    )


def _may_stop(role_arn: str, resource: str, account: str, region: str) -> bool:
    policies = iam_evaluator._gather_role_policies(role_arn.rsplit("/", 1)[-1], account)
    context = _context("appstream:StopImageBuilder", resource, account, region)
    return bool(iam_evaluator.evaluate(context, policies).decision == "Allow")


def _context(action: str, resource: str, account: str, region: str) -> EvalContext:
    return EvalContext(
        principal_arn=_PRINCIPAL,
        principal_type="AssumedRole",
        principal_account=account,
        action=action,
        resource_arn=resource,
        region=region,
    )


def _role_of(body: bytes) -> str:
    try:
        return str(json.loads(body)["Target"]["RoleArn"])
    except (ValueError, KeyError, TypeError):
        return ""


def _refused(status: int, code: str, message: str) -> _Answer:
    body = {"__type": code, "Message": message}
    return status, {**_JSON, "x-amzn-errortype": code}, json.dumps(body).encode()
