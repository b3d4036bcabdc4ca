"""What the runs in virtual time would cost, each way on the architecture that its functions have."""

from collections.abc import Iterable
from typing import Any

from appstream_benchmarks import usage as prices
from appstream_benchmarks.virtual_time_world import Usage

PRICES: dict[str, Any] = {"region": prices.REGION, "date": prices.AS_OF}
"""Which list prices these are. EventBridge charges nothing for rules on a schedule."""

_ARM = ("this project",)
"""Whose functions run on arm64, as this construct's do; CDK's default is x86_64."""


def price(way: str, usages: Iterable[Usage]) -> float:
    """Return US dollars."""
    taken = list(usages)
    return prices.price(
        gb_seconds={"arm64" if way in _ARM else "x86_64": sum(usage.billed_gb_seconds for usage in taken)},
        invocations=sum(usage.invocations for usage in taken),
        transitions=sum(usage.transitions for usage in taken),
    )
