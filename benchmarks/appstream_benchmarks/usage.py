"""What some work uses, and what that costs at AWS's list prices."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

REGION: Final = "us-east-1"
AS_OF: Final = "2026-06-18"
SOURCES: Final = ("https://aws.amazon.com/lambda/pricing/", "https://aws.amazon.com/step-functions/pricing/")

# US dollars, first tier, without the free tier and discounts. EventBridge charges nothing for rules on a schedule.
_GB_SECOND: Final = {"arm64": 0.0000133334, "x86_64": 0.0000166667}
_INVOCATION: Final = 0.20 / 1_000_000
_TRANSITION: Final = 0.025 / 1_000


@dataclass(frozen=True)
class Usage:
    """What some work used.

    Attributes:
        calls: AppStream calls.
        throttled: The calls that were refused for their rate.
        invocations: Lambda invocations.
        gb_seconds: Lambda's billed GB-seconds by architecture.
        transitions: State transitions of a standard Step Functions workflow; a retry is one as well.
    """

    calls: int = 0
    throttled: int = 0
    invocations: int = 0
    gb_seconds: Mapping[str, float] = field(default_factory=dict)
    transitions: int = 0

    @property
    def usd(self) -> float:
        """The price in US dollars."""
        computing = sum(_GB_SECOND[architecture] * amount for architecture, amount in self.gb_seconds.items())
        return computing + _INVOCATION * self.invocations + _TRANSITION * self.transitions

    def as_json(self) -> dict[str, Any]:
        """Return the usage as plain data, with the sum of the GB-seconds and the price."""
        return {
            "calls": self.calls,
            "throttled": self.throttled,
            "invocations": self.invocations,
            "gb_seconds": round(sum(self.gb_seconds.values()), 4),
            "transitions": self.transitions,
            "usd": round(self.usd, 9),
        }
