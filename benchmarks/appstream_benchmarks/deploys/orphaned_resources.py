"""Counts the resources that a deleted stack left behind."""

from typing import Any

from appstream_benchmarks.deploys.testbed import Testbed


def orphaned_resources(testbed: Testbed) -> dict[str, int]:
    """Return how many resources of each kind exist that the bootstrap did not create."""
    events, functions = testbed.client("events"), testbed.client("lambda")
    logs, states = testbed.client("logs"), testbed.client("stepfunctions")
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
