"""Reads from an engine's records what some work used."""

import re

from appstream_benchmarks.deploys.testbed import Testbed
from appstream_benchmarks.usage import Usage

_REPORT = re.compile(r"REPORT RequestId: (\S+)\s+Duration: .*?Billed Duration: (\d+) ms\s+Memory Size: (\d+) MB")
_ATTEMPTS = frozenset({"TaskScheduled", "LambdaFunctionScheduled"})


class Meter:
    """Counts what is used between `start` and `read`."""

    def __init__(self, testbed: Testbed) -> None:
        self._admin = testbed.engine.admin
        self._logs = testbed.client("logs")
        self._lambda = testbed.client("lambda")
        self._states = testbed.client("stepfunctions")
        self._seen: set[str] = set()

    def start(self) -> None:
        """Forget what was used so far."""
        self._admin.clear_calls()
        self._reports()
        self._transitions()

    def read(self) -> Usage:
        """Return what was used since `start`."""
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
        """Return architecture and billed GB-seconds of each new invocation, from the functions' REPORT lines."""
        found = []
        for group, architecture in self._log_groups().items():
            try:
                pages = list(self._logs.get_paginator("filter_log_events").paginate(logGroupName=group))
            except self._logs.exceptions.ResourceNotFoundException:
                continue  # a function that was never invoked
            for event in (event for page in pages for event in page["events"]):
                match = _REPORT.match(event["message"])
                if match and self._is_new(match[1]):
                    found.append((architecture, int(match[2]) / 1000 * int(match[3]) / 1024))
        return found

    def _log_groups(self) -> dict[str, str]:
        """Return the functions' log groups, with the architecture."""
        functions = [f for page in self._lambda.get_paginator("list_functions").paginate() for f in page["Functions"]]
        return {
            (each.get("LoggingConfig") or {}).get("LogGroup") or f"/aws/lambda/{each['FunctionName']}": each[
                "Architectures"
            ][0]
            for each in functions
        }

    def _transitions(self) -> int:
        """Return the transitions of new executions: states entered, and retries."""
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
                entered = sum(each.endswith("StateEntered") for each in types)
                count += entered + max(0, attempts - types.count("TaskStateEntered"))
        return count

    def _is_new(self, key: str) -> bool:
        if key in self._seen:
            return False
        self._seen.add(key)
        return True
