"""What several invariants ask of a history."""

from simulation.history import History, Request, Status

NOT_STARTED = "/not-started"
NOT_SEEN = "/start-not-seen"


def stops_on_delete(request: Request) -> bool:
    """Return whether a Delete is to stop its builder."""
    properties = request.properties
    marked = request.physical_id.endswith(NOT_STARTED)
    return properties.on_delete == "STOP" and not properties.bad and not marked


def about(request: Request) -> str:
    """Return the builder that a request is about: for a Delete the one that its physical id names, if it names one."""
    named = request.physical_id.removesuffix(NOT_STARTED).removesuffix(NOT_SEEN)
    return named if request.kind == "Delete" and named and not request.made_up else request.properties.name


def warned(history: History, request: Request) -> bool:
    """Return whether the log warns of a request's builder, while it was handled."""
    name = "" if request.properties.bad else about(request)
    return any(
        each.invocation.request is request and name in each.line and " FAILED: " not in each.line
        for each in history.warnings
    )


def left_to_another(history: History, request: Request, *, until: float = float("inf"), name: str = "") -> bool:
    """Return whether a request was told, by a moment, that another resource of its stack has its builder."""
    return any(
        logical_id != request.logical_id and status.physical_id == (name or about(request)) and is_live(status.status)
        for look in history.stack_looks
        if look.invocation.request is request and not look.failed and look.at <= until
        for logical_id, status in look.listed
    )


def is_another_known(history: History, request: Request, *, until: float, name: str) -> bool:
    """Return whether the last list of a stack's resources, all its pages, told that another one has a builder."""
    listed: list[tuple[str, Status]] = []
    pages: list[tuple[str, Status]] = []
    for look in history.stack_looks:
        if look.invocation.request is request and look.operation == "ListStackResources" and look.at <= until:
            if look.failed:
                continue
            # Whoever has found another one may leave the pages that follow.
            pages = [*([] if look.first_page else pages), *look.listed]
            if look.last_page or any(is_live(each.status) for _, each in pages):
                listed = pages
    return any(
        logical_id != request.logical_id and status.physical_id == name and is_live(status.status)
        for logical_id, status in listed
    )


def is_live(status: str) -> bool:
    """Return whether a resource of that status is there, and stays."""
    return not status.startswith("DELETE_") and status != "CREATE_FAILED"
