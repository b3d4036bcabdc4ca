"""IAM for AppStream: checks calls against image builders and their tags, and keeps a log of the decisions."""

from collections.abc import Callable
from typing import Any

from ministack.core import iam_actions, iam_evaluator
from ministack.core.iam_evaluator import EvalContext, caller_arn
from ministack.core.responses import get_account_id, get_region
from ministack.services import tagging

from appstream_local.service.arns import authorized_resource
from appstream_local.service.errors import ApiError, access_denied
from appstream_local.service.logs import IamCheck
from appstream_local.service.service import AppStreamService
from appstream_local.service.validation import parse_json
from appstream_local.service.wire import failure

SERVICE = "appstream"


def register(service: AppStreamService) -> None:
    """Extend ministack; call it once, before its server starts."""
    iam_actions.SERVICE_TO_IAM_NAMESPACE[SERVICE] = SERVICE
    # ministack imports these four inside its functions, again for each request.
    iam_actions.extract_resource_arn = _with_image_builders(iam_actions.extract_resource_arn)
    iam_actions.access_denied_response = _with_appstream(iam_actions.access_denied_response)
    iam_evaluator.enforce = _logged(iam_evaluator.enforce, service)
    tagging.resource_tags = _with_tags_of_builders(tagging.resource_tags, service)


def role_may(role_arn: str, action: str, resource: str, *, principal: str) -> bool:
    """Return whether the policies of a role in this account allow an action."""
    policies = iam_evaluator._gather_role_policies(role_arn.rsplit("/", 1)[-1], get_account_id())
    context = evaluation_context(action, resource, principal=principal)
    return bool(iam_evaluator.evaluate(context, policies).decision == "Allow")


def evaluation_context(action: str, resource: str, *, principal: str) -> EvalContext:
    """Return what ministack evaluates policies against."""
    return EvalContext(
        principal_arn=principal,
        principal_type="AssumedRole",
        principal_account=get_account_id(),
        action=action,
        resource_arn=resource,
        region=get_region(),
    )


def _with_image_builders(original: Callable[..., str]) -> Callable[..., str]:
    """Check a call against its image builder's ARN; "*" would deny every policy that names one."""

    def extract_resource_arn(
        service_name: str,
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes,
        query_params: dict[str, Any],
        region: str,
        account_id: str,
    ) -> str:
        if service_name != SERVICE:
            return original(service_name, method, path, headers, body, query_params, region, account_id)
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        try:
            params = parse_json(body)
        except ApiError:
            params = {}
        return authorized_resource(operation=operation, params=params, account=account_id, region=region)

    return extract_resource_arn


def _logged(original: Callable[..., Any], service: AppStreamService) -> Callable[..., Any]:
    """Log every service's decisions, which stay ministack's."""

    def enforce(
        access_key: str, action: str, service_name: str, region: str, resource_arn: str = "*", **details: Any
    ) -> Any:
        denied = original(access_key, action, service_name, region, resource_arn, **details)
        check = IamCheck(action=action, resource=resource_arn, principal=caller_arn(), allowed=denied is None)
        service.region_state(account=get_account_id(), region=region).iam_checks.add(check)
        return denied

    return enforce


def _with_appstream(original: Callable[..., Any]) -> Callable[..., Any]:
    """Name the resource in a denial, and send it as an AWS JSON service does."""

    def access_denied_response(
        service_name: str, action: str, principal_arn: str, request_id: str, **details: Any
    ) -> Any:
        if service_name != SERVICE or details.get("error_code"):
            return original(service_name, action, principal_arn, request_id, **details)
        operation = action.partition(":")[2]
        resource, explicit = details.get("resource_arn", "*"), bool(details.get("explicit_deny"))
        error = access_denied(principal_arn, operation, resource, explicit=explicit)
        response = failure(error, request_id=request_id)
        return response.status, dict(response.headers), response.body

    return access_denied_response


def _with_tags_of_builders(original: Callable[[str], Any], service: AppStreamService) -> Callable[[str], Any]:
    """Evaluate aws:ResourceTag conditions with the tags that image builders were created with."""

    def resource_tags(arn: str) -> Any:
        parts = arn.split(":", 5)
        if len(parts) != 6 or parts[2] != SERVICE:
            return original(arn)
        builders = service.region_state(account=parts[4], region=parts[3]).builders
        try:
            return builders.observe(parts[5].rpartition("/")[2])[0].tags
        except ApiError:
            return None

    return resource_tags
