"""What must hold for what a run leaves: logs without secrets, no invocation and nothing queued; and calm succeeds."""

from collections.abc import Iterator

from simulation.history import ANSWERED, History, Request
from simulation.scenario import Scenario, StackOperation

_LIMIT_WITH_ROOM = 300.0
"""From this limit on an invocation has room for calls that hang; three in a row may overrun a shorter one."""


def no_secret_is_logged(history: History) -> Iterator[str]:
    """No line of any logger at any level holds a ResponseURL or its signature."""
    for _ in range(history.log_lines - len(history.leaks)):
        yield ""
    for line in history.leaks:
        yield f"a log line holds a ResponseURL: {line[:60]}"


def nothing_stays_queued(history: History) -> Iterator[str]:
    """Once all is over no invocation runs and none is queued."""
    yield f"left behind: {history.leftovers}" if history.leftovers else ""
    for event in history.events:
        yield f"event {event.number} is still queued" if event.undelivered else ""


def only_retriable_failures_raise(history: History) -> Iterator[str]:
    """The function ends in an error only for Lambda to try again: an answer, or a hand-over, did not get through."""
    for invocation in history.invocations:
        tries = [call for call in history.calls if call.invocation is invocation and (call.service in ("s3", "lambda"))]
        last = tries[-1] if tries else None
        responses = [put for put in history.puts if put.invocation is invocation]
        expired = bool(responses) and responses[-1].status == _EXPIRED
        fine = invocation.ended != "raised" or (last is not None and (bool(last.fault_kind) or expired))
        bug = any(invocation.error.startswith(each) for each in _BUGS)
        yield "" if fine and not bug else f"invocation {invocation.number} raised {invocation.error}"


_EXPIRED = 403
_BUGS = ("KeyError", "TypeError", "AttributeError", "ValueError", "IndexError", "AssertionError", "NameError")


def the_function_does_not_time_out(history: History) -> Iterator[str]:
    """The function ends by itself before Lambda ends it, unless it still tries to reach CloudFormation."""
    for invocation in history.invocations:
        responses = any(each.service == "s3" and each.invocation is invocation for each in history.calls)
        roomy = history.scenario.function_timeout >= _LIMIT_WITH_ROOM
        overrun = invocation.killed_by == "its time was up" and roomy and not responses
        yield f"invocation {invocation.number} ran into Lambda's limit" if overrun else ""


def fault_free_requests_succeed(history: History) -> Iterator[str]:
    """Where nothing goes wrong and there is time enough, a Create or Update succeeds."""
    for request in history.requests:
        if request.kind in ("Create", "Update") and request.ended == ANSWERED and _is_fault_free(history, request):
            fine = request.response.get("Status") == "SUCCESS"
            yield "" if fine else f"request {request.number} failed in calm: {request.response.get('Reason')}"


def _is_fault_free(history: History, request: Request) -> bool:
    scenario, properties = history.scenario, request.properties
    builder = next(each for each in scenario.builders if each.name == properties.name)
    reads = [read for read in history.builder_reads if read.invocation.request is request and read.shown is not None]
    troubled = history.faults or any(each.ended != "returned" for each in history.invocations)
    external_actions = any(act.invocation is None for act in history.builder_changes)
    first = "" if not reads or reads[0].shown is None else reads[0].shown["State"]
    times = scenario.durations
    late_stop = scenario.scheduler_delay + 300.0 if properties.stop_after is not None else 0.0
    needs = times.agent_update + times.start + times.describe_lag + min(times.eni_delay, 300.0)
    needs += 4 * properties.poll_interval + 8 * max(scenario.queue_delay, scenario.long_queue_delay) + 50 + late_stop
    # Other requests for the same builder are other people.
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
