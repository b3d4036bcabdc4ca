"""Public prices, as data: US East (N. Virginia), first tier, without the free tier and without discounts."""

from typing import Final

REGION: Final = "us-east-1"
AS_OF: Final = "2026-06-18"
SOURCES: Final = ("https://aws.amazon.com/lambda/pricing/", "https://aws.amazon.com/step-functions/pricing/")

GB_SECOND: Final = {"arm64": 0.0000133334, "x86_64": 0.0000166667}
"""US dollars for one GB-second of Lambda, by architecture."""

INVOCATION: Final = 0.20 / 1_000_000
"""US dollars for one Lambda request."""

TRANSITION: Final = 0.025 / 1_000
"""US dollars for one state transition of a standard Step Functions workflow; a retry is one as well."""


def price(*, gb_seconds: dict[str, float], invocations: int, transitions: int) -> float:
    """Return the price of some work, in US dollars.

    Args:
        gb_seconds: Lambda's GB-seconds, by architecture.
        invocations: Lambda's requests.
        transitions: State transitions of Step Functions.
    """
    computing = sum(GB_SECOND[architecture] * amount for architecture, amount in gb_seconds.items())
    return computing + INVOCATION * invocations + TRANSITION * transitions
