"""Lambda: function logs in Lambda's JSON format, and the number of running invocations."""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any, Final

from ministack.core import lambda_runtime
from ministack.core.responses import get_account_id, get_region
from ministack.services import cloudwatch_logs, lambda_svc

from .iam import role_may

RUNNING_INVOCATIONS: Final = "AppStreamLocal.RunningInvocations"
"""The admin operation that returns how many invocations of each function are running."""

_running: Counter[str] = Counter()
_lock = Lock()

# Runs before the function is imported, as the handler that Lambda's runtime adds to the root logger.
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
    """Extend ministack, which logs only printed text; call it once, before its server starts.

    The lines of an invocation reach the log group when the invocation ends.
    """
    lambda_runtime._PYTHON_WORKER_SCRIPT = _HANDLER + lambda_runtime._PYTHON_WORKER_SCRIPT
    lambda_svc._emit_lambda_logs = _if_allowed(lambda_svc._emit_lambda_logs)
    lambda_svc._execute_function_dispatch = _counted(lambda_svc._execute_function_dispatch)


def running_invocations() -> tuple[int, dict[str, str], bytes]:
    """Return the response of the admin operation."""
    with _lock:
        found = {name: number for name, number in _running.items() if number}
    return 200, {"Content-Type": "application/json"}, json.dumps(found).encode()


def _if_allowed(original: Callable[..., None]) -> Callable[..., None]:
    """Create a missing log group only if the role may, so that one deleted with its stack stays deleted."""

    def emit(function: Mapping[str, Any], *rest: Any, **more: Any) -> None:
        config = function.get("config") or function
        group = (config.get("LoggingConfig") or {}).get("LogGroup") or f"/aws/lambda/{config.get('FunctionName')}"
        resource = f"arn:aws:logs:{get_region()}:{get_account_id()}:log-group:{group}"
        role = str(config.get("Role", ""))
        if group in cloudwatch_logs._log_groups or role_may(role, "logs:CreateLogGroup", resource, principal=role):
            original(function, *rest, **more)

    return emit


def _counted(original: Callable[..., Any]) -> Callable[..., Any]:
    def execute(function: Mapping[str, Any], config: Mapping[str, Any], *rest: Any) -> Any:
        name = str(config.get("FunctionName", ""))
        with _lock:
            _running[name] += 1
        try:
            return original(function, config, *rest)
        finally:
            with _lock:
                _running[name] -= 1

    return execute
