"""Generates what is injected around one request: faults, kills, duplicates, stalls, external actions."""

from dataclasses import replace
from random import Random

from simulation.scenario import DeliveryStall, Duplicate, ExternalAction, FaultPlan, FaultWindow, Kill, StackOperation

# A kind that stands twice is chosen twice as often. The order counts: a change gives every seed another run.
_READ, _START, _STOP = "DescribeImageBuilders", "StartImageBuilder", "StopImageBuilder"
_OPERATIONS = (_READ, _START, _STOP, "*", "*")
_KINDS = ("throttle", "server_error", "access_denied", "drop", "hang", "connect")
_APPSTREAM_KINDS = (
    *("throttle", "request_limit", "rate", "server_error", "unavailable"),
    *("drop", "drop", "hang", "connect", "access_denied", "error"),
)
_APPSTREAM_CODES = (
    "ConcurrentModificationException",
    "ConcurrentModificationException",
    "ResourceNotAvailableException",
    "OperationNotPermittedException",
    "InvalidAccountStatusException",
    "IncompatibleImageException",
    "SomethingNewException",
)
_S3_KINDS = ("http", "http", "drop", "hang", "connect")
_KILLED_AT = (_READ, _START, _START, _STOP, "DescribeStackResource", "Invoke", "PUT")
_ACTIONS = ("start", "start", "stop", "stop", "delete", "reboot", "snapshot", "update", "sync_apps", "fail")

_GARBLED = ("html", "html", "html 502", "html 403", "html 400", "empty", "empty 503", "cut", "null")
_SERVICES = ("appstream", "appstream", "scheduler", "lambda", "cloudformation")
_RARE_CODES = {
    "appstream": ("SomethingNewException", "UnrecognizedClientException", "ResourceNotFoundException"),
    "scheduler": ("ValidationException", "ConflictException", "ServiceQuotaExceededException", "SomethingNewException"),
    "lambda": ("SomethingNewException", "ExpiredTokenException", "ResourceConflictException"),
    "cloudformation": ("ValidationError", "ExpiredToken", "SomethingNew"),
}
_S3_STATUSES = ("400", "403", "408", "409", "429", "500", "503")

_IAM_PROPAGATION = 80.0
"""Seconds in which a new policy spreads; AWS's own reports are about less."""


def generate_fault_plan(rng: Random, intensity: float, timeout: int, names: tuple[str, ...]) -> FaultPlan:
    """Return what is injected around one request.

    Args:
        rng: Decides.
        intensity: How much, from 0 to 1.
        timeout: The request's own, in seconds.
        names: The builders.
    """
    windows: list[FaultWindow] = []
    while rng.random() < 0.5 * intensity:
        windows.append(_fault_window(rng, timeout))
    if rng.random() < 0.1 * intensity:
        windows.append(FaultWindow("appstream", "access_denied", lasts=rng.random() * _IAM_PROPAGATION))
    return FaultPlan(
        fault_windows=tuple(windows),
        kills=_kills(rng, timeout) if rng.random() < 0.35 * intensity else (),
        duplicates=_duplicates(rng) if rng.random() < 0.3 * intensity else (),
        external_actions=_external_actions(rng, timeout, names) if rng.random() < 0.3 * intensity else (),
    )


def _fault_window(rng: Random, timeout: int) -> FaultWindow:
    service = rng.choice(("appstream", "appstream", "appstream", "lambda", "cloudformation", "s3"))
    begins = rng.choice((0.0, rng.random() * timeout))
    lasts = rng.choice((5.0, 30.0, 120.0, 600.0, 1e9)) * (0.5 + rng.random())
    if service == "lambda":
        # Self-invocations are rare: a fault has to be there when they come.
        begins, lasts = 0.0, 1e9
    probability = rng.choice((1.0, 0.9, 0.5, 0.2))
    after_effect = rng.random() < 0.5
    times = rng.choice((1, 1, 2, 1_000_000))
    operation, code = "*", ""
    if service == "appstream":
        kind = rng.choice(_APPSTREAM_KINDS)
        operation = rng.choice(_OPERATIONS)
        code = rng.choice(_APPSTREAM_CODES) if kind == "error" else ""
    else:
        kind = rng.choice(_S3_KINDS if service == "s3" else _KINDS)
        code = rng.choice(("500", "503", "429")) if kind == "http" else ""
    after_effect = after_effect and kind in ("server_error", "unavailable", "http", "drop", "hang")
    if service == "lambda" and after_effect:
        # Each one leaves one more chain of invocations: without a limit there would be too many to simulate.
        times = min(times, 2)
    return FaultWindow(service, kind, begins, lasts, operation, probability, after_effect, times, code)


