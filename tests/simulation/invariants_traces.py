"""What must hold for what a run leaves: logs without secrets, no invocation and nothing queued; and calm succeeds."""

from collections.abc import Iterator

from simulation.history import ANSWERED, History, Request

_LIMIT_WITH_ROOM = 300.0
"""From this limit on an invocation has room for calls that hang; three in a row may overrun a shorter one."""


def no_secret_in_any_log(history: History) -> Iterator[str]:
    """No line of any logger at any level holds a ResponseURL or its signature."""
    for _ in range(history.lines - len(history.leaks)):
        yield ""
    for line in history.leaks:
        yield f"a log line holds a ResponseURL: {line[:60]}"


def nothing_is_left_behind(history: History) -> Iterator[str]:
    """Once all is over no invocation runs and none is queued."""
    yield f"left behind: {history.left}" if history.left else ""
    for event in history.events:
        yield f"event {event.number} is still queued" if event.waiting else ""


def only_an_answer_that_stays_undelivered_raises(history: History) -> Iterator[str]:
    """The function ends in an error only for Lambda to try again, because CloudFormation could not be reached."""
    # A URL that does not tell its end is tried after it, too.
    trouble = any(name.startswith("s3:") for name in history.faults) or any(put.status == 403 for put in history.puts)
    for invocation in history.invocations:
        fine = invocation.ended != "raised" or (trouble and invocation.error.startswith("AnswerNotDelivered"))
        yield "" if fine else f"invocation {invocation.number} raised {invocation.error}"


def lambdas_limit_is_not_overrun(history: History) -> Iterator[str]:
    """The function ends by itself before Lambda ends it, unless it still tries to reach CloudFormation."""
    for invocation in history.invocations:
        answers = any(each.service == "s3" and each.invocation is invocation for each in history.calls)
        roomy = history.scenario.function_limit >= _LIMIT_WITH_ROOM
        overrun = invocation.died == "its time was up" and roomy and not answers
        yield f"invocation {invocation.number} ran into Lambda's limit" if overrun else ""


def calm_requests_succeed(history: History) -> Iterator[str]:
    """Where nothing goes wrong and there is time enough, a Create or Update succeeds."""
    for request in history.requests:
        if request.kind in ("Create", "Update") and request.ended == ANSWERED and _is_calm(history, request):
            fine = request.answer.get("Status") == "SUCCESS"
            yield "" if fine else f"request {request.number} failed in calm: {request.answer.get('Reason')}"


def _is_calm(history: History, request: Request) -> bool:
    scenario, properties = history.scenario, request.properties
    builder = next(each for each in scenario.builders if each.name == properties.name)
    looks = [look for look in history.looks if look.invocation.request is request and look.shown is not None]
    troubled = history.faults or any(each.ended != "returned" for each in history.invocations)
    people = any(act.invocation is None for act in history.acts)
    first = "" if not looks or looks[0].shown is None else looks[0].shown["State"]
    times = scenario.durations
    late_stop = 320.0 if properties.stop_after is not None else 0.0
    needs = times.agent_update + times.start + times.describe_lag + min(times.eni_delay, 60.0)
    needs += 4 * properties.poll_interval + 8 * max(scenario.queue_delay, scenario.long_queue_delay) + 30 + late_stop
    # Other requests for the same builder are other people.
    others = any(each is not request and each.ended_at > request.sent_at > each.sent_at for each in history.requests)
    alone = not people and not others and not any(event.copies for event in history.events)
    simple = properties.agent_version is None and not properties.bad
    starts = builder.outcome == "running" and first in ("STOPPED", "RUNNING") and not builder.then
    return not troubled and alone and simple and starts and needs < properties.timeout
