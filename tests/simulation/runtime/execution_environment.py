"""Lambda's execution environments: one function each, reused while warm, with a log of its own."""

import logging
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random

from running_image_builder_function.aws.appstream import AppStream
from running_image_builder_function.aws.cloudformation import CloudFormation
from running_image_builder_function.aws.lambda_ import SelfInvoker
from running_image_builder_function.aws.scheduler import EventBridgeScheduler
from running_image_builder_function.cloudformation.response import Put
from running_image_builder_function.custom_resource.function import CustomResourceFunction
from running_image_builder_function.observability.metrics import Metrics
from simulation.runtime.botocore_clients import client
from support.fake_appstream import FUNCTION_ARN
from support.virtual_time import VirtualClock

_USUAL = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}


class OffsetClock:
    """A service's clock, which may be ahead of the others."""

    def __init__(self, clock: VirtualClock, offset: float) -> None:
        self._clock = clock
        self._offset = offset
        self.sleep = clock.sleep

    def time(self) -> float:
        """Return the moment."""
        return self._clock.now + self._offset


class LambdaContext:
    """Lambda's context of one invocation."""

    def __init__(self, clock: VirtualClock, *, number: int, ends_at: float) -> None:
        self._clock = clock
        self._ends_at = ends_at
        self.invoked_function_arn = FUNCTION_ARN
        self.aws_request_id = f"invocation-{number}"
        self.function_name = "provider"

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds left."""
        return int((self._ends_at - self._clock.now) * 1000)


class _Log(logging.Handler):
    """Takes every log line of an environment with its error and extra fields, as Lambda writes them."""

    def __init__(self, take: Callable[[str], None]) -> None:
        super().__init__()
        self._take = take

    def emit(self, record: logging.LogRecord) -> None:
        """Take a line."""
        extra = {key: value for key, value in vars(record).items() if key not in _USUAL}
        error = "".join(traceback.format_exception(*record.exc_info)) if record.exc_info else ""
        self._take(f"{record.levelname} {record.name} {record.getMessage()} {error} {extra or ''}".rstrip())


class ExecutionEnvironment:
    """An execution environment.

    Attributes:
        function: The function, as its handler module makes it.
        busy: Whether an invocation runs in it.
    """

    def __init__(
        self, clock: OffsetClock, rng: Random, *, put: Put, log_level: str, take_line: Callable[[str], None]
    ) -> None:
        self._log = _Log(take_line)
        self.busy = False
        self.enter()
        self.function = CustomResourceFunction(
            builders=AppStream(lambda: client("appstream")),
            schedules=EventBridgeScheduler(lambda: client("scheduler")),
            stacks=CloudFormation(lambda: client("cloudformation")),
            invoke=SelfInvoker(lambda: client("lambda")).invoke,
            clock=clock,
            random=rng.random,
            metrics=Metrics(take_line, function="provider"),
            log_level=log_level,
            put=put,
        )

    def enter(self) -> None:
        """Send log lines to this environment's log only: in AWS each is a process of its own."""
        logging.getLogger().handlers = [self._log]


_CONFIGURED_LOGGERS = ("boto", "boto3", "botocore", "urllib3", "crhelper.resource_helper", "crhelper.utils")


@contextmanager
def isolated_logging() -> Iterator[None]:
    """Restore Python's logging afterwards: the function configures it as if the process were its own."""
    root = logging.getLogger()
    level, handlers = root.level, root.handlers
    loggers = [(each, each.level, list(each.filters)) for each in map(logging.getLogger, _CONFIGURED_LOGGERS)]
    try:
        yield
    finally:
        root.setLevel(level)
        root.handlers = handlers
        for logger, level, filters in loggers:
            logger.setLevel(level)
            logger.filters = filters
