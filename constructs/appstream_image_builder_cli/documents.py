"""Formats plain data as the AWS CLI does with --output and --query."""

import io
import json
from typing import Any

import jmespath
import yaml
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text


def render(document: Any, *, output: str, query: str | None = None, compact: bool = False) -> str:
    """Return the document, or the result of the query, without a line break at the end.

    Args:
        document: Dicts, lists, strings, numbers, flags and None.
        output: ``json``, ``yaml``, ``text`` or ``table``.
        query: A JMESPath expression that compiles.
        compact: One document of several: JSON on one line, YAML after a separator.

    Raises:
        jmespath.exceptions.JMESPathError: A function of the query does not fit the data.
    """
    if query is not None:
        document = jmespath.search(query, document)
    if output == "json":
        return json.dumps(document, ensure_ascii=False, indent=None if compact else 4)
    if output == "yaml":
        mark = "---\n" if compact else ""
        text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, default_flow_style=False)
        return mark + text.removesuffix("\n").removesuffix("\n...")
    return "\n".join(_text(document)) if output == "text" else _table(document)


def _text(value: Any, label: str = "") -> list[str]:
    """Return lines as the AWS CLI's text output: values separated by tabs, structures on lines of their own."""
    head = [label.upper()] if label else []
    if isinstance(value, dict):
        flat = [_word(value[key]) for key in sorted(value) if not isinstance(value[key], (dict, list))]
        lines = ["\t".join([*head, *flat])] if flat or label else []
        for key in sorted(value):
            if isinstance(value[key], (dict, list)):
                lines += _text(value[key], key)
        return lines
    if isinstance(value, list):
        if all(not isinstance(each, (dict, list)) for each in value):
            # As in the AWS CLI: with a label each value has a line, without one they share a line.
            return [f"{label.upper()}\t{_word(each)}" for each in value] if label else ["\t".join(map(_word, value))]
        return [line for each in value for line in _text(each, label)]
    return ["\t".join([*head, _word(value)])]


def _word(value: Any) -> str:
    return str(value) if value is None or isinstance(value, (str, bool, int, float)) else json.dumps(value)


def _table(value: Any) -> str:
    stream = io.StringIO()
    # As wide as necessary: cutting a table would lose values.
    Console(file=stream, width=10_000, force_terminal=False, no_color=True).print(_grid(value), markup=False)
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines())


def _grid(value: Any) -> Any:
    if isinstance(value, dict):
        table = Table(box=box.ASCII, show_header=False)
        for key, each in value.items():
            table.add_row(str(key), _grid(each))
        return table
    if isinstance(value, list):
        table = Table(box=box.ASCII, show_header=False)
        for each in value:
            table.add_row(_grid(each))
        return table
    return Text(_word(value))
