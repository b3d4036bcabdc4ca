"""Counts what one start costs in calls and Lambda time, on the real function in virtual time."""

import ast
import logging

from docs_tables import CONSTRUCTS

from support.fake_appstream import FakeAppStream
from support.lambda_harness import LambdaHarness, event

STARTS = (0, 5, 10, 25)
"""The minutes that a start takes; 0 for a builder that is already RUNNING."""


def table() -> str:
    """Return the measured start of each length."""
    rows = ["| start | invocations | AppStream calls | Lambda time | GB-seconds |", "|---|---|---|---|---|"]
    rows += [_row(minutes) for minutes in STARTS]
    return "\n".join(rows)


def _row(minutes: int) -> str:
    world = FakeAppStream()
    world.durations(start=minutes * 60)
    world.put("STOPPED" if minutes else "RUNNING")
    world.builders.latency = 0.1
    side = LambdaHarness(world)
    began = world.clock.now
    logging.disable(logging.CRITICAL)
    answer = side.run(event())
    logging.disable(logging.NOTSET)
    assert answer["Status"] == "SUCCESS", answer
    seconds = world.clock.now - began
    calls = len(world.calls())
    length = f"{minutes} minutes" if minutes else "already RUNNING"
    return f"| {length} | {len(side.self_invoked) + 1} | {calls} | {seconds:.0f} s | {seconds * _gigabytes():.1f} |"


def _gigabytes() -> float:
    """Return the function's memory, from the provider's source: importing it would start CDK."""
    tree = ast.parse((CONSTRUCTS / "provider.py").read_text(encoding="utf-8"))
    (size,) = [
        node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Constant)
        and [ast.unparse(target) for target in node.targets] == ["_MEMORY_MIB"]
    ]
    return int(str(size)) / 1024
