"""Scenarios written by hand, each for one thing to show; nothing in them is left to chance but latencies."""

from appstream_local.service.settings import Durations
from simulation.scenario import (
    NAMES,
    OTHER_ID,
    RENAMED_ID,
    Builder,
    Duplicate,
    Kill,
    PersonAct,
    Properties,
    Scenario,
    Spell,
    Step,
    Troubles,
)

NAME, OTHER = NAMES
AGENT = "09-01-2026"
"""Not the version that a builder has which says nothing else."""


def created_and_deleted(
    *,
    state: str = "STOPPED",
    outcome: str = "running",
    on_delete: str | None = None,
    agent_version: str | None = None,
    timeout: int = 1800,
    start: float = 200.0,
    function_limit: float = 900.0,
    text: str = "",
    then_fails: bool = False,
    stop_after: int | None = None,
    troubles: tuple[Troubles, ...] = (),
) -> Scenario:
    """Return a stack that is created, and deleted ten minutes later.

    Args:
        state: The builder's at the beginning.
        outcome: How its start ends.
        on_delete: The property.
        agent_version: The property.
        timeout: The property, in seconds.
        start: How long a start takes, in seconds.
        function_limit: The function's own limit, in seconds.
        text: The builder's description, which AppStream also gives as the cause of what goes wrong.
        then_fails: Whether the builder fails between the two.
        stop_after: The property, in seconds.
        troubles: Around the Create, and what it leads to.
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
    fails = PersonAct(what="fail", name=NAME, after=500.0)
    return Scenario(
        seed="by hand",
        builders=(Builder(name=NAME, state=state, outcome=outcome, fields=fields, silent=outcome != "running"),),
        steps=(
            Step(
                kind="create", properties=properties, troubles=(Troubles(people=(fails,)),) if then_fails else troubles
            ),
            Step(kind="delete", pause=600.0),
        ),
        durations=Durations(start=start),
        function_limit=function_limit,
    )


REFUSED_ANSWER = created_and_deleted(
    troubles=(Troubles(spells=(Spell(service="s3", kind="http", code="503", times=2),)),)
)
"""CloudFormation's end refuses the answer twice before it takes it."""

DROPPED_LOOKS = Spell(service="appstream", kind="drop", operation="DescribeImageBuilders", begins=80.0)
"""From a while after the request no look at the builder is answered any more."""

DENIED_LOOKS = Spell(service="appstream", kind="access_denied", operation="DescribeImageBuilders", begins=140.0)
"""The same, but refused for good, and beyond the time that IAM takes to spread a policy."""


NO_HAND_OVER = Spell(service="lambda", kind="access_denied")
"""Lambda takes no hand-over."""


def delivered_twice(*, kills: tuple[Kill, ...] = (), apart: float = 30.0) -> Scenario:
    """Return a Create that is delivered twice, or killed, of a builder that falls back to STOPPED without a word."""
    properties = Properties(name=NAME, poll_interval=20)
    twice = Troubles(kills=kills) if kills else Troubles(duplicates=(Duplicate(after=apart),))
    return Scenario(
        seed="by hand",
        builders=(Builder(name=NAME, outcome="stopped", silent=True),),
        steps=(Step(kind="create", properties=properties, troubles=(twice,)),),
        durations=Durations(start=205.0),
    )


def awaiting_address(
    *spells: Spell, timeout: int = 300, start: float = 60.0, function_limit: float = 900.0
) -> Scenario:
    """Return a builder that starts and then is without its address for long."""
    properties = Properties(name=NAME, timeout=timeout, poll_interval=10)
    return Scenario(
        seed="by hand",
        builders=(Builder(name=NAME),),
        steps=(Step(kind="create", properties=properties, troubles=(Troubles(spells=spells),)),),
        durations=Durations(start=start, eni_delay=3600.0),
        function_limit=function_limit,
    )


def deleted_again_later() -> Scenario:
    """Return a stack whose Delete is delivered again when a second stack has started the builder."""
    properties = Properties(name=NAME, poll_interval=20, on_delete="STOP")
    late = Troubles(duplicates=(Duplicate(after=900.0),))
    return Scenario(
        seed="by hand",
        builders=(Builder(name=NAME),),
        steps=(
            Step(kind="create", properties=properties),
            Step(kind="delete", pause=60.0, troubles=(late,)),
            Step(kind="create", properties=properties, pause=60.0),
        ),
        durations=Durations(start=120.0),
    )


