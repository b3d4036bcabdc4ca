"""An image builder as AppStream describes it, and its attributes in the response."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from running_image_builder_function import contract


@dataclass(frozen=True)
class ImageBuilder:
    """One entry of DescribeImageBuilders' response; any field but the name may be absent."""

    fields: Mapping[str, Any]

    @property
    def state(self) -> str:
        """The state, "" where AppStream named none."""
        return str(self.fields.get("State") or "")

    @property
    def agent_version(self) -> str:
        """The agent's version, "" where absent."""
        return str(self.fields.get("AppstreamAgentVersion") or "")

    @property
    def has_latest_agent(self) -> bool | None:
        """Whether the agent is the latest one; None where AppStream does not say."""
        return {"TRUE": True, "FALSE": False}.get(str(self.fields.get("LatestAppstreamAgentVersion")))

    @property
    def awaits_address(self) -> bool:
        """Whether a VPC promises an address that is not there yet: AppStream shows it once the interface exists."""
        vpc = self.fields.get("VpcConfig") or {}
        interface = self.fields.get("NetworkAccessConfiguration") or {}
        has_address = interface.get("EniPrivateIpAddress") or interface.get("EniIpv6Addresses")
        return bool(vpc.get("SubnetIds")) and not has_address

    def error_text(self, *, since: float = 0.0) -> str:
        """Return what AppStream says went wrong since a moment or at an unknown time, newest first; "" for nothing."""
        change = self.fields.get("StateChangeReason") or {}
        times = [(each, _epoch(each.get("ErrorTimestamp"))) for each in self.errors()]
        errors = [_said(each) for each, at in times if at >= since or not at]
        return _sentence(_pair(change.get("Code"), change.get("Message")), *errors)

    def errors_since(self, moment: float) -> str:
        """Return the errors that AppStream recorded after ``moment`` (seconds since the epoch), newest first."""
        return _sentence(*(_said(each) for each in self.errors() if _epoch(each.get("ErrorTimestamp")) > moment))

    def errors(self) -> list[Mapping[str, Any]]:
        """Return ImageBuilderErrors, the newest first, those without a time last."""
        listed = self.fields.get("ImageBuilderErrors") or []
        readable = [each for each in listed if isinstance(each, Mapping)]
        return sorted(readable, key=lambda e: _epoch(e.get("ErrorTimestamp")), reverse=True)

    @property
    def newest_error_at(self) -> float:
        """When AppStream recorded its newest error, in seconds since the epoch; 0 for none with a date."""
        return max((_epoch(error.get("ErrorTimestamp")) for error in self.errors()), default=0.0)

    def attributes(self) -> dict[str, str]:
        """Return every promised attribute as a string, "" where AppStream gives nothing."""
        return {name: _flat(_dig(self.fields, path)) for name, path in contract.ATTRIBUTES.items()}


def _sentence(*parts: str) -> str:
    return "; ".join(part for part in parts if part)


def _said(error: Mapping[str, Any]) -> str:
    return _pair(error.get("ErrorCode"), error.get("ErrorMessage"))


def _pair(code: object, message: object) -> str:
    return ": ".join(str(part) for part in (code, message) if part)


def _epoch(value: object) -> float:
    return value.timestamp() if isinstance(value, datetime) else 0.0


def _dig(fields: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    value: Any = fields
    for key in path:
        value = (value or {}).get(key)
    return value


def _flat(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.astimezone(timezone.utc).isoformat(timespec="seconds").replace("+00:00", "Z")
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ",".join(value)
    if isinstance(value, (list, dict)):
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False, default=_flat)
    return str(value)


def builder_arn(function_arn: str, name: str) -> str:
    """Return a builder's ARN: it is in the function's partition, Region and account."""
    _, partition, _, region, account, *_ = [*function_arn.split(":"), "", "", "", "", ""]
    return f"arn:{partition}:appstream:{region}:{account}:image-builder/{name}"
