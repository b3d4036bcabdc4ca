"""What is still there after a contender's stack was deleted."""

from __future__ import annotations

from typing import Any

from appstream_benchmarks.deploys.testbed import Lab


def leftovers(lab: Lab) -> dict[str, int]:
    """Return how many things of each sort a lab has that its bootstrap did not make."""
    events, functions = lab.client("events"), lab.client("lambda")
    logs, states = lab.client("logs"), lab.client("stepfunctions")
    all_functions = _all(functions, "list_functions", "Functions")
    machines = states.list_state_machines()["stateMachines"]
    return {
        "rules": len(events.list_rules()["Rules"]),
        "functions": len(all_functions),
        "permissions": sum(_permissions(functions, each["FunctionName"]) for each in all_functions),
        "log groups": len(_all(logs, "describe_log_groups", "logGroups")),
        "state machines": len(machines),
        "executions": sum(
            len(states.list_executions(stateMachineArn=each["stateMachineArn"], statusFilter="RUNNING")["executions"])
            for each in machines
        ),
    }


def _permissions(functions: Any, name: str) -> int:
    try:
        return str(functions.get_policy(FunctionName=name)["Policy"]).count('"Sid"')
    except functions.exceptions.ResourceNotFoundException:
        return 0


def _all(client: Any, operation: str, key: str) -> list[Any]:
    return [each for page in client.get_paginator(operation).paginate() for each in page[key]]
