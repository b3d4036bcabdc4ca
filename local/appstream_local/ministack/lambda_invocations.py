"""Tells which functions run, so that a test can wait until nobody acts any more.

It knows ministack's inside.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any

from ministack.services import lambda_svc

RUNNING_INVOCATIONS = "AppStreamLocal.RunningInvocations"
"""The admin operation that answers how many invocations of each function run."""

_running: Counter[str] = Counter()
_lock = Lock()


def register() -> None:
    """Extend ministack; call it once, before its server starts."""
    lambda_svc._execute_function_dispatch = _counted(lambda_svc._execute_function_dispatch)


def running_invocations() -> tuple[int, dict[str, str], bytes]:
    """Answer the admin operation."""
    with _lock:
        found = {name: number for name, number in _running.items() if number}
    return 200, {"Content-Type": "application/json"}, json.dumps(found).encode()


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
