"""Scenarios written by hand, each to show one thing; nothing in them is random but latencies."""

from typing import Any

from appstream_local.service.settings import Durations
from simulation.scenario import (
    NAMES,
    OTHER_ID,
    RENAMED_ID,
    Builder,
    Duplicate,
    ExternalAction,
    FaultPlan,
    FaultWindow,
    Kill,
    Properties,
    Scenario,
    StackOperation,
)

NAME, OTHER = NAMES
AGENT = "09-01-2026"
"""Not the agent version of a builder by default."""


def _scenario(
    *operations: StackOperation,
    builders: tuple[Builder, ...] = (Builder(NAME),),
    options: dict[str, Any] | None = None,
    **durations: float,
) -> Scenario:
    given = {"seed": "by hand", **(options or {})}
    return Scenario(builders=builders, operations=operations, durations=Durations(**durations), **given)


def _properties(name: str = NAME, *, poll_interval: int = 20, **properties: Any) -> Properties:
    return Properties(name=name, poll_interval=poll_interval, **properties)


def _plan(*faults: FaultWindow, **disruptions: Any) -> tuple[FaultPlan, ...]:
    return (FaultPlan(fault_windows=faults, **disruptions),)


def created_and_deleted(
    *,
    state: str = "STOPPED",
    start_outcome: str = "running",
    start: float = 200.0,
    function_timeout: float = 900.0,
    text: str = "",
    fails_later: bool = False,
    fault_plans: tuple[FaultPlan, ...] = (),
    **properties: Any,
) -> Scenario:
    """Return a stack that is created, and deleted ten minutes later.

    Args:
        state: The builder's initial state.
        start_outcome: How its start ends.
        start: How long a start takes, in seconds.
        function_timeout: The function's own timeout, in seconds.
        text: The builder's description, which AppStream also gives as the cause of a failure.
        fails_later: Whether the builder fails between the two.
        fault_plans: For the Create, and for the requests that it leads to.
        properties: Of the custom resource.
    """
    fields = {"Description": text, "StateChangeReason": {"Code": "CODE", "Message": text}} if text else {}
    silent = start_outcome != "running"
    if fails_later:
        fault_plans = _plan(external_actions=(ExternalAction("fail", NAME, after=500.0),))
    return _scenario(
        StackOperation("create", _properties(**properties), fault_plans=fault_plans),
        StackOperation("delete", pause=600.0),
        builders=(Builder(NAME, state=state, start_outcome=start_outcome, fields=fields, hides_errors=silent),),
        options={"function_timeout": function_timeout},
        start=start,
    )


REFUSED_RESPONSE = created_and_deleted(fault_plans=_plan(FaultWindow("s3", "http", code="503", times=2)))
"""S3 refuses the response twice before it takes it."""

DROPPED_READS = FaultWindow("appstream", "drop", operation="DescribeImageBuilders", begins=80.0)
"""From a while after the request on, no read of the builder gets a response."""

DENIED_READS = FaultWindow("appstream", "access_denied", operation="DescribeImageBuilders", begins=140.0)
"""The same, but denied for good, and for longer than IAM takes to spread a policy."""

DENIED_SELF_INVOCATION = FaultWindow("lambda", "access_denied")


def delivered_twice(*, kills: tuple[Kill, ...] = (), apart: float = 30.0) -> Scenario:
    """Return a Create that is delivered twice, or killed, of a builder that falls back to STOPPED without an error."""
    plan = _plan(kills=kills) if kills else _plan(duplicates=(Duplicate(after=apart),))
    return _scenario(
        StackOperation("create", _properties(), fault_plans=plan),
        builders=(Builder(NAME, start_outcome="stopped", hides_errors=True),),
        start=205.0,
    )


def awaiting_address(
    *faults: FaultWindow, timeout: int = 300, start: float = 60.0, function_timeout: float = 900.0
) -> Scenario:
    """Return a builder that starts and then has no address for long."""
    properties = _properties(timeout=timeout, poll_interval=10)
    return _scenario(
        StackOperation("create", properties, fault_plans=_plan(*faults)),
        options={"function_timeout": function_timeout},
        start=start,
        eni_delay=3600.0,
    )


