"""Draws what goes wrong around one request: faults, kills, duplicates and other people."""

from dataclasses import replace
from random import Random

from simulation.scenario import DeliveryStall, Duplicate, ExternalAction, FaultPlan, FaultWindow, Kill, StackOperation

_OPERATIONS = ("DescribeImageBuilders", "StartImageBuilder", "StopImageBuilder", "*", "*")
_APPSTREAM = (
    "throttle",
    "request_limit",
    "rate",
    "server_error",
    "unavailable",
    "drop",
    "drop",
    "hang",
    "connect",
    "access_denied",
    "error",
)
_CODES = (
    "ConcurrentModificationException",
    "ConcurrentModificationException",
    "ResourceNotAvailableException",
    "OperationNotPermittedException",
    "InvalidAccountStatusException",
    "IncompatibleImageException",
    "SomethingNewException",
)
_CALLS = (
    "DescribeImageBuilders",
    "StartImageBuilder",
    "StartImageBuilder",
    "StopImageBuilder",
    "DescribeStackResource",
    "Invoke",
    "PUT",
)
_PEOPLE = ("start", "start", "stop", "stop", "delete", "reboot", "snapshot", "update", "sync_apps", "fail")

_GARBLED = ("html", "html", "html 502", "html 403", "html 400", "empty", "empty 503", "cut", "null")
_SERVICES = ("appstream", "appstream", "scheduler", "lambda", "cloudformation")
_ODD_CODES = {
    "appstream": ("SomethingNewException", "UnrecognizedClientException", "ResourceNotFoundException"),
    "scheduler": ("ValidationException", "ConflictException", "ServiceQuotaExceededException", "SomethingNewException"),
    "lambda": ("SomethingNewException", "ExpiredTokenException", "ResourceConflictException"),
    "cloudformation": ("ValidationError", "ExpiredToken", "SomethingNew"),
}
_BUCKET = ("400", "403", "408", "409", "429", "500", "503")

IAM_HEALS = 80.0
"""Seconds after which a fresh policy has spread: AWS's own reports are about less."""


def generate_fault_plan(chance: Random, intensity: float, timeout: int, names: tuple[str, ...]) -> FaultPlan:
    """Return what goes wrong around one request.

    Args:
        chance: Decides.
        intensity: How much of it, from 0 to 1.
        timeout: The request's own, in seconds.
        names: The builders there are.
    """
    fault_windows: list[FaultWindow] = []
    while chance.random() < 0.5 * intensity:
        fault_windows.append(_fault_window(chance, timeout))
    if chance.random() < 0.1 * intensity:
        # A policy that spreads slowly.
        fault_windows.append(FaultWindow(service="appstream", kind="access_denied", lasts=chance.random() * IAM_HEALS))
    return FaultPlan(
        fault_windows=tuple(fault_windows),
        kills=_kills(chance, timeout) if chance.random() < 0.35 * intensity else (),
        duplicates=_duplicates(chance) if chance.random() < 0.3 * intensity else (),
        external_actions=_external_actions(chance, timeout, names) if chance.random() < 0.3 * intensity else (),
    )


def _fault_window(chance: Random, timeout: int) -> FaultWindow:
    service = chance.choice(("appstream", "appstream", "appstream", "lambda", "cloudformation", "s3"))
    begins = chance.choice((0.0, chance.random() * timeout))
    lasts = chance.choice((5.0, 30.0, 120.0, 600.0, 1e9)) * (0.5 + chance.random())
    if service == "lambda":
        # Hand-overs are rare: what strikes them has to be there when they come.
        begins, lasts = 0.0, 1e9
    probability = chance.choice((1.0, 0.9, 0.5, 0.2))
    after_effect = chance.random() < 0.5
    times = chance.choice((1, 1, 2, 1_000_000))
    if service == "appstream":
        kind = chance.choice(_APPSTREAM)
        return FaultWindow(
            service=service,
            kind=kind,
            begins=begins,
            lasts=lasts,
            operation=chance.choice(_OPERATIONS),
            probability=probability,
            after_effect=after_effect and kind in ("server_error", "unavailable", "drop", "hang"),
            times=times,
            code=chance.choice(_CODES) if kind == "error" else "",
        )
    kinds = {
        "lambda": ("throttle", "server_error", "access_denied", "drop", "hang", "connect"),
        "cloudformation": ("throttle", "server_error", "access_denied", "drop", "hang", "connect"),
        "s3": ("http", "http", "drop", "hang", "connect"),
    }[service]
    kind = chance.choice(kinds)
    after_effect = after_effect and kind in ("server_error", "http", "drop", "hang")
    if service == "lambda" and after_effect:
        # Each one leaves a second successor: for ever, and with a short limit, they would be too many to simulate.
        times = min(times, 2)
    return FaultWindow(
        service=service,
        kind=kind,
        begins=begins,
        lasts=lasts,
        probability=probability,
        after_effect=after_effect,
        times=times,
        code=chance.choice(("500", "503", "429")) if kind == "http" else "",
    )


