"""The state of one account and Region: builders, faults and logs."""

from collections.abc import Callable
from random import Random

from .builders import ImageBuilders
from .faults import Faults
from .logs import Call, IamCheck, Log


class RegionState:
    """The state of one account in one Region.

    Attributes:
        account: The account.
        region: The Region.
        builders: Its image builders.
        faults: Its faults.
        calls: The AppStream calls it received.
        iam_checks: IAM's decisions, each different one once.
    """

    def __init__(self, *, account: str, region: str, now: Callable[[], float], random: Random) -> None:
        self.account = account
        self.region = region
        self._now = now
        self._random = random
        self.reset()

    def reset(self) -> None:
        """Remove builders, faults and log entries, and restore every setting's default."""
        self.builders = ImageBuilders(now=self._now, account=self.account, region=self.region)
        self.faults = Faults(now=self._now, random=self._random)
        self.calls = Log[Call]()
        self.iam_checks = Log[IamCheck](distinct=True)
