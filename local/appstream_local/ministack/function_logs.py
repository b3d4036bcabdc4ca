"""Writes what a Python function logs to its log group, in Lambda's JSON format; ministack keeps printed text only.

It knows ministack's inside: the program that runs Python functions. The lines of an invocation
arrive when it ends. A role that may not create a log group doesn't bring back one that was deleted with its stack.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from ministack.core import iam_evaluator, lambda_runtime
from ministack.core.responses import get_account_id, get_region
from ministack.services import cloudwatch_logs, lambda_svc

# Lambda's runtime puts such a handler on the root logger before it imports the function.
_HANDLER: Final = """
def _log_in_json():
    import json, logging, sys, time, traceback

    known = {*vars(logging.makeLogRecord({})), "message", "asctime"}

    class Lines(logging.Handler):
        def emit(self, record):
            stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + ".%03dZ" % record.msecs
            line = {"timestamp": stamp, "level": record.levelname, "message": record.getMessage()}
            line["logger"] = record.name
            if record.exc_info:
                line["stackTrace"] = traceback.format_exception(*record.exc_info)
            line.update({key: value for key, value in vars(record).items() if key not in known})
            sys.stderr.write(json.dumps(line, default=str) + chr(10))
            sys.stderr.flush()

    logging.getLogger().addHandler(Lines())


_log_in_json()
"""


def register() -> None:
    """Extend ministack; call it once, before its server starts."""
    lambda_runtime._PYTHON_WORKER_SCRIPT = _HANDLER + lambda_runtime._PYTHON_WORKER_SCRIPT
    lambda_svc._emit_lambda_logs = _where_allowed(lambda_svc._emit_lambda_logs)


def _where_allowed(original: Callable[..., None]) -> Callable[..., None]:
    """Let only a role that may create log groups bring one back that was deleted with its stack."""

    def emit(function: Mapping[str, Any], *rest: Any, **more: Any) -> None:
        config = function.get("config") or function
        group = (config.get("LoggingConfig") or {}).get("LogGroup") or f"/aws/lambda/{config.get('FunctionName')}"
        if group in cloudwatch_logs._log_groups or _may_create(group, str(config.get("Role", ""))):
            original(function, *rest, **more)

    return emit


def _may_create(group: str, role_arn: str) -> bool:
    account, region = get_account_id(), get_region()
    policies = iam_evaluator._gather_role_policies(role_arn.rsplit("/", 1)[-1], account)
    context = iam_evaluator.EvalContext(
        principal_arn=role_arn,
        principal_type="AssumedRole",
        principal_account=account,
        action="logs:CreateLogGroup",
        resource_arn=f"arn:aws:logs:{region}:{account}:log-group:{group}",
        region=region,
    )
    return bool(iam_evaluator.evaluate(context, policies).decision == "Allow")
