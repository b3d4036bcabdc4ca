"""Generates the scenario of a seed: builders, properties and a stack's operations."""

from dataclasses import dataclass, replace
from random import Random
from typing import Any

from appstream_local.service.settings import Behavior, Durations
from appstream_local.service.states import STATES
from simulation.generators.faults import generate_fault_plan
from simulation.generators.stacks import with_scheduled_stops, with_variations
from simulation.scenario import NAMES, Builder, Properties, Scenario, StackOperation

LATEST_AGENT = "10-06-2026"
_AGENTS = (LATEST_AGENT, "09-01-2026")
_LONG_TEXT = 'Grüße aus München, \u65e5\u672c\u8a9e \U0001f680 "quoted"\n\ttab \x07\u2028 \\ '
_WITHOUT = "-without-"
_INVALID = (
    {"Name": ""},
    {"Name": "no/such name"},
    {"TimeoutSeconds": "soon"},
    {"TimeoutSeconds": "1e9"},
    {"PollIntervalSeconds": "0"},
    {"OnDelete": "MAYBE"},
    {"RestartToUpdateAgent": "perhaps"},
    {"AppstreamAgentVersion": "v" * 101},
)


@dataclass(frozen=True)
class Seed:
    """The name of a run: a number, and the features that are left out."""

    number: int
    without: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> "Seed":
        """Return the seed that a text shows, such as ``17`` or ``17-without-kills,people``."""
        number, _, without = text.partition(_WITHOUT)
        return cls(int(number), tuple(each.replace("_", " ") for each in without.split(",") if each))

    def __str__(self) -> str:
        """Return the text, as one word for a command line."""
        left_out = ",".join(each.replace(" ", "_") for each in self.without)
        return f"{self.number}{_WITHOUT}{left_out}" if left_out else str(self.number)


def generate(seed: Seed) -> Scenario:
    """Return a seed's scenario.

    The order of everything random here and in the other generators decides what a seed means.
    """
    rng = Random(f"{seed.number}/scenario")
    intensity = rng.choice((0.0, 0.4, 0.4, 1.0))
    start = rng.choice((10.0, 30.0, 120.0, 300.0, 420.0, 420.0, 600.0, 1500.0)) * (0.8 + 0.4 * rng.random())
    scenario = Scenario(
        seed=str(seed.number),
        builders=tuple(_builder(rng, name) for name in NAMES),
        operations=_operations(rng, intensity),
        durations=Durations(
            agent_update=rng.choice((20.0, 300.0)),
            start=start,
            stop=rng.choice((5.0, 60.0, 120.0)),
            delete=30.0,
            reboot=rng.choice((20.0, 180.0)),
            snapshot=rng.choice((60.0, 1800.0)),
            update=rng.choice((30.0, 300.0)),
            eni_delay=rng.choice((0.0, 0.0, 5.0, 30.0, 90.0)),
            describe_lag=rng.choice((0.0, 0.0, 1.0, 5.0, 15.0, 40.0)),
        ),
        behavior=Behavior(
            start_refusal_code=rng.choice(
                (
                    "ResourceNotAvailableException",
                    "ResourceNotAvailableException",
                    "OperationNotPermittedException",
                    "ConcurrentModificationException",
                    "IncorrectStateException",
                    "",
                )
            ),
            start_refusal_status=rng.choice((400, 400, 400, 409)),
            unknown_name_is_empty=rng.random() < 0.3,
            latest_agent_version=LATEST_AGENT,
        ),
        function_timeout=rng.choice((900.0, 900.0, 900.0, 300.0, 120.0, 60.0)),
        log_level=rng.choice(("DEBUG", "DEBUG", "INFO")),
        latency=rng.choice((0.05, 0.2, 1.0)),
        queue_delay=rng.choice((0.3, 1.0, 5.0)),
        long_queue_delay=rng.choice((0.0, 0.0, 0.0, 60.0, 300.0)),
        read_staleness=rng.choice((0.0, 0.0, 0.0, 2.0, 10.0)),
    )
    scenario = _settled(scenario, Random(f"{seed.number}/settled"))
    scenario = with_scheduled_stops(scenario, Random(f"{seed.number}/stop_after"))
    return with_variations(scenario, Random(f"{seed.number}/more"), NAMES).without(*seed.without)


