"""How the benchmarks turn measurements into figures, targets and text."""

from typing import Any

import pytest

from appstream_benchmarks import usage as prices
from appstream_benchmarks.reporting import goals
from appstream_benchmarks.reporting.markdown import compared, number, table
from appstream_benchmarks.reporting.summary import left


def any_data(**changes: Any) -> dict[str, Any]:
    """Return measurements that meet every target."""

    def start(kind: str, lag: float) -> dict[str, Any]:
        return {"contender": kind, "start_seconds": 7.0, "lag_median": lag, "lag_worst": lag, "calls_per_minute": 30}

    many = {"contender": "this-project", "builders": 50, "per_second": 5.0, "worked": True}
    data = {
        "starts": [start("this-project", 1.0), start("provider-framework", 2.0), start("plain-crhelper", 20.0)],
        "no_ops": [
            {"contender": "this-project", "cold": True, "seconds": 0.5},
            {"contender": "plain-crhelper", "cold": True, "seconds": 15.0},
        ],
        "many": [{**many, "failed_builders": 0, "lag_worst": 20.0}],
        "templates": {"this-project": {"resources": 6, "resources_second": 1, "resources_per_further": 1}},
    }
    return {**data, **changes}


def missed(data: dict[str, Any]) -> list[str]:
    """Return the targets that are missed."""
    return [each.text for each in goals.targets(data) if not each.met]


def test_targets_that_are_just_reached_are_met() -> None:
    """A half, a 20th, 30 times: each is enough."""
    assert [] == missed(any_data())
    assert 8 == len(goals.targets(any_data()))


@pytest.mark.parametrize("other", [("provider-framework", "half"), ("plain-crhelper", "20th")])
def test_a_lag_that_is_too_near_to_anothers_is_a_miss(other: tuple[str, str]) -> None:
    """The median of all starts counts, whatever they take."""
    data = any_data()
    for each in data["starts"]:
        each["lag_median"] *= 0.99 if each["contender"] == other[0] else 1

    [text] = missed(data)
    assert other[1] in text


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"no_ops": []}, "no-op"),
        ({"templates": {"this-project": {"resources": 7, "resources_second": 1, "resources_per_further": 1}}}, "first"),
        (
            {"templates": {"this-project": {"resources": 6, "resources_second": 1, "resources_per_further": 2}}},
            "further",
        ),
    ],
)
def test_another_miss(change: dict[str, Any], word: str) -> None:
    """What was not measured is missed as well."""
    [text] = missed(any_data(**change))
    assert word in text


def test_a_failure_or_a_late_look_under_throttling_is_a_miss() -> None:
    """Fifty looks take 10 s at this rate; twice that is allowed."""
    data = any_data()
    data["many"][0] |= {"worked": False, "failed_builders": 1, "lag_worst": 20.1}

    assert ["50 builders", "... and a lag"] == [
        text[: len(start)] for text, start in zip(missed(data), ("50 builders", "... and a lag"), strict=True)
    ]


def test_more_calls_than_one_every_two_seconds_are_a_miss() -> None:
    """31 within any minute are too many."""
    data = any_data()
    data["starts"][0]["calls_per_minute"] = 31

    [text] = missed(data)
    assert "calls a minute" in text


def test_numbers_have_about_three_digits() -> None:
    """And whole ones are whole."""
    assert ["0", "12", "1,234", "1.23", "12.3", "123", "0.001"] == [
        number(each) for each in (0, 12.0, 1234, 1.234, 12.34, 123.4, 0.00123)
    ]


def test_a_figure_is_shown_with_its_ratio_to_this_project() -> None:
    """With two digits; without one where nothing can be divided, and a dash where nothing was measured."""
    times = "\N{MULTIPLICATION SIGN}"
    assert f"55.3 s (50{times})" == compared(55.3, 1.1, "s")
    assert f"0.03 (0.0012{times})" == compared(0.03, 25)
    assert f"217 (2.5{times})" == compared(217, 87)
    assert f"0 (0{times})" == compared(0, 87)
    assert ["5", "-5", "-"] == [compared(5, 0), compared(-5, 5), compared(None, 5)]


def test_a_table_is_markdown() -> None:
    """Numbers stand at the right."""
    assert "| a | b |\n| --- | --: |\n| x | 1 |" == table(["a", "b"], [["x", "1"]])


def test_what_is_left_is_counted_in_words() -> None:
    """Of one thing in the singular."""
    assert "1 log group, 2 rules" == left({"left": {"log groups": 1, "rules": 2, "functions": 0}})
    assert "nothing" == left({"left": {"rules": 0}})


def test_a_price_adds_up_what_was_used() -> None:
    """One GB-second on ARM, a million requests, a thousand transitions."""
    assert 0.0000133334 + 0.20 + 0.025 == pytest.approx(
        prices.price(gb_seconds={"arm64": 1.0}, invocations=1_000_000, transitions=1000)
    )
