"""Counts what some work used: AppStream calls, Lambda invocations and GB-seconds, Step Functions transitions."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from appstream_benchmarks import usage as prices
from appstream_benchmarks.deploys.testbed import Lab

_REPORT = re.compile(r"REPORT RequestId: (\S+)\s+Duration: .*?Billed Duration: (\d+) ms\s+Memory Size: (\d+) MB")
_ATTEMPTS = frozenset({"TaskScheduled", "LambdaFunctionScheduled"})


@dataclass(frozen=True)
class Usage:
    """What some work used.

    Attributes:
        calls: AppStream calls.
        throttled: Those of them that were refused for their rate.
        invocations: Lambda invocations.
        gb_seconds: Lambda's GB-seconds by architecture, from the billed duration in the functions' REPORT lines.
        transitions: State transitions of Step Functions, retries included.
    """

    calls: int
    throttled: int
    invocations: int
    gb_seconds: dict[str, float] = field(default_factory=dict)
    transitions: int = 0

    def as_json(self) -> dict[str, Any]:
        """Return it as plain data, with the sum and the price in US dollars."""
        price = prices.price(gb_seconds=self.gb_seconds, invocations=self.invocations, transitions=self.transitions)
        return {
            "calls": self.calls,
            "throttled": self.throttled,
            "invocations": self.invocations,
            "gb_seconds": round(sum(self.gb_seconds.values()), 4),
            "transitions": self.transitions,
            "usd": round(price, 9),
        }


class Meter:
    """Reads an engine's records; what was there before a `begin` does not count."""

    def __init__(self, lab: Lab) -> None:
        self._admin = lab.engine.admin
        self._logs = lab.client("logs")
        self._lambda = lab.client("lambda")
        self._states = lab.client("stepfunctions")
        self._seen: set[str] = set()

    def begin(self) -> None:
        """Forget what was used so far."""
        self._admin.clear_calls()
        self._reports()
        self._transitions()

    def read(self) -> Usage:
        """Return what was used since `begin`."""
        calls = self._admin.calls()
        reports = self._reports()
        gb_seconds: dict[str, float] = {}
        for architecture, amount in reports:
            gb_seconds[architecture] = gb_seconds.get(architecture, 0.0) + amount
        return Usage(
            calls=len(calls),
            throttled=sum(call.error == "ThrottlingException" for call in calls),
            invocations=len(reports),
            gb_seconds=gb_seconds,
            transitions=self._transitions(),
        )

    def _reports(self) -> list[tuple[str, float]]:
        """Return architecture and GB-seconds of each invocation that was not counted before."""
        found = []
        for group, architecture in self._groups().items():
            try:
                pages = list(self._logs.get_paginator("filter_log_events").paginate(logGroupName=group))
            except self._logs.exceptions.ResourceNotFoundException:
                continue  # a function that was never invoked
            for event in (event for page in pages for event in page["events"]):
                match = _REPORT.match(event["message"])
                if match and self._is_new(match[1]):
                    found.append((architecture, int(match[2]) / 1000 * int(match[3]) / 1024))
        return found

    def _groups(self) -> dict[str, str]:
        """Return the functions' log groups, with the architecture."""
        functions = [f for page in self._lambda.get_paginator("list_functions").paginate() for f in page["Functions"]]
        return {
            (each.get("LoggingConfig") or {}).get("LogGroup") or f"/aws/lambda/{each['FunctionName']}": each[
                "Architectures"
            ][0]
            for each in functions
        }

    def _transitions(self) -> int:
        """Return the transitions of executions that were not counted before: states entered, and retries."""
        count = 0
        for machine in self._states.list_state_machines()["stateMachines"]:
            pages = self._states.get_paginator("list_executions").paginate(stateMachineArn=machine["stateMachineArn"])
            for execution in (each for page in pages for each in page["executions"]):
                if not self._is_new(execution["executionArn"]):
                    continue
                history = self._states.get_paginator("get_execution_history").paginate(
                    executionArn=execution["executionArn"]
                )
                types = [event["type"] for page in history for event in page["events"]]
                attempts = sum(each in _ATTEMPTS for each in types)
                tasks = types.count("TaskStateEntered")
                entered = sum(each.endswith("StateEntered") for each in types)
                count += entered + max(0, attempts - tasks)
        return count

    def _is_new(self, key: str) -> bool:
        if key in self._seen:
            return False
        self._seen.add(key)
        return True