OTHER_START = Scenario(
    seed="by hand",
    builders=(Builder(name=NAME, state="RUNNING"),),
    steps=(
        Step(kind="create", properties=Properties(name=NAME, poll_interval=60, on_delete="STOP")),
        Step(
            kind="delete",
            troubles=(Troubles(people=(PersonAct(what="start", name=NAME, after=30.0),)),),
        ),
    ),
    durations=Durations(start=45.0, stop=20.0),
)
"""Somebody starts the builder again right after a Delete has stopped it, before that looks again."""


def handed_over_unheard() -> Scenario:
    """Return a Create whose hand-overs all take effect and all seem to fail, for as long as a request can take."""
    lost = Spell(service="lambda", kind="drop", after_effect=True)
    properties = Properties(name=NAME, poll_interval=60, timeout=3540)
    return Scenario(
        seed="by hand",
        builders=(Builder(name=NAME, outcome="never"),),
        steps=(Step(kind="create", properties=properties, troubles=(Troubles(spells=(lost,)),)),),
    )


def updated_when_a_stop_was_refused() -> Scenario:
    """Return a builder that somebody restarts just when its stop is due, and an update before the stop's next try."""
    properties = Properties(name=NAME, poll_interval=5, stop_after=900)
    people = (PersonAct(what="stop", name=NAME, after=870.0), PersonAct(what="start", name=NAME, after=893.0))
    return Scenario(
        seed="by hand",
        builders=(Builder(name=NAME, state="RUNNING"),),
        steps=(
            Step(kind="create", properties=properties, troubles=(Troubles(people=people),)),
            Step(kind="update", properties=properties, pause=904.0),
        ),
        durations=Durations(start=30.0, stop=10.0),
    )


def started_while_a_late_stop_was_refused() -> Scenario:
    """Return a builder that is stopped just before its scheduled stop, and an update whose start takes five minutes.

    The scheduler is late by most of its minute, so its last try comes after the builder is RUNNING.
    """
    properties = Properties(name=NAME, poll_interval=5, stop_after=900)
    people = (PersonAct(what="stop", name=NAME, after=860.0),)
    return Scenario(
        seed="by hand, late",
        builders=(Builder(name=NAME, state="RUNNING"),),
        steps=(
            Step(kind="create", properties=properties, troubles=(Troubles(people=people),)),
            Step(kind="update", properties=properties, pause=903.0),
        ),
        durations=Durations(start=306.0, stop=10.0),
    )


def ends_by_itself() -> Scenario:
    """Return a builder that is started, and left to its scheduled stop."""
    return Scenario(
        seed="by hand",
        builders=(Builder(name=NAME),),
        steps=(Step(kind="create", properties=Properties(name=NAME, poll_interval=20, stop_after=1800)),),
        durations=Durations(start=120.0),
    )


