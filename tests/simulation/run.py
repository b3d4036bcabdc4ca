"""Runs a scenario to its end in virtual time, and returns its history."""

import http.client
from collections.abc import Callable
from functools import cache
from random import Random

from simulation.history import History
from simulation.models.appstream import AppStreamModel
from simulation.models.cloudformation import CloudFormationModel
from simulation.models.eventbridge_scheduler import SchedulerModel
from simulation.models.faults import FaultInjector
from simulation.models.lambda_ import LambdaModel
from simulation.models.network import Network, NoResponse
from simulation.models.stack import StackDriver
from simulation.runtime.botocore_clients import HttpResponse, serving
from simulation.runtime.execution_environment import ExecutionEnvironment, OffsetClock, isolated_logging
from simulation.scenario import FaultWindow, Scenario
from support.virtual_time import Killed, Stuck, VirtualClock

BEGIN = 1_800_000_000.25
"""When every run begins; not a whole second, so that a URL's date, which is one, is before its request."""

LONGEST = 48 * 3600.0
"""Virtual seconds after which a run is stuck: far more than all operations and retries together take."""

MOST_STEPS = 100_000


def run(scenario: Scenario) -> History:
    """Run a scenario to its end."""
    clock = VirtualClock(BEGIN)

    @cache
    def rng(part: str) -> Random:
        """Return a part's own stream, which the other parts' don't shift; the names are part of what a seed means."""
        return Random(f"{scenario.seed}/{part}")

    history = History(scenario=scenario, began_at=BEGIN)
    fault_injector = FaultInjector(clock, rng("weather"))
    offsets = scenario.clock_offsets
    appstream = AppStreamModel(scenario, clock, history)
    cloudformation = CloudFormationModel(
        clock, history, rng("cloudformation"), staleness=scenario.read_staleness, clock_offsets=offsets
    )
    lambda_ = LambdaModel(scenario, clock, history, rng("lambda"))
    network = Network(clock, rng("network"), fault_injector, history, latency=scenario.latency)
    scheduler = SchedulerModel(
        clock,
        history,
        rng("schedules"),
        appstream,
        clock_offset=offsets.scheduler,
        late=scenario.scheduler_delay,
    )
    scheduler.caller = network.caller = appstream.caller = cloudformation.caller = lambda_
    network.services = {
        "appstream": appstream,
        "lambda": lambda_,
        "cloudformation": cloudformation,
        "scheduler": scheduler,
    }
    put = _put(network, cloudformation, lambda_)

    def make_environment(take_line: Callable[[str], None]) -> ExecutionEnvironment:
        return ExecutionEnvironment(
            OffsetClock(clock, offsets.lambda_),
            rng("jitter"),
            put=put,
            log_level=scenario.log_level,
            take_line=take_line,
        )

    lambda_.make_environment = make_environment
    stacks = [
        StackDriver(
            operations,
            name=f"stack{number or ''}",
            clock=clock,
            cloudformation=cloudformation,
            lambda_=lambda_,
            fault_injector=fault_injector,
            history=history,
            rng=rng(f"stack {number}"),
            act_externally=appstream.act_externally,
        )
        for number, operations in enumerate((scenario.operations, *scenario.other_stacks))
    ]
    with isolated_logging(), serving(network.serve, remembers=not scenario.seed.endswith("0")):
        tasks = [clock.spawn(each.name, each.run) for each in stacks]
        try:
            clock.run(until=BEGIN + LONGEST, steps=MOST_STEPS)
        except Stuck as stuck:
            history.leftovers.append(str(stuck))
        history.leftovers.extend(clock.close())
    for task in tasks:
        # A task that was killed at the run's end is among the leftovers.
        if task.error is not None and not isinstance(task.error, Killed):
            raise task.error
    history.final_states = {each.name: appstream.state(each.name) for each in scenario.builders}
    history.ended_at = clock.now
    history.steps = clock.steps
    return history


def _put(network: Network, cloudformation: CloudFormationModel, lambda_: LambdaModel) -> Callable[[str, bytes], int]:
    """Return what sends a response, and fails as sockets do."""

    def put(url: str, body: bytes, /) -> int:
        def take(fault: FaultWindow | None) -> HttpResponse:
            return cloudformation.put(url, body, lambda_.running(), fault)

        try:
            return network.call("s3", "PUT", take).status
        except NoResponse as lost:
            if lost.kind == "drop":
                raise http.client.RemoteDisconnected("no answer") from None
            raise TimeoutError("timed out") from None

    return put
