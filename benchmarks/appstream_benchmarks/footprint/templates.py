"""Counts what an approach adds to a template, and what its policies allow on everything."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from appstream_benchmarks.baselines.names import SIZES, STACK_APPROACHES, STOP_AFTER, THIS, stack_name

WITH_STOP_AFTER = f"{THIS}, {STOP_AFTER}"
"""The key of this project's stacks whose builders have that option."""

_METADATA = "AWS::CDK::Metadata"
_POLICIES = ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::Role")


def template_figures(assembly: Path, approaches: tuple[str, ...] = STACK_APPROACHES) -> dict[str, dict[str, float]]:
    """Return the figures of each approach that was synthesized."""
    figures = {approach: _figures(approach, "", assembly) for approach in approaches}
    return {**figures, WITH_STOP_AFTER: _figures(THIS, f"{STOP_AFTER}-", assembly)}


def _figures(approach: str, prefix: str, assembly: Path) -> dict[str, float]:
    sizes = {size: _resources(assembly / f"{stack_name(approach, f'{prefix}{size}')}.template.json") for size in SIZES}
    counts = {size: len(found) for size, found in sizes.items()}
    lengths = {size: len(json.dumps(found, separators=(",", ":"))) for size, found in sizes.items()}
    first, last = SIZES[0], SIZES[-1]
    statements = [each for resource in sizes[first].values() for each in _statements(resource)]
    return {
        "resources": counts[first],
        "resources_per_further": round((counts[last] - counts[first]) / (last - first), 2),
        "resources_second": counts[2] - counts[first],
        "bytes": lengths[first],
        "bytes_per_further": round((lengths[last] - lengths[first]) / (last - first)),
        # All but the exact ARNs: "*" itself, and ARNs that end in one.
        "wildcard_resources": sum("*" in json.dumps(each) for one in statements for each in _listed(one["Resource"])),
        "wildcard_permissions": sum(
            len(_listed(statement["Action"])) for statement in statements if "*" in _listed(statement["Resource"])
        ),
        "managed_policies": sum(
            len(resource.get("Properties", {}).get("ManagedPolicyArns", ())) for resource in sizes[first].values()
        ),
    }


def _resources(template: Path) -> dict[str, Any]:
    resources: dict[str, Any] = json.loads(template.read_text())["Resources"]
    return {
        # The CDK CLI adds metadata to any stack.
        logical_id: {key: value for key, value in each.items() if key != "Metadata"}
        for logical_id, each in resources.items()
        if each["Type"] != _METADATA
    }


def _statements(resource: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if resource["Type"] not in _POLICIES:
        return
    properties = resource.get("Properties", {})
    inline = [each["PolicyDocument"] for each in properties.get("Policies", ())]
    for document in (properties.get("PolicyDocument", {}), *inline):
        yield from (each for each in document.get("Statement", ()) if "Resource" in each)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
