"""Reads and writes the measured data, one row a line."""

import json
from pathlib import Path
from typing import Any

Data = dict[str, Any]


def load(folder: Path) -> Data:
    """Return the data of each part that was measured, by the part's name."""
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))}


def save(folder: Path, part: str, data: Data) -> None:
    """Write the data of one part."""
    folder.mkdir(parents=True, exist_ok=True)
    parts = (f' "{key}": {_lines(value)}' for key, value in sorted(data.items()))
    (folder / f"{part}.json").write_text("{\n" + ",\n".join(parts) + "\n}\n", encoding="utf-8")


def _lines(value: Any) -> str:
    if isinstance(value, list):
        return "[\n" + ",\n".join(f"  {json.dumps(row, sort_keys=True)}" for row in value) + "\n ]"
    rows = (f'  "{key}": {json.dumps(row, sort_keys=True)}' for key, row in sorted(value.items()))
    return "{\n" + ",\n".join(rows) + "\n }"