def _settled(scenario: Scenario, rng: Random) -> Scenario:
    """Let half of the stacks be created without faults and then change: updates need that."""
    first = scenario.operations[0].properties
    if first is None or rng.random() < 0.5:
        return scenario
    builder = scenario.builders[0]
    if rng.random() < 0.7:
        builder = replace(builder, state="RUNNING", transitions=())
    else:
        builder = replace(builder, state="STOPPED", transitions=(), start_outcome="running", start_outcome_times=None)
    intensity = rng.choice((0.0, 0.4, 0.4, 1.0))
    present = replace(first, invalid={}, timeout=1800, agent_version=None)
    operations = [StackOperation("create", present)]
    for _ in range(rng.choice((1, 1, 2, 3))):
        present = _changed(rng, present)
        operations.append(_operation(rng, "update", present, intensity))
    if rng.random() < 0.6:
        operations.append(_operation(rng, "delete", None, intensity))
    durations = replace(scenario.durations, start=min(scenario.durations.start, 600.0))
    return replace(
        scenario, builders=(builder, *scenario.builders[1:]), operations=tuple(operations), durations=durations
    )


def _builder(rng: Random, name: str) -> Builder:
    state = "STOPPED" if rng.random() < 0.5 else rng.choice(STATES)
    transitions: list[tuple[float, str]] = []
    if state not in ("STOPPED", "RUNNING", "FAILED") and rng.random() < 0.9:
        last = rng.choice(("RUNNING", "STOPPED", "STOPPED", "FAILED", ""))
        transitions.append((rng.choice((5.0, 60.0, 400.0)) * (0.5 + rng.random()), last))
        if last == "RUNNING" and rng.random() < 0.2:
            transitions.append((rng.random() * 600, rng.choice(("STOPPED", "STOPPING", "REBOOTING"))))
    fields: dict[str, Any] = {"AppstreamAgentVersion": rng.choice((*_AGENTS, *_AGENTS, None))}
    if rng.random() < 0.4:
        fields["VpcConfig"] = None
    if rng.random() < 0.3:
        fields["Description"] = _LONG_TEXT * rng.choice((1, 10, 60))
        fields["DisplayName"] = _LONG_TEXT * rng.choice((1, 20))
    if rng.random() < 0.15:
        endpoint = {"EndpointType": "STREAMING", "VpceId": "vpce-0123456789abcdef0"}
        fields["AccessEndpoints"] = [endpoint] * rng.choice((1, 40, 90))
    if rng.random() < 0.2:
        # An old error, which is no reason to fail.
        old = {"ErrorCode": "INTERNAL_SERVICE_ERROR", "ErrorMessage": "Long ago.", "ErrorTimestamp": 1_700_000_000.0}
        fields["ImageBuilderErrors"] = [old]
    return Builder(
        name=name,
        state=state,
        transitions=tuple(transitions),
        fields=fields,
        start_outcome=rng.choice(("running",) * 7 + ("failed", "stopped", "stopped", "stopping", "never")),
        start_outcome_times=rng.choice((None, 1)),
        hides_errors=rng.random() < 0.3,
    )


def _properties(rng: Random, name: str) -> Properties:
    return Properties(
        name=name,
        timeout=rng.choice((60, 120, 300, 600, 900, 1800, 1800, 3540)),
        poll_interval=rng.choices((60, 30, 20, 10, 5, 2, 1), weights=(10, 30, 25, 20, 8, 1, 0.3))[0],
        on_delete=rng.choice((None, "LEAVE_RUNNING", "STOP", "STOP")),
        agent_version=rng.choice((None, None, None, "LATEST", *_AGENTS)),
        restart=rng.choice((None, None, False, True, True)),
        invalid=rng.choice(_INVALID) if rng.random() < 0.03 else {},
    )


def _operations(rng: Random, intensity: float) -> tuple[StackOperation, ...]:
    first = _properties(rng, NAMES[0])
    operations = [_operation(rng, "create", first, intensity)]
    present = first
    while rng.random() < 0.4:
        present = _changed(rng, present)
        operations.append(_operation(rng, "update", present, intensity))
    if rng.random() < 0.7:
        operations.append(_operation(rng, "delete", None, intensity))
        if rng.random() < 0.3:
            # A second stack with the same builder: late requests of the first one must not touch it.
            operations.append(_operation(rng, "create", _properties(rng, present.name), intensity))
    return tuple(operations)


def _changed(rng: Random, before: Properties) -> Properties:
    name = rng.choice((before.name, before.name, *NAMES))
    after = _properties(rng, name)
    return replace(before, salt=str(rng.random())) if rng.random() < 0.4 else after


def _operation(rng: Random, kind: str, properties: Properties | None, intensity: float) -> StackOperation:
    timeout = 1800 if properties is None else properties.timeout
    cancels = kind != "delete" and rng.random() < 0.12
    return StackOperation(
        kind=kind,
        properties=properties,
        pause=rng.choice((1.0, 5.0, 30.0, 400.0, 2000.0)),
        cancel_after=rng.random() * min(timeout, 900) if cancels else None,
        other_failure_after=rng.random() * 120 if kind != "delete" and rng.random() < 0.15 else None,
        url="dated" if rng.random() < 0.9 else "expires",
        fault_plans=tuple(generate_fault_plan(rng, intensity, timeout, NAMES) for _ in range(4)),
    )
