"""Scenarios written by hand, each for one thing to show; nothing in them is left to chance but latencies."""

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
"""Not the version that a builder has which says nothing else."""


def created_and_deleted(
    *,
    state: str = "STOPPED",
    start_outcome: str = "running",
    on_delete: str | None = None,
    agent_version: str | None = None,
    timeout: int = 1800,
    start: float = 200.0,
    function_timeout: float = 900.0,
    text: str = "",
    fails_later: bool = False,
    stop_after: int | None = None,
    fault_plans: tuple[FaultPlan, ...] = (),
) -> Scenario:
    """Return a stack that is created, and deleted ten minutes later.

    Args:
        state: The builder's at the beginning.
        start_outcome: How its start ends.
        on_delete: The property.
        agent_version: The property.
        timeout: The property, in seconds.
        start: How long a start takes, in seconds.
        function_timeout: The function's own timeout, in seconds.
        text: The builder's description, which AppStream also gives as the cause of what goes wrong.
        fails_later: Whether the builder fails between the two.
        stop_after: The property, in seconds.
        fault_plans: For the Create, and for the requests that it leads to.
    """
    properties = Properties(
        name=NAME,
        timeout=timeout,
        poll_interval=20,
        on_delete=on_delete,
        agent_version=agent_version,
        stop_after=stop_after,
    )
    fields = {"Description": text, "StateChangeReason": {"Code": "CODE", "Message": text}} if text else {}
    fails = ExternalAction(action="fail", name=NAME, after=500.0)
    return Scenario(
        seed="by hand",
        builders=(
            Builder(
                name=NAME,
                state=state,
                start_outcome=start_outcome,
                fields=fields,
                hides_errors=start_outcome != "running",
            ),
        ),
        operations=(
            StackOperation(
                kind="create",
                properties=properties,
                fault_plans=(FaultPlan(external_actions=(fails,)),) if fails_later else fault_plans,
            ),
            StackOperation(kind="delete", pause=600.0),
        ),
        durations=Durations(start=start),
        function_timeout=function_timeout,
    )


REFUSED_RESPONSE = created_and_deleted(
    fault_plans=(FaultPlan(fault_windows=(FaultWindow(service="s3", kind="http", code="503", times=2),)),)
)
"""CloudFormation's end refuses the answer twice before it takes it."""

DROPPED_READS = FaultWindow(service="appstream", kind="drop", operation="DescribeImageBuilders", begins=80.0)
"""From a while after the request no look at the builder is answered any more."""

DENIED_READS = FaultWindow(service="appstream", kind="access_denied", operation="DescribeImageBuilders", begins=140.0)
"""The same, but refused for good, and beyond the time that IAM takes to spread a policy."""


NO_SELF_INVOCATION = FaultWindow(service="lambda", kind="access_denied")
"""Lambda takes no hand-over."""


def delivered_twice(*, kills: tuple[Kill, ...] = (), apart: float = 30.0) -> Scenario:
    """Return a Create that is delivered twice, or killed, of a builder that falls back to STOPPED without a word."""
    properties = Properties(name=NAME, poll_interval=20)
    twice = FaultPlan(kills=kills) if kills else FaultPlan(duplicates=(Duplicate(after=apart),))
    return Scenario(
        seed="by hand",
        builders=(Builder(name=NAME, start_outcome="stopped", hides_errors=True),),
        operations=(StackOperation(kind="create", properties=properties, fault_plans=(twice,)),),
        durations=Durations(start=205.0),
    )


def awaiting_address(
    *fault_windows: FaultWindow, timeout: int = 300, start: float = 60.0, function_timeout: float = 900.0
) -> Scenario:
    """Return a builder that starts and then is without its address for long."""
    properties = Properties(name=NAME, timeout=timeout, poll_interval=10)
    return Scenario(
        seed="by hand",
        builders=(Builder(name=NAME),),
        operations=(
            StackOperation(kind="create", properties=properties, fault_plans=(FaultPlan(fault_windows=fault_windows),)),
        ),
        durations=Durations(start=start, eni_delay=3600.0),
        function_timeout=function_timeout,
    )


def deleted_again_later() -> Scenario:
    """Return a stack whose Delete is delivered again when a second stack has started the builder."""
    properties = Properties(name=NAME, poll_interval=20, on_delete="STOP")
    late = FaultPlan(duplicates=(Duplicate(after=900.0),))
    return Scenario(
        seed="by hand",
        builders=(Builder(name=NAME),),
        operations=(
            StackOperation(kind="create", properties=properties),
            StackOperation(kind="delete", pause=60.0, fault_plans=(late,)),
            StackOperation(kind="create", properties=properties, pause=60.0),
        ),
        durations=Durations(start=120.0),
    )


EXTERNAL_START = Scenario(
    seed="by hand",
    builders=(Builder(name=NAME, state="RUNNING"),),
    operations=(
        StackOperation(kind="create", properties=Properties(name=NAME, poll_interval=60, on_delete="STOP")),
        StackOperation(
            kind="delete",
            fault_plans=(FaultPlan(external_actions=(ExternalAction(action="start", name=NAME, after=30.0),)),),
        ),
    ),
    durations=Durations(start=45.0, stop=20.0),
)
"""Somebody starts the builder again right after a Delete has stopped it, before that looks again."""


