"""Formats numbers, ratios and tables as Markdown."""

from collections.abc import Sequence


def table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table whose columns, but for the first, are aligned to the right."""
    marks = ["---", *("--:" for _ in headers[1:])]
    return "\n".join(f"| {' | '.join(row)} |" for row in [headers, marks, *rows])


def number(value: float) -> str:
    """Return a number with about three digits, whole where it is."""
    if value == int(value):
        return f"{int(value):,}"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}" if abs(value) >= 0.01 else f"{value:.1g}"


def compared(value: float | None, own: float | None, unit: str = "") -> str:
    """Return a figure with its ratio to this project's; a dash where there is none.

    Args:
        value: The figure.
        own: This project's; there is no ratio where it is missing or can't divide.
        unit: The figure's unit.
    """
    if value is None:
        return "-"
    text = f"{number(value)}{unit and ' ' + unit}"
    if own is None or own <= 0 or value < 0:
        return text
    return f"{text} ({_ratio(value / own)}×)"  # noqa: RUF001 - it is a multiplication sign


def _ratio(value: float) -> str:
    """Return a ratio with two digits, without an exponent."""
    rounded = float(f"{value:.2g}")
    if rounded >= 10:
        return f"{rounded:,.0f}"
    return f"{rounded:.2f}".rstrip("0").rstrip(".") if rounded >= 0.01 else f"{rounded:f}".rstrip("0").rstrip(".")