def deleted_again_later() -> Scenario:
    """Return a stack whose Delete is delivered again after a second stack has started the builder."""
    properties = _properties(on_delete="STOP")
    return _scenario(
        StackOperation("create", properties),
        StackOperation("delete", pause=60.0, fault_plans=_plan(duplicates=(Duplicate(after=900.0),))),
        StackOperation("create", properties, pause=60.0),
        start=120.0,
    )


EXTERNAL_START = _scenario(
    StackOperation("create", _properties(poll_interval=60, on_delete="STOP")),
    StackOperation("delete", fault_plans=_plan(external_actions=(ExternalAction("start", NAME, after=30.0),))),
    builders=(Builder(NAME, state="RUNNING"),),
    start=45.0,
    stop=20.0,
)
"""Somebody starts the builder again right after a Delete has stopped it, before the next read."""


def unconfirmed_self_invocations() -> Scenario:
    """Return a Create whose self-invocations all take effect and all seem to fail, for as long as a request lasts."""
    lost = FaultWindow("lambda", "drop", after_effect=True)
    return _scenario(
        StackOperation("create", _properties(poll_interval=60, timeout=3540), fault_plans=_plan(lost)),
        builders=(Builder(NAME, start_outcome="never"),),
    )


def _updated_after_a_refused_stop(*actions: ExternalAction, pause: float, seed: str, start: float) -> Scenario:
    properties = _properties(poll_interval=5, stop_after=900)
    return _scenario(
        StackOperation("create", properties, fault_plans=_plan(external_actions=actions)),
        StackOperation("update", properties, pause=pause),
        builders=(Builder(NAME, state="RUNNING"),),
        options={"seed": seed},
        start=start,
        stop=10.0,
    )


def updated_when_a_stop_was_refused() -> Scenario:
    """Return a builder that is restarted just when its stop is due, and an update before the stop is tried again."""
    stop, start = ExternalAction("stop", NAME, after=870.0), ExternalAction("start", NAME, after=893.0)
    return _updated_after_a_refused_stop(stop, start, pause=904.0, seed="by hand", start=30.0)


def started_while_a_late_stop_was_refused() -> Scenario:
    """Return a builder that is stopped just before its scheduled stop, and an update whose start takes five minutes.

    The scheduler is late by most of its minute, so its last try comes after the builder is RUNNING.
    """
    stop = ExternalAction("stop", NAME, after=860.0)
    return _updated_after_a_refused_stop(stop, pause=903.0, seed="by hand, late", start=306.0)


def stopped_by_its_schedule() -> Scenario:
    """Return a builder that is started, and left to its scheduled stop."""
    return _scenario(StackOperation("create", _properties(stop_after=1800)), start=120.0)


def renamed(*, stop_after: int | None = None, rolled_back: bool = False) -> Scenario:
    """Return a stack whose resource gets another logical id and keeps its builder; another resource fails or not."""
    properties = _properties(on_delete="STOP", stop_after=stop_after)
    failure = 30.0 if rolled_back else None
    return _scenario(
        StackOperation("create", properties),
        StackOperation("update", properties, logical_id=RENAMED_ID, pause=60.0, other_failure_after=failure),
        start=120.0,
    )


def removed_and_added_again() -> Scenario:
    """Return a stack whose resource is removed and added again, while reads of the stack are stale."""
    properties = _properties(poll_interval=5, on_delete="STOP")
    return _scenario(
        StackOperation("create", properties),
        StackOperation("update", _properties(OTHER), logical_id=RENAMED_ID, pause=60.0),
        StackOperation("update", properties, pause=1.0),
        builders=(Builder(NAME), Builder(OTHER)),
        options={"read_staleness": 10.0},
        start=60.0,
        stop=30.0,
    )


