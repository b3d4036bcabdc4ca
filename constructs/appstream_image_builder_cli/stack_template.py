"""Finds a builder's custom resource in a stack's template."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from running_image_builder_function import contract

_UNITS = {"": 1, "second": 1, "seconds": 1, "minute": 60, "minutes": 60}


@dataclass(frozen=True, kw_only=True)
class Located:
    """A custom resource in a stack.

    Attributes:
        stack: The stack's id or name.
        logical_id: The resource's id in it.
        timeout: Seconds it may take; None if unknown.
        log_group: The function's log group; None if unknown.
    """

    stack: str
    logical_id: str
    timeout: float | None = None
    log_group: str | None = None


class _Loader(yaml.SafeLoader):
    """Reads the short forms of CloudFormation's functions."""


def _function(loader: yaml.SafeLoader, name: str, node: yaml.Node) -> dict[str, Any]:
    key = name if name in ("Ref", "Condition") else f"Fn::{name}"
    if isinstance(node, yaml.SequenceNode):
        return {key: loader.construct_sequence(node, deep=True)}
    if isinstance(node, yaml.MappingNode):
        return {key: loader.construct_mapping(node, deep=True)}
    text = str(node.value)
    return {key: text.split(".", 1) if name == "GetAtt" else text}


_Loader.add_multi_constructor("!", _function)


def parse(body: Any) -> Mapping[str, Any]:
    """Return a template from the answer of GetTemplate: JSON as boto3 has read it, or YAML; {} if it is neither."""
    try:
        found = yaml.load(body, _Loader) if isinstance(body, str) else body  # noqa: S506 - a subclass of SafeLoader
    except yaml.YAMLError:
        return {}
    return found if isinstance(found, Mapping) else {}


def locate(template: Mapping[str, Any], *, stack: str, name: str, values: Mapping[str, str]) -> Located | None:
    """Return the custom resource of a builder; None if the template has none.

    Args:
        template: The template.
        stack: The stack's id or name.
        name: The builder's name.
        values: The values of a Ref: physical ids and parameters by logical id.
    """
    resources: Mapping[str, Any] = template.get("Resources") or {}
    for logical_id, resource in resources.items():
        properties = resource.get("Properties") or {}
        if resource.get("Type") == contract.RESOURCE_TYPE and _text(properties.get(contract.NAME), values) == name:
            seconds = _text(properties.get(contract.TIMEOUT_SECONDS, contract.DEFAULT_TIMEOUT_SECONDS), values)
            return Located(
                stack=stack,
                logical_id=logical_id,
                timeout=_seconds(seconds),
                log_group=_text(_log_group(properties.get("ServiceToken"), resources), values) or None,
            )
    return None


def _log_group(token: Any, resources: Mapping[str, Any]) -> Any:
    """Return the log group of the function of a ServiceToken, if that is in the same template."""
    if not (isinstance(token, dict) and isinstance(token.get("Fn::GetAtt"), list)):
        return None
    function = resources.get(token["Fn::GetAtt"][0]) or {}
    return ((function.get("Properties") or {}).get("LoggingConfig") or {}).get("LogGroup")


def _text(value: Any, values: Mapping[str, str]) -> str:
    if isinstance(value, dict):
        if isinstance(text := value.get("Fn::Sub"), str):
            return re.sub(r"\$\{(\w+)\}", lambda found: values.get(found[1], ""), text)
        if isinstance(parts := value.get("Fn::Join"), list):
            return "".join(_text(part, values) for part in parts[1])
        return values.get(str(value.get("Ref")), "")
    return "" if value is None else str(value)


def _seconds(text: str) -> float | None:
    number, _, unit = text.partition(" ")
    try:
        return float(number) * _UNITS[unit]
    except (KeyError, ValueError):
        return None
