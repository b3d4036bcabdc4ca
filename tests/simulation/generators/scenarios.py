"""Draws a scenario by chance: builders, properties and the stack's steps; every run is one number."""

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
    """What names one run: a number, and what was left out of it."""

    number: int
    without: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> "Seed":
        """Return the token that a text shows, such as ``17`` or ``17-without-kills,people``."""
        number, _, without = text.partition(_WITHOUT)
        return cls(int(number), tuple(each.replace("_", " ") for each in without.split(",") if each))

    def __str__(self) -> str:
        """Return the text, as one word for a command line."""
        left_out = ",".join(each.replace(" ", "_") for each in self.without)
        return f"{self.number}{_WITHOUT}{left_out}" if left_out else str(self.number)


def generate(seed: Seed) -> Scenario:
    """Return the scenario that a token names."""
    chance = Random(f"{seed.number}/scenario")
    intensity = chance.choice((0.0, 0.4, 0.4, 1.0))
    start = chance.choice((10.0, 30.0, 120.0, 300.0, 420.0, 420.0, 600.0, 1500.0)) * (0.8 + 0.4 * chance.random())
    scenario = Scenario(
        seed=str(seed.number),
        builders=tuple(_builder(chance, name) for name in NAMES),
        operations=_operations(chance, intensity),
        durations=Durations(
            agent_update=chance.choice((20.0, 300.0)),
            start=start,
            stop=chance.choice((5.0, 60.0, 120.0)),
            delete=30.0,
            reboot=chance.choice((20.0, 180.0)),
            snapshot=chance.choice((60.0, 1800.0)),
            update=chance.choice((30.0, 300.0)),
            eni_delay=chance.choice((0.0, 0.0, 5.0, 30.0, 90.0)),
            describe_lag=chance.choice((0.0, 0.0, 1.0, 5.0, 15.0, 40.0)),
        ),
        behavior=Behavior(
            start_refusal_code=chance.choice(
                (
                    "ResourceNotAvailableException",
                    "ResourceNotAvailableException",
                    "OperationNotPermittedException",
                    "ConcurrentModificationException",
                    "IncorrectStateException",
                    "",
                )
            ),
            start_refusal_status=chance.choice((400, 400, 400, 409)),
            unknown_name_is_empty=chance.random() < 0.3,
            latest_agent_version=LATEST_AGENT,
        ),
        function_timeout=chance.choice((900.0, 900.0, 900.0, 300.0, 120.0, 60.0)),
        log_level=chance.choice(("DEBUG", "DEBUG", "INFO")),
        latency=chance.choice((0.05, 0.2, 1.0)),
        queue_delay=chance.choice((0.3, 1.0, 5.0)),
        long_queue_delay=chance.choice((0.0, 0.0, 0.0, 60.0, 300.0)),
        read_staleness=chance.choice((0.0, 0.0, 0.0, 2.0, 10.0)),
    )
    scenario = _settled(scenario, Random(f"{seed.number}/settled"))
    scenario = with_scheduled_stops(scenario, Random(f"{seed.number}/stop_after"))
    return with_variations(scenario, Random(f"{seed.number}/more"), NAMES).without(*seed.without)


def _settled(scenario: Scenario, chance: Random) -> Scenario:
    """Return half of the scenarios with a stack that is created in calm, and then changes: what updates need."""
    first = scenario.operations[0].properties
    if first is None or chance.random() < 0.5:
        return scenario
    builder = scenario.builders[0]
    if chance.random() < 0.7:
        builder = replace(builder, state="RUNNING", transitions=())
    else:
        builder = replace(builder, state="STOPPED", transitions=(), start_outcome="running", start_outcome_times=None)
    intensity = chance.choice((0.0, 0.4, 0.4, 1.0))
    present = replace(first, invalid={}, timeout=1800, agent_version=None)
    operations = [StackOperation(kind="create", properties=present)]
    for _ in range(chance.choice((1, 1, 2, 3))):
        present = _changed(chance, present)
        operations.append(_operation(chance, "update", present, intensity))
    if chance.random() < 0.6:
        operations.append(_operation(chance, "delete", None, intensity))
    durations = replace(scenario.durations, start=min(scenario.durations.start, 600.0))
    return replace(
        scenario, builders=(builder, *scenario.builders[1:]), operations=tuple(operations), durations=durations
    )