def unconfirmed_self_invocations() -> Scenario:
    """Return a Create whose hand-overs all take effect and all seem to fail, for as long as a request can take."""
    lost = FaultWindow(service="lambda", kind="drop", after_effect=True)
    properties = Properties(name=NAME, poll_interval=60, timeout=3540)
    return Scenario(
        seed="by hand",
        builders=(Builder(name=NAME, start_outcome="never"),),
        operations=(
            StackOperation(kind="create", properties=properties, fault_plans=(FaultPlan(fault_windows=(lost,)),)),
        ),
    )


def updated_when_a_stop_was_refused() -> Scenario:
    """Return a builder that somebody restarts just when its stop is due, and an update before the stop's next try."""
    properties = Properties(name=NAME, poll_interval=5, stop_after=900)
    external_actions = (
        ExternalAction(action="stop", name=NAME, after=870.0),
        ExternalAction(action="start", name=NAME, after=893.0),
    )
    return Scenario(
        seed="by hand",
        builders=(Builder(name=NAME, state="RUNNING"),),
        operations=(
            StackOperation(
                kind="create", properties=properties, fault_plans=(FaultPlan(external_actions=external_actions),)
            ),
            StackOperation(kind="update", properties=properties, pause=904.0),
        ),
        durations=Durations(start=30.0, stop=10.0),
    )


def started_while_a_late_stop_was_refused() -> Scenario:
    """Return a builder that is stopped just before its scheduled stop, and an update whose start takes five minutes.

    The scheduler is late by most of its minute, so its last try comes after the builder is RUNNING.
    """
    properties = Properties(name=NAME, poll_interval=5, stop_after=900)
    external_actions = (ExternalAction(action="stop", name=NAME, after=860.0),)
    return Scenario(
        seed="by hand, late",
        builders=(Builder(name=NAME, state="RUNNING"),),
        operations=(
            StackOperation(
                kind="create", properties=properties, fault_plans=(FaultPlan(external_actions=external_actions),)
            ),
            StackOperation(kind="update", properties=properties, pause=903.0),
        ),
        durations=Durations(start=306.0, stop=10.0),
    )


def ends_by_itself() -> Scenario:
    """Return a builder that is started, and left to its scheduled stop."""
    return Scenario(
        seed="by hand",
        builders=(Builder(name=NAME),),
        operations=(
            StackOperation(kind="create", properties=Properties(name=NAME, poll_interval=20, stop_after=1800)),
        ),
        durations=Durations(start=120.0),
    )


def renamed(*, stop_after: int | None = None, rolled_back: bool = False) -> Scenario:
    """Return a stack whose construct gets another logical id, of the same builder; another resource fails or not."""
    properties = Properties(name=NAME, poll_interval=20, on_delete="STOP", stop_after=stop_after)
    return Scenario(
        seed="by hand",
        builders=(Builder(name=NAME),),
        operations=(
            StackOperation(kind="create", properties=properties),
            StackOperation(
                kind="update",
                properties=properties,
                logical_id=RENAMED_ID,
                pause=60.0,
                other_failure_after=30.0 if rolled_back else None,
            ),
        ),
        durations=Durations(start=120.0),
    )


def came_back() -> Scenario:
    """Return a stack whose resource is removed and added again, while looks at the stack are stale."""
    properties = Properties(name=NAME, poll_interval=5, on_delete="STOP")
    other = Properties(name=OTHER, poll_interval=20)
    return Scenario(
        seed="by hand",
        builders=(Builder(name=NAME), Builder(name=OTHER)),
        operations=(
            StackOperation(kind="create", properties=properties),
            StackOperation(kind="update", properties=other, logical_id=RENAMED_ID, pause=60.0),
            StackOperation(kind="update", properties=properties, pause=1.0),
        ),
        durations=Durations(start=60.0, stop=30.0),
        read_staleness=10.0,
    )


def cancelled_update(*, fault_windows: tuple[FaultWindow, ...] = ()) -> Scenario:
    """Return an update to a builder of which an image is made just then, cancelled while it waits for that.

    The roll-back has to start the first builder, and goes on when the image is made.
    """
    snapshot = Builder(name=OTHER, state="SNAPSHOTTING", transitions=((250.0, "STOPPED"),))
    stopped = ExternalAction(action="stop", name=NAME, after=1.0)
    return Scenario(
        seed="by hand",
        builders=(Builder(name=NAME, state="RUNNING"), snapshot),
        operations=(
            StackOperation(kind="create", properties=Properties(name=NAME, poll_interval=20)),
            StackOperation(
                kind="update",
                properties=Properties(name=OTHER, poll_interval=20),
                pause=60.0,
                cancel_after=90.0,
                fault_plans=(FaultPlan(fault_windows=fault_windows, external_actions=(stopped,)),),
            ),
        ),
        durations=Durations(stop=20.0),
    )


