"""Acts on resources in the order of their dependencies, and on independent ones in parallel."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping


async def in_dependency_order(
    names: Iterable[str],
    depends_on: Mapping[str, Collection[str]],
    act: Callable[[str], Awaitable[None]],
    *,
    keep_going: bool = False,
) -> None:
    """Act on each resource as soon as everything that it depends on is done.

    The first failure, or cancelling this call, cancels what is in flight. Nothing is in flight when it returns.

    Args:
        names: The resources, in the order in which independent ones start.
        depends_on: What each of them waits for; other names are ignored.
        act: Acts on one resource.
        keep_going: Whether to finish what doesn't depend on a failed resource.

    Raises:
        Exception: What a failed `act` raised.
    """
    tasks: dict[str, asyncio.Task[None]] = {}

    async def when_due(name: str) -> None:
        for each in depends_on.get(name, ()):
            if each in tasks and each != name:
                await asyncio.shield(tasks[each])
        await act(name)

    for name in names:
        tasks[name] = asyncio.ensure_future(when_due(name))
    if not tasks:
        return
    when = asyncio.ALL_COMPLETED if keep_going else asyncio.FIRST_EXCEPTION
    try:
        done, _ = await asyncio.wait(tasks.values(), return_when=when)
    finally:
        for task in tasks.values():
            task.cancel()
        await asyncio.gather(*tasks.values(), return_exceptions=True)
    # A resource that waited for a failed one fails with the same error.
    errors = [error for task in done if (error := task.exception()) is not None]
    if errors:
        raise errors[0]


def reversed_dependencies(depends_on: Mapping[str, Collection[str]]) -> dict[str, set[str]]:
    """Return what each resource waits for if its dependents go first, as in a deletion."""
    turned: dict[str, set[str]] = {name: set() for name in depends_on}
    for name, needed in depends_on.items():
        for each in needed:
            turned.setdefault(each, set()).add(name)
    return turned
