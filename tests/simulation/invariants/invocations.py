"""Invariants of invocations: no secret is logged, nothing stays queued, errors are for Lambda to retry."""

from collections.abc import Iterator

from simulation.history import ANSWERED, History, Request
from simulation.scenario import Scenario, StackOperation

_ROOMY_TIMEOUT = 300.0
"""From this timeout on an invocation has room for calls that hang; three in a row may exceed a shorter one."""


def no_secret_is_logged(history: History) -> Iterator[str]:
    """No log line of any level has a ResponseURL or its signature."""
    for _ in range(history.log_lines - len(history.leaks)):
        yield ""
    for line in history.leaks:
        yield f"a log line has a ResponseURL: {line[:60]}"


def nothing_stays_queued(history: History) -> Iterator[str]:
    """At the end no invocation runs and none is queued."""
    yield f"left behind: {history.leftovers}" if history.leftovers else ""
    for event in history.events:
        yield f"event {event.number} is still queued" if event.undelivered else ""


def only_retriable_failures_raise(history: History) -> Iterator[str]:
    """The function raises only for Lambda to retry: a response or a self-invocation failed."""
    for invocation in history.invocations:
        tries = [each for each in history.calls_of(invocation) if each.service in ("s3", "lambda")]
        last = tries[-1] if tries else None
        responses = [put for put in history.puts if put.invocation is invocation]
        expired = bool(responses) and responses[-1].status == _EXPIRED
        fine = invocation.ended != "raised" or (last is not None and (bool(last.fault_kind) or expired))
        bug = any(invocation.error.startswith(each) for each in _BUGS)
        yield "" if fine and not bug else f"invocation {invocation.number} raised {invocation.error}"


_EXPIRED = 403
_BUGS = ("KeyError", "TypeError", "AttributeError", "ValueError", "IndexError", "AssertionError", "NameError")


def the_function_does_not_time_out(history: History) -> Iterator[str]:
    """The function ends before Lambda's timeout, unless it still tries to respond."""
    for invocation in history.invocations:
        responses = history.calls_of(invocation, "s3")
        roomy = history.scenario.function_timeout >= _ROOMY_TIMEOUT
        overrun = invocation.killed_by == "its time was up" and roomy and not responses
        yield f"invocation {invocation.number} timed out" if overrun else ""


def fault_free_requests_succeed(history: History) -> Iterator[str]:
    """Without any fault, and with enough time, a Create or Update succeeds."""
    for request in history.requests:
        if request.kind in ("Create", "Update") and request.ended == ANSWERED and _is_fault_free(history, request):
            fine = request.response.get("Status") == "SUCCESS"
            yield "" if fine else f"request {request.number} failed without a fault: {request.response.get('Reason')}"


def _is_fault_free(history: History, request: Request) -> bool:
    scenario, properties = history.scenario, request.properties
    builder = next(each for each in scenario.builders if each.name == properties.name)
    reads = [read for read in history.builder_reads if read.invocation.request is request and read.shown is not None]
    troubled = history.faults or any(each.ended != "returned" for each in history.invocations)
    external_actions = any(change.invocation is None for change in history.builder_changes)
    first = "" if not reads or reads[0].shown is None else reads[0].shown["State"]
    times = scenario.durations
    late_stop = scenario.scheduler_delay + 300.0 if properties.stop_after is not None else 0.0
    needs = times.agent_update + times.start + times.describe_lag + min(times.eni_delay, 300.0)
    needs += 4 * properties.poll_interval + 8 * max(scenario.queue_delay, scenario.long_queue_delay) + 50 + late_stop
    # Other requests for the same builder count as external actions.
    others = any(
        each is not request and each.ended_at > request.sent_at and each.sent_at < request.ended_at
        for each in history.requests
    )
    still = any(each.delivery_stalls for operation in _operations(scenario) for each in operation.fault_plans)
    alone = not external_actions and not others and not still and not any(event.copies for event in history.events)
    simple = properties.agent_version is None and not properties.invalid
    starts = builder.start_outcome == "running" and first in ("STOPPED", "RUNNING") and not builder.transitions
    return not troubled and alone and simple and starts and needs < properties.timeout


def _operations(scenario: Scenario) -> list[StackOperation]:
    return [operation for operations in (scenario.operations, *scenario.other_stacks) for operation in operations]
