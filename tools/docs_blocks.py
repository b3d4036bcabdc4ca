"""Writes the generated parts of docs/*.md, between `<!-- generated: NAME -->` and `<!-- end -->`; --check compares."""

import re
import sys
from collections.abc import Callable

import docs_cost
import docs_tables as tables

BLOCKS: dict[str, Callable[[], str]] = {
    "arguments of RunningImageBuilder": lambda: tables.arguments(tables.BUILDER),
    "members of RunningImageBuilder": lambda: tables.members(tables.BUILDER),
    "arguments of RunningImageBuilderProvider": lambda: tables.arguments(tables.PROVIDER),
    "members of RunningImageBuilderProvider": lambda: tables.members(tables.PROVIDER, *tables.PROVIDER_BASES),
    "attributes": tables.attributes,
    "states": tables.states,
    "limits": tables.limits,
    "cost": docs_cost.table,
    "parameters": tables.parameters,
}
"""What each block holds, by the name in its comment."""

_BLOCK = re.compile(r"(<!-- generated: (?P<name>[^>]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def renewed(text: str) -> str:
    """Return a page with its generated parts as the code has them now."""
    return _BLOCK.sub(lambda found: f"{found[1]}\n{BLOCKS[found['name']]()}\n\n{found[3]}", text)


def main() -> None:
    """Renew every page, or with --check fail and name those that would change."""
    stale, used = [], set()
    for path in sorted((tables.ROOT / "docs").glob("*.md")):
        text = path.read_text(encoding="utf-8")
        used |= {found["name"] for found in _BLOCK.finditer(text)}
        if (now := renewed(text)) != text:
            stale.append(path.name)
            if "--check" not in sys.argv:
                path.write_text(now, encoding="utf-8", newline="\n")
    if unused := BLOCKS.keys() - used:
        sys.exit(f"no page has the generated part {sorted(unused)}: add its comments to one")
    if stale and "--check" in sys.argv:
        sys.exit(f"generated parts are stale in {', '.join(stale)}: run `make docs`")


if __name__ == "__main__":
    main()