def _builder(chance: Random, name: str) -> Builder:
    state = "STOPPED" if chance.random() < 0.5 else chance.choice(STATES)
    transitions: list[tuple[float, str]] = []
    if state not in ("STOPPED", "RUNNING", "FAILED") and chance.random() < 0.9:
        last = chance.choice(("RUNNING", "STOPPED", "STOPPED", "FAILED", ""))
        transitions.append((chance.choice((5.0, 60.0, 400.0)) * (0.5 + chance.random()), last))
        if last == "RUNNING" and chance.random() < 0.2:
            transitions.append((chance.random() * 600, chance.choice(("STOPPED", "STOPPING", "REBOOTING"))))
    fields: dict[str, Any] = {"AppstreamAgentVersion": chance.choice((*_AGENTS, *_AGENTS, None))}
    if chance.random() < 0.4:
        fields["VpcConfig"] = None
    if chance.random() < 0.3:
        fields["Description"] = _LONG_TEXT * chance.choice((1, 10, 60))
        fields["DisplayName"] = _LONG_TEXT * chance.choice((1, 20))
    if chance.random() < 0.15:
        endpoint = {"EndpointType": "STREAMING", "VpceId": "vpce-0123456789abcdef0"}
        fields["AccessEndpoints"] = [endpoint] * chance.choice((1, 40, 90))
    if chance.random() < 0.2:
        # A complaint from long ago, which is nobody's failure today.
        old = {"ErrorCode": "INTERNAL_SERVICE_ERROR", "ErrorMessage": "Long ago.", "ErrorTimestamp": 1_700_000_000.0}
        fields["ImageBuilderErrors"] = [old]
    return Builder(
        name=name,
        state=state,
        transitions=tuple(transitions),
        fields=fields,
        start_outcome=chance.choice(("running",) * 7 + ("failed", "stopped", "stopped", "stopping", "never")),
        start_outcome_times=chance.choice((None, 1)),
        hides_errors=chance.random() < 0.3,
    )


def _properties(chance: Random, name: str) -> Properties:
    return Properties(
        name=name,
        timeout=chance.choice((60, 120, 300, 600, 900, 1800, 1800, 3540)),
        poll_interval=chance.choices((60, 30, 20, 10, 5, 2, 1), weights=(10, 30, 25, 20, 8, 1, 0.3))[0],
        on_delete=chance.choice((None, "LEAVE_RUNNING", "STOP", "STOP")),
        agent_version=chance.choice((None, None, None, "LATEST", *_AGENTS)),
        restart=chance.choice((None, None, False, True, True)),
        invalid=chance.choice(_INVALID) if chance.random() < 0.03 else {},
    )


def _operations(chance: Random, intensity: float) -> tuple[StackOperation, ...]:
    first = _properties(chance, NAMES[0])
    operations = [_operation(chance, "create", first, intensity)]
    present = first
    while chance.random() < 0.4:
        present = _changed(chance, present)
        operations.append(_operation(chance, "update", present, intensity))
    if chance.random() < 0.7:
        operations.append(_operation(chance, "delete", None, intensity))
        if chance.random() < 0.3:
            # A second stack for the same builder: what comes late from the first one must leave it alone.
            operations.append(_operation(chance, "create", _properties(chance, present.name), intensity))
    return tuple(operations)


def _changed(chance: Random, before: Properties) -> Properties:
    name = chance.choice((before.name, before.name, *NAMES))
    after = _properties(chance, name)
    if chance.random() < 0.4:
        # A change that means nothing.
        fields = {**vars(before), "salt": str(chance.random())}
        return Properties(**fields)
    return after


def _operation(chance: Random, kind: str, properties: Properties | None, intensity: float) -> StackOperation:
    timeout = 1800 if properties is None else properties.timeout
    cancels = kind != "delete" and chance.random() < 0.12
    return StackOperation(
        kind=kind,
        properties=properties,
        pause=chance.choice((1.0, 5.0, 30.0, 400.0, 2000.0)),
        cancel_after=chance.random() * min(timeout, 900) if cancels else None,
        other_failure_after=chance.random() * 120 if kind != "delete" and chance.random() < 0.15 else None,
        url="dated" if chance.random() < 0.9 else "expires",
        fault_plans=tuple(generate_fault_plan(chance, intensity, timeout, NAMES) for _ in range(4)),
    )
