"""This project in virtual time: the function's real code, one execution environment for each request."""

from random import Random

from appstream_benchmarks.virtual_time_world import Case, Usage
from running_image_builder_function.contract import MAX_TIMEOUT_SECONDS
from simulation.runtime.event_loop import EventLoop
from support.fake_appstream import FakeAppStream
from support.lambda_harness import LambdaHarness, event

MEMORY_GB = 256 / 1024
"""The construct's default."""


def this_project(world: FakeAppStream, scheduler: EventLoop, case: Case, chance: Random) -> dict[str, Usage]:
    """Ask the function for each builder."""
    usages: dict[str, Usage] = {}
    for name in case.names:
        usages[name] = Usage()
        _ask(world, scheduler, name, usages[name], chance)
    return usages


def _ask(world: FakeAppStream, scheduler: EventLoop, name: str, usage: Usage, chance: Random) -> None:
    side = LambdaHarness(world, random=chance.random, log_level="ERROR")

    def run() -> None:
        began_at = world.clock.time()
        answer = side.run(event(Name=name, TimeoutSeconds=str(MAX_TIMEOUT_SECONDS)))
        usage.ended_at = world.clock.time() - world.began_at
        usage.failure = "" if answer["Status"] == "SUCCESS" else answer["Reason"]
        usage.invocations = 1 + len(side.self_invoked)
        # Each invocation begins where the one before has ended.
        usage.billed_gb_seconds = (world.clock.time() - began_at) * MEMORY_GB

    scheduler.spawn(name, run)
