"""Acting on resources in the order of their dependencies."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from appstream_local.ministack.cloudformation.dependency_order import in_dependency_order, reversed_dependencies


class Acts:
    """Records what starts (+), ends (-) and is cancelled (!); some wait until released."""

    def __init__(self, *, held: str = "", failing: str = "") -> None:
        self.seen: list[str] = []
        self._held, self._failing = held, failing
        self.released = asyncio.Event()

    async def __call__(self, name: str) -> None:
        """Act."""
        self.seen.append(f"+{name}")
        try:
            if name in self._failing:
                raise ValueError(name)
            if name in self._held:
                await self.released.wait()
        except asyncio.CancelledError:
            self.seen.append(f"!{name}")
            raise
        self.seen.append(f"-{name}")


def run(main: Callable[[], Awaitable[None]]) -> None:
    """Run a test's coroutine."""
    asyncio.run(asyncio.wait_for(main(), 5))


def test_independent_resources_start_at_once_others_when_due() -> None:
    """In the order given."""

    async def main() -> None:
        acts = Acts(held="b")
        going = asyncio.ensure_future(in_dependency_order("abcd", {"c": {"b"}, "d": {"a"}}, acts))
        while "-d" not in acts.seen:
            await asyncio.sleep(0)
        assert ["+a", "-a", "+b", "+d", "-d"] == acts.seen
        acts.released.set()
        await going
        assert ["-b", "+c", "-c"] == acts.seen[-3:]

    run(main)


def test_a_failure_cancels_what_is_in_flight() -> None:
    """Nothing else starts, and nothing is in flight when the call returns."""

    async def main() -> None:
        acts = Acts(held="a", failing="b")
        with pytest.raises(ValueError, match="b"):
            await in_dependency_order("abc", {"c": {"a"}}, acts)
        assert ["+a", "+b", "!a"] == acts.seen

    run(main)


def test_keep_going_skips_only_dependents_of_the_failed_one() -> None:
    """Everything else is done."""

    async def main() -> None:
        acts = Acts(failing="a")
        with pytest.raises(ValueError, match="a"):
            await in_dependency_order("abcd", {"b": {"a"}, "c": {"b"}}, acts, keep_going=True)
        assert ["+a", "+d", "-d"] == acts.seen

    run(main)


def test_cancelling_it_cancels_what_is_in_flight() -> None:
    """Before it returns."""

    async def main() -> None:
        acts = Acts(held="a")
        going = asyncio.ensure_future(in_dependency_order("ab", {"b": {"a"}}, acts))
        while not acts.seen:
            await asyncio.sleep(0)
        going.cancel()
        with pytest.raises(asyncio.CancelledError):
            await going
        assert ["+a", "!a"] == acts.seen

    run(main)


def test_nothing_to_do_is_done() -> None:
    """And nothing waits for other names."""

    async def main() -> None:
        acts = Acts()
        await in_dependency_order("", {"a": {"b"}}, acts)
        await in_dependency_order("a", {"a": {"b", "a"}}, acts)
        assert ["+a", "-a"] == acts.seen

    run(main)


def test_dependents_go_first_in_a_deletion() -> None:
    """Each resource waits for what needs it."""
    assert {"a": {"b", "c"}, "b": {"c"}, "c": set()} == reversed_dependencies({"a": set(), "b": {"a"}, "c": {"a", "b"}})