def _kills(chance: Random, timeout: int) -> tuple[Kill, ...]:
    if chance.random() < 0.1:
        # All three deliveries of the event.
        return tuple(Kill(invocation=each, seconds=chance.random() * 20) for each in range(3))
    kills = []
    for _ in range(chance.choice((1, 1, 2, 3))):
        invocation = chance.choice((0, 0, 0, 1, 2))
        if chance.random() < 0.6:
            kills.append(
                Kill(invocation=invocation, at=f"{chance.choice(('before', 'after'))} {chance.choice(_CALLS)}")
            )
        else:
            kills.append(Kill(invocation=invocation, seconds=chance.random() * min(timeout, 900)))
    return tuple(kills)


def _duplicates(chance: Random) -> tuple[Duplicate, ...]:
    return tuple(
        Duplicate(
            event=chance.choice((0, 0, 0, 1)),
            after=chance.choice((0.0, 0.0, 2.0, 60.0, 600.0, 3600.0, 9000.0)) * (0.5 + chance.random()),
        )
        for _ in range(chance.choice((1, 1, 2)))
    )


def _external_actions(chance: Random, timeout: int, names: tuple[str, ...]) -> tuple[ExternalAction, ...]:
    return tuple(
        ExternalAction(
            action=chance.choice(_PEOPLE),
            name=chance.choice((names[0], names[0], *names)),
            after=chance.random() * chance.choice((20, timeout, 4000)),
        )
        for _ in range(chance.choice((1, 1, 2, 4)))
    )


def with_scheduler_fault(fault_plans: FaultPlan, chance: Random) -> FaultPlan:
    """Return some of those that have any with a fault of EventBridge Scheduler's in addition."""
    if not fault_plans.fault_windows or chance.random() > 0.3:
        return fault_plans
    fault = FaultWindow(
        service="scheduler",
        kind=chance.choice(("throttle", "server_error", "access_denied", "drop", "hang", "connect")),
        lasts=chance.choice((5.0, 60.0, 600.0)),
        probability=chance.choice((1.0, 0.5)),
        after_effect=chance.random() < 0.3,
    )
    return replace(fault_plans, fault_windows=(*fault_plans.fault_windows, fault))


def with_more_faults(operation: StackOperation, chance: Random, intensity: float) -> StackOperation:
    """Return a step with rarer faults in addition: unreadable responses, unknown errors, stalled deliveries."""
    fault_plans = operation.fault_plans or (FaultPlan(),) * 3
    return replace(operation, fault_plans=tuple(_with_rare_faults(each, chance, intensity) for each in fault_plans))


def _with_rare_faults(fault_plans: FaultPlan, chance: Random, intensity: float) -> FaultPlan:
    fault_windows = [_rare_fault_window(chance) for _ in range(3) if chance.random() < 0.25 * intensity]
    delivery_stalls = fault_plans.delivery_stalls
    if chance.random() < 0.12 * intensity:
        begins = chance.choice((0.0, chance.random() * 900))
        delivery_stalls = (*delivery_stalls, DeliveryStall(begins=begins, lasts=chance.choice((60.0, 200.0, 400.0))))
    return replace(
        fault_plans, fault_windows=(*fault_plans.fault_windows, *fault_windows), delivery_stalls=delivery_stalls
    )


def _rare_fault_window(chance: Random) -> FaultWindow:
    begins = chance.choice((0.0, 0.0, chance.random() * 600))
    lasts = chance.choice((5.0, 30.0, 120.0, 1e9)) * (0.5 + chance.random())
    times = chance.choice((1, 1, 2, 4, 1_000_000))
    what = chance.random()
    if what < 0.2:
        return FaultWindow(
            service="appstream",
            kind="missing",
            operation="DescribeImageBuilders",
            begins=begins,
            lasts=chance.choice((5.0, 20.0)),
            times=chance.choice((1, 1, 1, 2, 3)),
            code=chance.choice(("", "empty")),
        )
    if what < 0.35:
        return FaultWindow(
            service="s3", kind="http", begins=begins, lasts=lasts, times=times, code=chance.choice(_BUCKET)
        )
    service = chance.choice(_SERVICES)
    if service == "lambda":
        begins, lasts = 0.0, 1e9
    probability = chance.choice((1.0, 1.0, 0.5))
    if what < 0.75:
        code = chance.choice(_GARBLED)
        after_effect = chance.random() < 0.5
        if service == "lambda":
            # A successor that is queued is answered by nothing at all.
            code = code if code.startswith("html") or code == "empty 503" else "html"
            times = min(times, 2) if after_effect else times
        return FaultWindow(
            service=service,
            kind="garbled",
            begins=begins,
            lasts=lasts,
            times=times,
            probability=probability,
            after_effect=after_effect,
            code=code,
        )
    operation = "*"
    code = chance.choice(_ODD_CODES[service])
    if service == "appstream":
        operation = "*" if code != "ResourceNotFoundException" else chance.choice(("Start", "Stop")) + "ImageBuilder"
    return FaultWindow(
        service=service,
        kind="error",
        operation=operation,
        begins=begins,
        lasts=lasts,
        times=times,
        probability=probability,
        code=code,
    )
