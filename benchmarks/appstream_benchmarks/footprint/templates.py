"""What a contender adds to a template, and what its policies allow on everything; reads the assembly only."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from appstream_benchmarks.baselines.names import SIZES, STACK_KINDS, STOP_AFTER, THIS, TITLES, stack_name

WITH_STOP_AFTER = f"{THIS}, {STOP_AFTER}"
"""The key of the figures of this project's stacks whose builders have that option."""

_METADATA = "AWS::CDK::Metadata"
_POLICIES = ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::Role")


def template_figures(assembly: Path, kinds: tuple[str, ...] = STACK_KINDS) -> dict[str, dict[str, float]]:
    """Return the figures of each contender that was synthesized; with all of them those that have no template, too."""
    figures = {kind: _figures(kind, "", assembly) for kind in kinds}
    figures[WITH_STOP_AFTER] = _figures(THIS, f"{STOP_AFTER}-", assembly)
    if kinds == STACK_KINDS:
        nothing = dict.fromkeys(figures[THIS], 0.0)
        figures |= {kind: nothing for kind in TITLES if kind not in STACK_KINDS}
    return figures


def _figures(kind: str, prefix: str, assembly: Path) -> dict[str, float]:
    sizes = {size: _resources(assembly / f"{stack_name(kind, f'{prefix}{size}')}.template.json") for size in SIZES}
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
        "wildcard_resources": sum(_has_star(each) for one in statements for each in _listed(one["Resource"])),
        "wildcard_permissions": sum(
            len(_listed(statement["Action"])) for statement in statements if "*" in _listed(statement["Resource"])
        ),
        "wildcard_actions": sum(_has_star(each) for one in statements for each in _listed(one["Action"])),
        "managed_policies": sum(
            len(resource.get("Properties", {}).get("ManagedPolicyArns", ())) for resource in sizes[first].values()
        ),
    }


def _resources(template: Path) -> dict[str, Any]:
    resources: dict[str, Any] = json.loads(template.read_text())["Resources"]
    return {
        # What the CDK CLI adds to any stack, and its notes for people, are nobody's doing.
        logical_id: {key: value for key, value in each.items() if key != "Metadata"}
        for logical_id, each in resources.items()
        if each["Type"] != _METADATA
    }


def _statements(resource: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if resource["Type"] not in _POLICIES:
        return
    properties = resource.get("Properties", {})
    inline = [each["PolicyDocument"] for each in properties.get("Policies", ())]
    documents = [properties.get("PolicyDocument", {}), *inline]
    for document in documents:
        yield from (each for each in document.get("Statement", ()) if "Resource" in each)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _has_star(value: Any) -> bool:
    return "*" in json.dumps(value)
