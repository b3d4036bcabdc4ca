"""Waits for what other processes do, with a bound."""

import time
from collections.abc import Callable

from appstream_local.process.admin_client import AdminClient


def wait_until(condition: Callable[[], bool], *, seconds: float = 90) -> None:
    """Wait until something is so, and fail where it does not come true in time."""
    ends_at = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends_at, f"did not come true within {seconds:.0f} s"
        time.sleep(0.1)


def wait_for_functions(admin: AdminClient, stack_name: str) -> None:
    """Wait until no invocation of a stack's functions runs: from then on none of them can act."""

    def quiet() -> bool:
        return not [each for each in admin.running_invocations() if each.startswith(f"{stack_name}-")]

    wait_until(quiet)


def was_described(admin: AdminClient, name: str) -> Callable[[], bool]:
    """Return a condition: the function has described a builder."""
    return lambda: any(call.name == name for call in admin.calls())
