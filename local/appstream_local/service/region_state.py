"""Everything kept for one account and Region: builders, faults, calls and IAM's decisions; knows no request."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from .builders import ImageBuilders
from .faults import Faults
from .logs import Call, IamCheck, Log


class RegionState:
    """One account in one Region.

    Attributes:
        account: The account.
        region: The Region.
        builders: Its image builders.
        faults: Its faults.
        calls: The calls it received.
        iam_checks: What IAM decided there.
    """

    def __init__(self, *, account: str, region: str, now: Callable[[], float], random: Random) -> None:
        """Begin empty, over a clock in epoch seconds."""
        self.account = account
        self.region = region
        self._now = now
        self._random = random
        self.reset()

    def reset(self) -> None:
        """Begin again: no builders, faults or calls, and every setting at its default."""
        self.builders = ImageBuilders(now=self._now, account=self.account, region=self.region)
        self.faults = Faults(now=self._now, random=self._random)
        self.calls = Log[Call]()
        self.iam_checks = Log[IamCheck](distinct=True)
