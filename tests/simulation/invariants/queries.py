"""Questions to a history that several invariants ask."""

from simulation.history import History, Invocation, Request, ResourceStatus

NOT_STARTED = "/not-started"
NOT_SEEN = "/start-not-seen"


def stops_on_delete(request: Request) -> bool:
    """Return whether a Delete has to stop its builder."""
    properties = request.properties
    marked = request.physical_id.endswith(NOT_STARTED)
    return properties.on_delete == "STOP" and not properties.invalid and not marked


def about(request: Request) -> str:
    """Return a request's builder: for a Delete the one that its physical id names, if it names one."""
    named = request.physical_id.removesuffix(NOT_STARTED).removesuffix(NOT_SEEN)
    return named if request.kind == "Delete" and named and not request.id_generated else request.properties.name


def is_warned_of(history: History, request: Request) -> bool:
    """Return whether the log warns of a request's builder while the request is handled."""
    name = "" if request.properties.invalid else about(request)
    return any(
        each.invocation.request is request and name in each.line and " FAILED: " not in each.line
        for each in history.warnings
    )


def has_another_owner(history: History, request: Request) -> bool:
    """Return whether reads showed a request that another resource of its stack has its builder."""
    return any(
        _is_another(request, logical_id, status, about(request))
        for read in history.stack_reads
        if read.invocation.request is request and not read.failed
        for logical_id, status in read.listed
    )


def _is_another(request: Request, logical_id: str, status: ResourceStatus, name: str) -> bool:
    """Return whether a live resource has a builder; the request's own one where it has it by a newer id."""
    other = logical_id != request.logical_id or request.physical_id != name
    return other and status.physical_id == name and is_live(status.status)


def knows_another_owner(
    history: History, request: Request, *, until: float, name: str, invocation: Invocation | None = None
) -> bool:
    """Return whether the last complete list of a stack's resources shows that another one has a builder.

    Args:
        history: The run.
        request: The request that asked for the list.
        until: The moment until which it did.
        name: The builder's name.
        invocation: The one that must have read it; any of the request's by default.
    """
    listed: list[tuple[str, ResourceStatus]] = []
    pages: list[tuple[str, ResourceStatus]] = []
    for read in history.stack_reads:
        if read.invocation.request is request and read.operation == "ListStackResources" and read.at <= until:
            if read.failed or (invocation is not None and not invocation.descends_from(read.invocation)):
                continue
            # The pages after one that shows an owner need not be read, unless the resource itself can be one.
            pages = [*([] if read.first_page else pages), *read.listed]
            is_enough = request.kind != "Delete" or request.physical_id == name
            if read.last_page or (is_enough and any(is_live(each.status) for _, each in pages)):
                listed = pages
    return any(_is_another(request, logical_id, status, name) for logical_id, status in listed)


def is_live(status: str) -> bool:
    """Return whether a resource with that status exists, and stays."""
    return not status.startswith("DELETE_") and status != "CREATE_FAILED"
