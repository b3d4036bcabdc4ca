"""One run: a scenario's world is wired, run to its end in virtual time, and returned as a history."""

import http.client
from collections.abc import Callable
from functools import cache
from random import Random

from simulation.history import History
from simulation.models.appstream import AppStreamModel
from simulation.models.cloudformation import CloudFormationModel
from simulation.models.eventbridge_scheduler import SchedulesModel
from simulation.models.faults import Weather
from simulation.models.lambda_ import LambdaModel
from simulation.models.network import Aws, Lost, Network
from simulation.models.stack import Operations
from simulation.runtime.botocore_clients import Serving
from simulation.runtime.event_loop import Killed, Scheduler, Stuck
from simulation.runtime.execution_environment import Clock, OwnLogging, Sandbox
from simulation.scenario import Scenario

BEGIN = 1_800_000_000.25
"""When every run begins. Not a whole second: a URL's date is one, and so is a little before its request."""

LONGEST = 48 * 3600.0
"""Virtual seconds after which a run that is not over is stuck: far more than all steps and retries together take."""

MOST_STEPS = 100_000


def run(scenario: Scenario) -> History:
    """Run a scenario to its end."""
    scheduler = Scheduler(BEGIN)

    @cache
    def chance(part: str) -> Random:
        """Return a part's own stream of chance: what one part draws does not shift what another draws."""
        return Random(f"{scenario.seed}/{part}")

    history = History(scenario=scenario, began_at=BEGIN)
    weather = Weather(scheduler, chance("weather"))
    appstream = AppStreamModel(scenario, scheduler, history)
    clocks = scenario.clocks
    cloudformation = CloudFormationModel(
        scheduler, history, chance("cloudformation"), stale=scenario.stale, clocks=clocks
    )
    lambda_ = LambdaModel(scenario, scheduler, history, chance("lambda"))
    network = Network(scheduler, chance("network"), weather, history, latency=scenario.latency)
    schedules = SchedulesModel(
        scheduler,
        history,
        chance("schedules"),
        appstream,
        ahead=clocks.scheduler,
        late=scenario.schedules_late,
    )
    schedules.caller = network.caller = appstream.caller = cloudformation.caller = lambda_
    aws = Aws(
        network, {"appstream": appstream, "lambda": lambda_, "cloudformation": cloudformation, "scheduler": schedules}
    )
    put = _put(network, cloudformation, lambda_)

    def make_sandbox(take_line: Callable[[str], None]) -> Sandbox:
        clock = Clock(scheduler, clocks.lambda_)
        return Sandbox(clock, chance("jitter"), put=put, log_level=scenario.log_level, take_line=take_line)

    lambda_.make_sandbox = make_sandbox
    stacks = [
        Operations(
            steps,
            name=f"stack{number or ''}",
            scheduler=scheduler,
            cloudformation=cloudformation,
            lambda_=lambda_,
            weather=weather,
            history=history,
            chance=chance(f"stack {number}"),
            person=appstream.person,
        )
        for number, steps in enumerate((scenario.steps, *scenario.beside))
    ]
    with OwnLogging(), Serving(aws.serve, remembers=not scenario.seed.endswith("0")):
        stories = [scheduler.spawn(each.name, each.run) for each in stacks]
        try:
            scheduler.run(until=BEGIN + LONGEST, steps=MOST_STEPS)
        except Stuck as stuck:
            history.left.append(str(stuck))
        history.left.extend(scheduler.close())
    for story in stories:
        # One that was ended with the run is among what was left.
        if story.error is not None and not isinstance(story.error, Killed):
            raise story.error
    history.finally_ = {each.name: appstream.state(each.name) for each in scenario.builders}
    history.ended_at = scheduler.now
    history.steps = scheduler.steps
    return history


def _put(network: Network, cloudformation: CloudFormationModel, lambda_: LambdaModel) -> Callable[[str, bytes], int]:
    """Return what sends an answer, and fails as sockets do."""

    def put(url: str, body: bytes, /) -> int:
        try:
            return network.carry(
                "s3", "PUT", lambda spell: cloudformation.put(url, body, lambda_.running(), spell)
            ).status
        except Lost as lost:
            if lost.kind == "drop":
                raise http.client.RemoteDisconnected("no answer") from None
            raise TimeoutError("timed out") from None

    return put