def rolled_back(*, builder: str = "fail", timeout: int = 1800) -> Scenario:
    """Return an update to a builder that is not there, after which the first one cannot run either.

    Args:
        builder: What somebody does to the first one before the update: "fail" or "snapshot".
        timeout: The property, in seconds.
    """
    external_actions = (
        (ExternalAction(action="fail", name=NAME, after=100.0),)
        if builder == "fail"
        else (ExternalAction(action=builder, name=NAME, after=200.0),)
    )
    return Scenario(
        seed="by hand",
        builders=(Builder(name=NAME, state="RUNNING"), Builder(name=OTHER, state="FAILED")),
        operations=(
            StackOperation(
                kind="create",
                properties=Properties(name=NAME, poll_interval=20, timeout=timeout),
                fault_plans=(FaultPlan(external_actions=external_actions),),
            ),
            StackOperation(
                kind="update", properties=Properties(name=OTHER, poll_interval=20, timeout=timeout), pause=300.0
            ),
        ),
        durations=Durations(stop=20.0, snapshot=7200.0),
    )


def with_reads_failing(
    fault: FaultWindow, *, start_outcome: str = "running", reports_errors: bool = False, timeout: int = 1800
) -> Scenario:
    """Return a Create of which some looks go wrong."""
    properties = Properties(name=NAME, poll_interval=5, timeout=timeout)
    return Scenario(
        seed="by hand",
        builders=(Builder(name=NAME, start_outcome=start_outcome, reports_errors=reports_errors),),
        operations=(
            StackOperation(kind="create", properties=properties, fault_plans=(FaultPlan(fault_windows=(fault,)),)),
        ),
        durations=Durations(start=200.0),
    )


NOTHING = FaultWindow(service="appstream", kind="throttle", times=0)
NOT_FOUND_ONCE = FaultWindow(
    service="appstream", kind="missing", operation="DescribeImageBuilders", begins=60.0, times=1
)
BRIEFLY_DENIED = FaultWindow(
    service="appstream", kind="access_denied", operation="DescribeImageBuilders", begins=120.0, lasts=40.0
)


def self_invoked_late() -> Scenario:
    """Return a Create whose hand-over is throttled for the rest of an invocation, and not for its retry."""
    throttled = FaultWindow(service="lambda", kind="throttle", lasts=150.0)
    properties = Properties(name=NAME, poll_interval=20)
    return Scenario(
        seed="by hand",
        builders=(Builder(name=NAME),),
        operations=(
            StackOperation(kind="create", properties=properties, fault_plans=(FaultPlan(fault_windows=(throttled,)),)),
        ),
        durations=Durations(start=400.0),
        function_timeout=120.0,
    )


def skipped_while_denied(*, service: str = "appstream") -> Scenario:
    """Return a stack whose Delete leaves the builder running, and is denied every call."""
    properties = Properties(name=NAME, poll_interval=20, stop_after=7200 if service == "scheduler" else None)
    denied = FaultPlan(fault_windows=(FaultWindow(service=service, kind="access_denied"),))
    return Scenario(
        seed="by hand",
        builders=(Builder(name=NAME, state="RUNNING"),),
        operations=(
            StackOperation(kind="create", properties=properties),
            StackOperation(kind="delete", pause=60.0, fault_plans=(denied,)),
        ),
    )


def started_in_vain() -> Scenario:
    """Return a Create that gives up a start which takes too long; its Delete stops what came of it."""
    properties = Properties(name=NAME, poll_interval=10, timeout=300, on_delete="STOP")
    return Scenario(
        seed="by hand",
        builders=(Builder(name=NAME),),
        operations=(StackOperation(kind="create", properties=properties),),
        durations=Durations(start=400.0, stop=30.0),
    )


def failed_rename() -> Scenario:
    """Return an update to another builder, with STOP, whose start takes too long: nobody wants that builder then."""
    properties = Properties(name=NAME, poll_interval=10, timeout=300, on_delete="STOP")
    return Scenario(
        seed="by hand",
        builders=(Builder(name=NAME, state="RUNNING"), Builder(name=OTHER)),
        operations=(
            StackOperation(kind="create", properties=properties),
            StackOperation(
                kind="update",
                properties=Properties(name=OTHER, poll_interval=10, timeout=300, on_delete="STOP"),
                pause=60.0,
            ),
        ),
        durations=Durations(start=400.0, stop=30.0),
    )


def shared(*, apart: bool) -> Scenario:
    """Return two resources on one builder, in one stack or in two; the first one's stack is deleted."""
    properties = Properties(name=NAME, poll_interval=20)
    other_resources = () if apart else ((OTHER_ID, properties),)
    return Scenario(
        seed="by hand",
        builders=(Builder(name=NAME),),
        operations=(
            StackOperation(kind="create", properties=properties, other_resources=other_resources),
            StackOperation(kind="delete", pause=600.0),
        ),
        other_stacks=((StackOperation(kind="create", properties=properties, pause=30.0),),) if apart else (),
        durations=Durations(start=120.0),
    )
