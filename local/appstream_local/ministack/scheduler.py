"""EventBridge Scheduler: schedules that stop image builders, with IAM enforced, and a clock that tests can set."""

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

import ministack.app as ministack_app
from ministack.core import iam_evaluator
from ministack.core.responses import get_account_id, get_region
from ministack.services import eventbridge, scheduler
from ministack.services import iam as iam_service

from appstream_local.service.arns import authorized_resource
from appstream_local.service.service import TARGET_PREFIX, AppStreamService

from .iam import evaluation_context, role_may

RUN_SCHEDULES = "AppStreamLocal.RunSchedules"
"""The admin operation that runs every schedule that is due at a given moment."""

_PRINCIPAL = "scheduler.amazonaws.com"
_STOP = ":scheduler:::aws-sdk:appstream:stopImageBuilder"
_JSON = {"Content-Type": "application/json"}

_Response = tuple[int, dict[str, str], bytes]


class _Clock:
    """The machine's clock, except while a test runs the schedules of another moment."""

    def __init__(self) -> None:
        self.moment: float | None = None

    def time(self) -> float:
        return time.time() if self.moment is None else self.moment

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


_clock = _Clock()


def run_schedules(body: bytes) -> _Response:
    """Run every schedule that is due at the moment in the request."""
    _clock.moment = float(json.loads(body)["At"])
    try:
        scheduler._tick_schedules()
    finally:
        _clock.moment = None
    return 200, dict(_JSON), b"{}"


def register(service: AppStreamService) -> None:
    """Extend ministack; call it once, before its server starts."""
    # ministack's scheduler reads the time through this name of its module.
    scheduler.time = _clock
    eventbridge._invoke_target = _stopping_builders(eventbridge._invoke_target, service)
    ministack_app.SERVICE_HANDLERS["scheduler"] = _passing_roles(ministack_app.SERVICE_HANDLERS["scheduler"])


def _stopping_builders(original: Callable[..., Any], service: AppStreamService) -> Callable[..., Any]:
    """Call StopImageBuilder for schedules with that universal target, once; a failed call isn't retried."""

    def invoke_target(target: Mapping[str, Any], event: Mapping[str, Any], rule: Mapping[str, Any], *more: Any) -> Any:
        if not str(target.get("Arn", "")).endswith(_STOP):
            return original(target, event, rule, *more)
        account, region = get_account_id(), get_region()
        params = json.loads(target.get("Input") or "{}")
        role = str(target["RoleArn"])
        resource = authorized_resource(operation="StopImageBuilder", params=params, account=account, region=region)
        if not _may_assume(role) or not role_may(role, "appstream:StopImageBuilder", resource, principal=_PRINCIPAL):
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
    """Require iam:PassRole, and a role that the scheduler can assume, to create or update a schedule."""

    async def handle(method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]) -> _Response:
        role = _role_of(body) if method in ("POST", "PUT") and path.startswith("/schedules/") else ""
        if role and ministack_app.AUTH:
            access_key = ministack_app.extract_access_key_id(headers, query)
            keys = {"iam:PassedToService": _PRINCIPAL}
            denied = iam_evaluator.enforce(
                access_key, "iam:PassRole", "iam", get_region(), resource_arn=role, service_context=keys
            )
            if denied:
                who = iam_evaluator.caller_arn()
                return _error(
                    403,
                    "AccessDeniedException",
                    f"User: {who} is not authorized to perform: iam:PassRole on resource: {role}",
                )
        if role and not _may_assume(role):
            return _error(
                400,
                "ValidationException",
                "The execution role you provide must allow AWS EventBridge Scheduler to assume the role.",
            )
        response: _Response = await original(method, path, headers, body, query)
        return response

    return handle


def _may_assume(role_arn: str) -> bool:
    """Return whether a role trusts the scheduler for schedules in the default group of this account and Region."""
    account, region = get_account_id(), get_region()
    role = iam_service._roles.get_scoped(account, None, role_arn.rsplit("/", 1)[-1])
    if role is None:
        return False
    document = role.get("AssumeRolePolicyDocument") or {}
    document = json.loads(document) if isinstance(document, str) else document
    context = evaluation_context("sts:AssumeRole", role_arn, principal=_PRINCIPAL)
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


def _role_of(body: bytes) -> str:
    try:
        return str(json.loads(body)["Target"]["RoleArn"])
    except (ValueError, KeyError, TypeError):
        return ""


def _error(status: int, code: str, message: str) -> _Response:
    body = {"__type": code, "Message": message}
    return status, {**_JSON, "x-amzn-errortype": code}, json.dumps(body).encode()
