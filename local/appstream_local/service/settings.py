"""What a test can set for one account and Region."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

from .errors import validation_error


@dataclass(frozen=True)
class Durations:
    """How long each named thing takes, in seconds.

    AWS documents only that a start takes several minutes: 5 to 10 are typical, up to 25 were seen.
    Every other default is an assumption of the same order.

    Attributes:
        agent_update: UPDATING_AGENT, before a start that installs a new agent.
        start: PENDING, after StartImageBuilder.
        stop: STOPPING.
        create: PENDING, after CreateImageBuilder.
        delete: DELETING, before the builder is gone.
        reboot: REBOOTING.
        snapshot: SNAPSHOTTING, while an image is created.
        update: UPDATING.
        sync_apps_pending: PENDING_SYNCING_APPS.
        sync_apps: SYNCING_APPS.
        image_import: PENDING_IMAGE_IMPORT.
        qualification: PENDING_QUALIFICATION.
        eni_delay: From RUNNING until the network interface is shown.
        describe_lag: From an accepted start or stop until DescribeImageBuilders shows it.
    """

    agent_update: float = 300.0
    start: float = 420.0
    stop: float = 120.0
    create: float = 900.0
    delete: float = 60.0
    reboot: float = 180.0
    snapshot: float = 1800.0
    update: float = 300.0
    sync_apps_pending: float = 30.0
    sync_apps: float = 300.0
    image_import: float = 1800.0
    qualification: float = 600.0
    eni_delay: float = 0.0
    describe_lag: float = 0.0


@dataclass(frozen=True)
class Behavior:
    """What the service does where AWS documents nothing or a limit is adjustable.

    Attributes:
        start_refusal_code: The error of StartImageBuilder for a builder that isn't STOPPED. With an
            empty string the call succeeds and changes nothing.
        start_refusal_status: The HTTP status of that error.
        unknown_name_is_empty: Whether DescribeImageBuilders omits an unknown name instead of
            returning ResourceNotFoundException; some callers saw that.
        quota: How many image builders a Region may hold (documented default: 10).
        latest_agent_version: What `LATEST` means (the form is documented, the value is ours).
        page_size: Image builders on a page without MaxResults (assumption).
    """

    start_refusal_code: str = "ResourceNotAvailableException"
    start_refusal_status: int = 400
    unknown_name_is_empty: bool = False
    quota: int = 10
    latest_agent_version: str = "10-06-2026"
    page_size: int = 50


_Settings = TypeVar("_Settings", Durations, Behavior)


def changed(settings: _Settings, changes: Mapping[str, Any]) -> _Settings:
    """Return the settings with some values replaced.

    Raises:
        ApiError: ValidationException for an unknown name, a wrong type or a negative number.
    """
    known = {field.name: getattr(settings, field.name) for field in fields(settings)}
    for name, value in changes.items():
        if name not in known:
            raise validation_error(f"There is no setting {name!r}; there are {sorted(known)}.")
        default = known[name]
        wanted = (int, float) if isinstance(default, float) else type(default)
        # isinstance takes a bool for an int, but True is no duration.
        if not isinstance(value, wanted) or isinstance(value, bool) != isinstance(default, bool):
            raise validation_error(f"{name} cannot be {value!r}; for example {default!r}.")
        if not isinstance(value, (str, bool)) and value < 0:
            raise validation_error(f"{name} cannot be negative, but is {value!r}.")
    return replace(settings, **changes)
