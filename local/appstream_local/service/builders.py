"""The image builders of one account and Region, as a state machine over a given clock."""

from collections.abc import Callable, Mapping, Sequence
from threading import RLock
from typing import Any

from .arns import image_builder_arn, public_image_arn
from .errors import ApiError, not_found, not_permitted, validation_error
from .image_builder import LATEST, ImageBuilder, default_fields
from .outcomes import StartOutcome
from .settings import Behavior, Durations
from .states import GONE, STATES, TRANSITIONS, Change, Timeline, scheduled

# Input of CreateImageBuilder that isn't a field of ImageBuilder, or follows other rules.
_NOT_FIELDS = (
    "Name",
    "ImageName",
    "ImageArn",
    "Tags",
    "AppstreamAgentVersion",
    "SoftwaresToInstall",
    "SoftwaresToUninstall",
)


class ImageBuilders:
    """Every image builder of one account and Region.

    Attributes:
        durations: How long things take. Replace it to change what starts afterwards.
        behavior: What the service does where AWS documents nothing.
    """

    def __init__(
        self,
        *,
        now: Callable[[], float],
        account: str = "000000000000",
        region: str = "us-east-1",
    ) -> None:
        """Start without image builders.

        Args:
            now: The clock, in epoch seconds.
            account: The account, for ARNs.
            region: The Region, for ARNs.
        """
        self.durations = Durations()
        self.behavior = Behavior()
        self._now = now
        self._account = account
        self._region = region
        self._builders: dict[str, ImageBuilder] = {}
        self._lock = RLock()

    def create(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Create an image builder, which also starts it; takes the parameters of CreateImageBuilder."""
        name = params["Name"]
        if ("ImageName" in params) == ("ImageArn" in params):
            message = "Specify either ImageName or ImageArn."
            raise ApiError("InvalidParameterCombinationException", message)
        with self._lock:
            now = self._now()
            if name in self._existing(now):
                message = f"Image builder {name} already exists."
                raise ApiError("ResourceAlreadyExistsException", message)
            if len(self._existing(now)) >= self.behavior.quota:
                message = f"The limit of {self.behavior.quota} image builders is reached."
                raise ApiError("LimitExceededException", message)
            given = {k: v for k, v in params.items() if k not in _NOT_FIELDS}
            image = params.get("ImageArn") or public_image_arn(region=self._region, name=params["ImageName"])
            agent = params.get("AppstreamAgentVersion", LATEST)
            fields = default_fields(image_arn=image, now=now, agent_version=self._latest if agent == LATEST else agent)
            del fields["VpcConfig"]
            timeline = scheduled(TRANSITIONS["create"].steps, durations=self.durations, start=now)
            builder = self._add(name, timeline, {**fields, **given})
            builder.tags = dict(params.get("Tags", {}))
            builder.follows_latest = params.get("AppstreamAgentVersion") == LATEST
            return self._shown(builder)

    def start(self, name: str, agent_version: str | None = None) -> dict[str, Any]:
        """Start a stopped image builder; `behavior` decides what happens to one that isn't stopped."""
        with self._lock:
            builder, now = self._get(name), self._now()
            state = builder.state(now)
            if state not in TRANSITIONS["start"].needs:
                code = self.behavior.start_refusal_code
                if not code:
                    return self._shown(builder)
                message = f"Image builder {name} is {state}, not STOPPED."
                raise ApiError(code, message, self.behavior.start_refusal_status)
            builder.start(now=now, durations=self.durations, agent=agent_version, latest=self._latest)
            return self._shown(builder)

    def stop(self, name: str) -> dict[str, Any]:
        """Stop a running image builder."""
        with self._lock:
            builder = self.begin(name, "stop", operation="StopImageBuilder")
            builder.stops += 1
            return self._shown(builder)

    def delete(self, name: str) -> dict[str, Any]:
        """Delete a stopped or failed image builder."""
        with self._lock:
            return self._shown(self.begin(name, "delete", operation="DeleteImageBuilder"))

    def describe(self, names: Sequence[str] = ()) -> list[dict[str, Any]]:
        """Describe the named image builders, or all of them, sorted by name."""
        with self._lock:
            now = self._now()
            existing = self._existing(now)
            missing = [name for name in names if name not in existing]
            if missing and not self.behavior.unknown_name_is_empty:
                raise not_found(missing[0])
            chosen = sorted(existing if not names else set(names) & set(existing))
            return [self._shown(existing[name], lagging=True) for name in chosen]

    def begin(self, name: str, trigger: str, *, operation: str = "") -> ImageBuilder:
        """Begin one of the transitions in `states.TRANSITIONS`, such as `reboot`."""
        with self._lock:
            builder, now = self._get(name), self._now()
            transition, state = TRANSITIONS[trigger], builder.state(now)
            if state not in transition.needs:
                needed = " or ".join(sorted(transition.needs))
                raise not_permitted(operation or trigger, name, state, needed)
            lag = self.durations.describe_lag if trigger == "stop" else 0.0
            timeline = scheduled(transition.steps, durations=self.durations, start=now)
            builder.follow(timeline, hidden_until=now + lag)
            return builder

    def put(self, name: str, *, state: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Add a builder that has been in a state for a long time; a field of None is hidden."""
        with self._lock:
            now = self._now()
            image = public_image_arn(region=self._region, name="a-local-image")
            defaults = default_fields(image_arn=image, now=now, agent_version=self._latest)
            # In its state since the epoch, so that a running builder has its network interface at once.
            builder = self._add(name, Timeline((Change(0.0, _checked(state)),)), {**defaults, **fields})
            return self._shown(builder)

    def set_state(self, name: str, state: str, then: Sequence[tuple[float, str]] = ()) -> None:
        """Force a state now, then other states, each some seconds after the previous one."""
        with self._lock:
            builder, at = self._get(name), self._now()
            changes = [Change(at, _checked(state))]
            for seconds, following in then:
                at += seconds
                changes.append(Change(at, _checked(following)))
            builder.follow(Timeline(tuple(changes)))

    def set_start_outcome(self, name: str, outcome: StartOutcome) -> None:
        """Set how the next starts of a builder end."""
        with self._lock:
            self._get(name).outcome = outcome

    def observe(self, name: str) -> tuple[ImageBuilder, str]:
        """Return a builder and its actual state, even while DescribeImageBuilders lags."""
        with self._lock:
            builder = self._get(name)
            return builder, builder.state(self._now())

    @property
    def _latest(self) -> str:
        return self.behavior.latest_agent_version

    def _add(self, name: str, timeline: Timeline, fields: dict[str, Any]) -> ImageBuilder:
        arn = image_builder_arn(account=self._account, region=self._region, name=name)
        self._builders[name] = ImageBuilder(name=name, arn=arn, timeline=timeline, fields=fields)
        return self._builders[name]

    def _existing(self, now: float) -> dict[str, ImageBuilder]:
        return {name: each for name, each in self._builders.items() if each.exists(now)}

    def _get(self, name: str) -> ImageBuilder:
        builder = self._existing(self._now()).get(name)
        if builder is None:
            raise not_found(name)
        return builder

    def _shown(self, builder: ImageBuilder, *, lagging: bool = False) -> dict[str, Any]:
        return builder.shown(self._now(), durations=self.durations, latest=self._latest, lagging=lagging)


def _checked(state: str) -> str:
    """Return the state, or raise ValidationException if there is no such state."""
    if state not in STATES and state != GONE:
        raise validation_error(f"No state {state!r}: {list(STATES)}.")
    return state
