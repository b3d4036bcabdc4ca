"""Medians and worst cases out of the single measurements of `deploys`; knows no tables."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from typing import Any

Data = dict[str, Any]


def starts(data: Data, kind: str, seconds: float) -> list[Data]:
    """Return a contender's single starts of one duration."""
    return [each for each in data["starts"] if each["contender"] == kind and each["start_seconds"] == seconds]


def durations(data: Data) -> list[float]:
    """Return the durations of single starts that were measured."""
    return sorted({each["start_seconds"] for each in data["starts"]})


def many(data: Data, kind: str, builders: int, per_second: float | None) -> Data | None:
    """Return a contender's start of many builders, None where it was not measured."""
    for each in data["many"]:
        if (each["contender"], each["builders"], each["per_second"]) == (kind, builders, per_second):
            found: Data = each
            return found
    return None


def no_ops(data: Data, kind: str, *, cold: bool) -> list[Data]:
    """Return a contender's updates of a builder that was RUNNING."""
    return [each for each in data["no_ops"] if each["contender"] == kind and each["cold"] is cold]


def all_no_ops(data: Data, kind: str) -> list[Data]:
    """Return all of a contender's updates of a builder that was RUNNING."""
    return [each for each in data["no_ops"] if each["contender"] == kind]


def one(rows: Iterable[Data], kind: str) -> Data | None:
    """Return a contender's one row, None where there is none."""
    return next((each for each in rows if each["contender"] == kind), None)


def median(rows: Iterable[Data], key: str) -> float | None:
    """Return a figure's median over the rows that have it."""
    values = [each[key] for each in rows if each[key] is not None]
    return statistics.median(values) if values else None


def worst(rows: Iterable[Data], key: str) -> float | None:
    """Return a figure's largest value in either direction."""
    values = [each[key] for each in rows if each[key] is not None]
    return max(values, key=abs) if values else None


def left(deleted: Data) -> str:
    """Return what a delete left behind, in words."""
    counted = {what: count for what, count in deleted["left"].items() if count}
    told = [f"{count} {what.removesuffix('s') if count == 1 else what}" for what, count in counted.items()]
    return ", ".join(told) or "nothing"