def renamed(*, stop_after: int | None = None, rolled_back: bool = False) -> Scenario:
    """Return a stack whose construct gets another logical id, of the same builder; another resource fails or not."""
    properties = Properties(name=NAME, poll_interval=20, on_delete="STOP", stop_after=stop_after)
    return Scenario(
        seed="by hand",
        builders=(Builder(name=NAME),),
        steps=(
            Step(kind="create", properties=properties),
            Step(
                kind="update",
                properties=properties,
                logical_id=RENAMED_ID,
                pause=60.0,
                fails_elsewhere_after=30.0 if rolled_back else None,
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
        steps=(
            Step(kind="create", properties=properties),
            Step(kind="update", properties=other, logical_id=RENAMED_ID, pause=60.0),
            Step(kind="update", properties=properties, pause=1.0),
        ),
        durations=Durations(start=60.0, stop=30.0),
        stale=10.0,
    )


def cancelled_update(*, spells: tuple[Spell, ...] = ()) -> Scenario:
    """Return an update to a builder of which an image is made just then, cancelled while it waits for that.

    The roll-back has to start the first builder, and goes on when the image is made.
    """
    snapshot = Builder(name=OTHER, state="SNAPSHOTTING", then=((250.0, "STOPPED"),))
    stopped = PersonAct(what="stop", name=NAME, after=1.0)
    return Scenario(
        seed="by hand",
        builders=(Builder(name=NAME, state="RUNNING"), snapshot),
        steps=(
            Step(kind="create", properties=Properties(name=NAME, poll_interval=20)),
            Step(
                kind="update",
                properties=Properties(name=OTHER, poll_interval=20),
                pause=60.0,
                cancel_after=90.0,
                troubles=(Troubles(spells=spells, people=(stopped,)),),
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
    people = (
        (PersonAct(what="fail", name=NAME, after=100.0),)
        if builder == "fail"
        else (PersonAct(what=builder, name=NAME, after=200.0),)
    )
    return Scenario(
        seed="by hand",
        builders=(Builder(name=NAME, state="RUNNING"), Builder(name=OTHER, state="FAILED")),
        steps=(
            Step(
                kind="create",
                properties=Properties(name=NAME, poll_interval=20, timeout=timeout),
                troubles=(Troubles(people=people),),
            ),
            Step(kind="update", properties=Properties(name=OTHER, poll_interval=20, timeout=timeout), pause=300.0),
        ),
        durations=Durations(stop=20.0, snapshot=7200.0),
    )


def looked_at(spell: Spell, *, outcome: str = "running", complaining: bool = False, timeout: int = 1800) -> Scenario:
    """Return a Create of which some looks go wrong."""
    properties = Properties(name=NAME, poll_interval=5, timeout=timeout)
    return Scenario(
        seed="by hand",
        builders=(Builder(name=NAME, outcome=outcome, complaining=complaining),),
        steps=(Step(kind="create", properties=properties, troubles=(Troubles(spells=(spell,)),)),),
        durations=Durations(start=200.0),
    )


NOTHING = Spell(service="appstream", kind="throttle", times=0)
MISSED_ONCE = Spell(service="appstream", kind="missing", operation="DescribeImageBuilders", begins=60.0, times=1)
BRIEFLY_DENIED = Spell(
    service="appstream", kind="access_denied", operation="DescribeImageBuilders", begins=120.0, lasts=40.0
)


def handed_over_late() -> Scenario:
    """Return a Create whose hand-over is throttled for the rest of an invocation, and not for its retry."""
    throttled = Spell(service="lambda", kind="throttle", lasts=150.0)
    properties = Properties(name=NAME, poll_interval=20)
    return Scenario(
        seed="by hand",
        builders=(Builder(name=NAME),),
        steps=(Step(kind="create", properties=properties, troubles=(Troubles(spells=(throttled,)),)),),
        durations=Durations(start=400.0),
        function_limit=120.0,
    )


def left_in_doubt(*, service: str = "appstream") -> Scenario:
    """Return a stack whose Delete leaves the builder running, and is denied every call."""
    properties = Properties(name=NAME, poll_interval=20, stop_after=7200 if service == "scheduler" else None)
    denied = Troubles(spells=(Spell(service=service, kind="access_denied"),))
    return Scenario(
        seed="by hand",
        builders=(Builder(name=NAME, state="RUNNING"),),
        steps=(
            Step(kind="create", properties=properties),
            Step(kind="delete", pause=60.0, troubles=(denied,)),
        ),
    )


def started_in_vain() -> Scenario:
    """Return a Create that gives up a start which takes too long; its Delete stops what came of it."""
    properties = Properties(name=NAME, poll_interval=10, timeout=300, on_delete="STOP")
    return Scenario(
        seed="by hand",
        builders=(Builder(name=NAME),),
        steps=(Step(kind="create", properties=properties),),
        durations=Durations(start=400.0, stop=30.0),
    )


def failed_rename() -> Scenario:
    """Return an update to another builder, with STOP, whose start takes too long: nobody wants that builder then."""
    properties = Properties(name=NAME, poll_interval=10, timeout=300, on_delete="STOP")
    return Scenario(
        seed="by hand",
        builders=(Builder(name=NAME, state="RUNNING"), Builder(name=OTHER)),
        steps=(
            Step(kind="create", properties=properties),
            Step(
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
    more = () if apart else ((OTHER_ID, properties),)
    return Scenario(
        seed="by hand",
        builders=(Builder(name=NAME),),
        steps=(Step(kind="create", properties=properties, more=more), Step(kind="delete", pause=600.0)),
        beside=((Step(kind="create", properties=properties, pause=30.0),),) if apart else (),
        durations=Durations(start=120.0),
    )