def cancelled_update() -> Scenario:
    """Return an update to a builder of which an image is made just then, cancelled while it waits for that.

    The rollback has to start the first builder, and continues when the image is made.
    """
    plan = _plan(external_actions=(ExternalAction("stop", NAME, after=1.0),))
    snapshot = Builder(OTHER, state="SNAPSHOTTING", transitions=((250.0, "STOPPED"),))
    return _scenario(
        StackOperation("create", _properties()),
        StackOperation("update", _properties(OTHER), pause=60.0, cancel_after=90.0, fault_plans=plan),
        builders=(Builder(NAME, state="RUNNING"), snapshot),
        stop=20.0,
    )


def rolled_back(*, builder: str = "fail") -> Scenario:
    """Return an update to a builder that can't start, after which the first one can't run either.

    Args:
        builder: What somebody does to the first one before the update: "fail" or "snapshot".
    """
    action = ExternalAction(builder, NAME, after=100.0 if builder == "fail" else 200.0)
    return _scenario(
        StackOperation("create", _properties(), fault_plans=_plan(external_actions=(action,))),
        StackOperation("update", _properties(OTHER), pause=300.0),
        builders=(Builder(NAME, state="RUNNING"), Builder(OTHER, state="FAILED")),
        stop=20.0,
        snapshot=7200.0,
    )


def with_reads_failing(
    fault: FaultWindow, *, start_outcome: str = "running", reports_errors: bool = False, timeout: int = 1800
) -> Scenario:
    """Return a Create of which some reads fail."""
    properties = _properties(poll_interval=5, timeout=timeout)
    return _scenario(
        StackOperation("create", properties, fault_plans=_plan(fault)),
        builders=(Builder(NAME, start_outcome=start_outcome, reports_errors=reports_errors),),
        start=200.0,
    )


NO_FAULT = FaultWindow("appstream", "throttle", times=0)
NOT_FOUND_ONCE = FaultWindow("appstream", "missing", operation="DescribeImageBuilders", begins=60.0, times=1)
BRIEFLY_DENIED = FaultWindow("appstream", "access_denied", operation="DescribeImageBuilders", begins=120.0, lasts=40.0)


def throttled_self_invocation() -> Scenario:
    """Return a Create whose self-invocation is throttled for the rest of an invocation, but not for its retry."""
    throttled = FaultWindow("lambda", "throttle", lasts=150.0)
    return _scenario(
        StackOperation("create", _properties(), fault_plans=_plan(throttled)),
        options={"function_timeout": 120.0},
        start=400.0,
    )


def skipped_while_denied(*, service: str = "appstream") -> Scenario:
    """Return a stack whose Delete leaves the builder running, and is denied every call."""
    properties = _properties(stop_after=7200 if service == "scheduler" else None)
    return _scenario(
        StackOperation("create", properties),
        StackOperation("delete", pause=60.0, fault_plans=_plan(FaultWindow(service, "access_denied"))),
        builders=(Builder(NAME, state="RUNNING"),),
    )


def start_timed_out() -> Scenario:
    """Return a Create that times out before its start ends; its Delete stops the builder."""
    properties = _properties(poll_interval=10, timeout=300, on_delete="STOP")
    return _scenario(StackOperation("create", properties), start=400.0, stop=30.0)


def failed_rename() -> Scenario:
    """Return an update to another builder, with STOP, that times out before its start ends: nobody wants it then."""
    before, after = (_properties(name, poll_interval=10, timeout=300, on_delete="STOP") for name in NAMES)
    return _scenario(
        StackOperation("create", before),
        StackOperation("update", after, pause=60.0),
        builders=(Builder(NAME, state="RUNNING"), Builder(OTHER)),
        start=400.0,
        stop=30.0,
    )


def shared(*, apart: bool) -> Scenario:
    """Return two resources with one builder, in one stack or in two; the first one's stack is deleted."""
    properties = _properties()
    other_resources = () if apart else ((OTHER_ID, properties),)
    other_stack = (StackOperation("create", properties, pause=30.0),)
    return _scenario(
        StackOperation("create", properties, other_resources=other_resources),
        StackOperation("delete", pause=600.0),
        options={"other_stacks": (other_stack,) if apart else ()},
        start=120.0,
    )