def _kills(rng: Random, timeout: int) -> tuple[Kill, ...]:
    if rng.random() < 0.1:
        # All three deliveries of the event.
        return tuple(Kill(invocation=each, seconds=rng.random() * 20) for each in range(3))
    kills = []
    for _ in range(rng.choice((1, 1, 2, 3))):
        invocation = rng.choice((0, 0, 0, 1, 2))
        if rng.random() < 0.6:
            at = f"{rng.choice(('before', 'after'))} {rng.choice(_KILLED_AT)}"
            kills.append(Kill(invocation=invocation, at=at))
        else:
            kills.append(Kill(invocation=invocation, seconds=rng.random() * min(timeout, 900)))
    return tuple(kills)


def _duplicates(rng: Random) -> tuple[Duplicate, ...]:
    return tuple(
        Duplicate(
            event=rng.choice((0, 0, 0, 1)),
            after=rng.choice((0.0, 0.0, 2.0, 60.0, 600.0, 3600.0, 9000.0)) * (0.5 + rng.random()),
        )
        for _ in range(rng.choice((1, 1, 2)))
    )


def _external_actions(rng: Random, timeout: int, names: tuple[str, ...]) -> tuple[ExternalAction, ...]:
    return tuple(
        ExternalAction(
            action=rng.choice(_ACTIONS),
            name=rng.choice((names[0], names[0], *names)),
            after=rng.random() * rng.choice((20, timeout, 4000)),
        )
        for _ in range(rng.choice((1, 1, 2, 4)))
    )


def with_scheduler_fault(plan: FaultPlan, rng: Random) -> FaultPlan:
    """Add a fault of EventBridge Scheduler to some of the plans that have any fault."""
    if not plan.fault_windows or rng.random() > 0.3:
        return plan
    fault = FaultWindow(
        "scheduler",
        rng.choice(_KINDS),
        lasts=rng.choice((5.0, 60.0, 600.0)),
        probability=rng.choice((1.0, 0.5)),
        after_effect=rng.random() < 0.3,
    )
    return replace(plan, fault_windows=(*plan.fault_windows, fault))


def with_rare_faults(operation: StackOperation, rng: Random, intensity: float) -> StackOperation:
    """Add rarer faults to an operation: unreadable responses, unknown errors, stalled deliveries."""
    plans = operation.fault_plans or (FaultPlan(),) * 3
    return replace(operation, fault_plans=tuple(_plan_with_rare_faults(each, rng, intensity) for each in plans))


def _plan_with_rare_faults(plan: FaultPlan, rng: Random, intensity: float) -> FaultPlan:
    windows = [_rare_fault_window(rng) for _ in range(3) if rng.random() < 0.25 * intensity]
    stalls = plan.delivery_stalls
    if rng.random() < 0.12 * intensity:
        begins = rng.choice((0.0, rng.random() * 900))
        stalls = (*stalls, DeliveryStall(begins=begins, lasts=rng.choice((60.0, 200.0, 400.0))))
    return replace(plan, fault_windows=(*plan.fault_windows, *windows), delivery_stalls=stalls)


def _rare_fault_window(rng: Random) -> FaultWindow:
    begins = rng.choice((0.0, 0.0, rng.random() * 600))
    lasts = rng.choice((5.0, 30.0, 120.0, 1e9)) * (0.5 + rng.random())
    times = rng.choice((1, 1, 2, 4, 1_000_000))
    share = rng.random()
    if share < 0.2:
        lasts, times = rng.choice((5.0, 20.0)), rng.choice((1, 1, 1, 2, 3))
        return FaultWindow("appstream", "missing", begins, lasts, _READ, times=times, code=rng.choice(("", "empty")))
    if share < 0.35:
        return FaultWindow("s3", "http", begins, lasts, times=times, code=rng.choice(_S3_STATUSES))
    service = rng.choice(_SERVICES)
    if service == "lambda":
        begins, lasts = 0.0, 1e9
    probability = rng.choice((1.0, 1.0, 0.5))
    if share < 0.75:
        code = rng.choice(_GARBLED)
        after_effect = rng.random() < 0.5
        if service == "lambda":
            # An empty response is Lambda's usual one to an asynchronous invocation.
            code = code if code.startswith("html") or code == "empty 503" else "html"
            times = min(times, 2) if after_effect else times
        return FaultWindow(service, "garbled", begins, lasts, "*", probability, after_effect, times, code)
    code = rng.choice(_RARE_CODES[service])
    # A read that finds no builder is "missing".
    operation = rng.choice((_START, _STOP)) if code == "ResourceNotFoundException" else "*"
    return FaultWindow(service, "error", begins, lasts, operation, probability, times=times, code=code)
