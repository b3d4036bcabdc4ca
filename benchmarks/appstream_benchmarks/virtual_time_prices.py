"""What Lambda and Step Functions charge, at list prices before any free tier; knows nothing of how usage came about."""

from collections.abc import Iterable
from typing import Any

from appstream_benchmarks.virtual_time_world import Usage

PRICES: dict[str, Any] = {
    "region": "us-east-1",
    "date": "2026-11",
    "usd_per_gb_second_arm64": 0.0000133334,
    "usd_per_gb_second_x86_64": 0.0000166667,
    "usd_per_invocation": 0.20 / 1_000_000,
    "usd_per_transition": 0.025 / 1000,
}
"""List prices. EventBridge charges nothing for rules on a schedule."""

_ARM = ("this project",)
"""Whose functions run on arm64, as this construct's do; CDK's default is x86_64."""


def price(way: str, usages: Iterable[Usage]) -> float:
    """Return US dollars."""
    gb_second: float = PRICES["usd_per_gb_second_arm64" if way in _ARM else "usd_per_gb_second_x86_64"]
    invocation: float = PRICES["usd_per_invocation"]
    transition: float = PRICES["usd_per_transition"]
    return sum(
        usage.billed_gb_seconds * gb_second + usage.invocations * invocation + usage.transitions * transition
        for usage in usages
    )
