"""How the benchmarks turn measurements into figures, targets and text."""

from pathlib import Path
from typing import Any

import pytest

from appstream_benchmarks.baselines.names import CRHELPER, FRAMEWORK, THIS
from appstream_benchmarks.reporting import data
from appstream_benchmarks.reporting.figures import Figure, orphaned_text
from appstream_benchmarks.reporting.markdown import compared, number, table
from appstream_benchmarks.reporting.picture import Chart, draw
from appstream_benchmarks.reporting.targets import targets
from appstream_benchmarks.usage import Usage


def any_deploys() -> dict[str, Any]:
    """Return measurements that just meet every target of the deploys."""

    def start(approach: str, lag: float) -> dict[str, Any]:
        return {"approach": approach, "start_seconds": 7.0, "lag_median": lag, "calls_per_minute": 30}

    many = {"approach": THIS, "builders": 50, "per_second": 5.0, "failed_builders": 0, "lag_worst": 20.0}
    return {
        "starts": [start(THIS, 1.0), start(FRAMEWORK, 2.0), start(CRHELPER, 20.0)],
        "no_ops": [
            {"approach": THIS, "cold": True, "seconds": 0.5},
            {"approach": CRHELPER, "cold": True, "seconds": 15.0},
        ],
        "many": [many],
    }


def any_footprint() -> dict[str, Any]:
    """Return measurements that just meet every target of the footprint."""
    return {
        "templates": {THIS: {"resources": 6, "resources_second": 1, "resources_per_further": 1}},
        "cold_start": {"none": {"ratio": 0.5}, "128 MiB": {"ratio": 0.7}},
        "synth": {"apps": {"one RunningImageBuilder": {"ratio_cpu": 1.1}}},
        "memory": {"left": 0.4},
    }


def any_virtual_time() -> dict[str, Any]:
    """Return measurements that just meet every target of the runs in virtual time."""
    row = {"builders": 50, "per_second": 5.0, "failed_builders": 0, "lag_worst": 20.0, "calls_per_minute": 30.0}
    return {"durations": [row], "builders": [row]}


def missed(**parts: Any) -> list[str]:
    """Return the targets that are missed."""
    return [each.text for each in targets(parts) if not each.met]


def test_targets_that_are_just_reached_are_met() -> None:
    """A half, a 20th, 30 times: each is enough. A part that was not measured has no targets."""
    parts = {"deploys": any_deploys(), "footprint": any_footprint(), "virtual_time": any_virtual_time()}

    assert [] == missed(**parts)
    assert [6, 5, 3] == [len(targets({name: part})) for name, part in parts.items()]


@pytest.mark.parametrize(("other", "word"), [(FRAMEWORK, "half"), (CRHELPER, "20th")])
def test_a_lag_too_near_to_anothers_is_a_miss(other: str, word: str) -> None:
    """The median of all starts counts, whatever they take."""
    deploys = any_deploys()
    for each in deploys["starts"]:
        each["lag_median"] *= 0.99 if each["approach"] == other else 1

    [text] = missed(deploys=deploys)
    assert word in text


def test_what_was_not_measured_is_a_miss() -> None:
    """A no-op that nobody made is not fast."""
    [text] = missed(deploys=any_deploys() | {"no_ops": []})
    assert "no-op" in text


@pytest.mark.parametrize(("key", "value", "word"), [("resources", 7, "first"), ("resources_per_further", 2, "further")])
def test_more_resources_are_a_miss(key: str, value: int, word: str) -> None:
    """For the first builder, and for each further one."""
    footprint = any_footprint()
    footprint["templates"][THIS][key] = value

    [text] = missed(footprint=footprint)
    assert word in text


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"cold_start": {"none": {"ratio": 0.71}, "128 MiB": {"ratio": 0.5}}}, "cold start"),
        ({"synth": {"apps": {"one RunningImageBuilder": {"ratio_cpu": 1.11}}}}, "synth"),
        ({"memory": {"left": 0.39}}, "memory"),
    ],
)
def test_a_larger_footprint_is_a_miss(change: dict[str, Any], word: str) -> None:
    """With and without a CPU limit: the worst counts."""
    [text] = missed(footprint=any_footprint() | change)
    assert word in text


@pytest.mark.parametrize("part", ["deploys", "virtual_time"])
def test_a_failure_or_a_late_poll_when_throttled_is_a_miss(part: str) -> None:
    """Fifty polls take 10 s at this rate; twice that is allowed."""
    measured = any_deploys() if part == "deploys" else any_virtual_time()
    measured["many" if part == "deploys" else "builders"][0] |= {"failed_builders": 1, "lag_worst": 20.1}

    failure, late = missed(**{part: measured})
    assert failure.startswith("50 builders")
    assert late.startswith("... and a lag")


def test_more_calls_than_one_every_two_seconds_are_a_miss() -> None:
    """31 within any minute are too many."""
    deploys, virtual_time = any_deploys(), any_virtual_time()
    deploys["starts"][0]["calls_per_minute"] = virtual_time["durations"][0]["calls_per_minute"] = 31

    texts = missed(deploys=deploys, virtual_time=virtual_time)
    assert [True, True] == ["calls a minute" in text for text in texts]


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


def test_only_a_lower_number_is_better() -> None:
    """Words are neither better nor worse, and are shown as they are."""
    values: dict[str, float | str] = {THIS: 2.0, CRHELPER: 1.0, FRAMEWORK: "fails"}
    figure = Figure("any", lambda approach: values.get(approach), "s")

    assert [True, False, False] == [figure.is_better(each) for each in (CRHELPER, FRAMEWORK, THIS)]
    assert ["fails", "-"] == [figure.cell(FRAMEWORK), figure.cell("not measured")]


def test_orphaned_resources_are_counted_in_words() -> None:
    """Of one thing in the singular."""
    assert "1 log group, 2 rules" == orphaned_text({"log groups": 1, "rules": 2, "functions": 0})
    assert "nothing" == orphaned_text({"rules": 0})


def test_data_is_saved_one_row_a_line(tmp_path: Path) -> None:
    """So that a change shows which row it is."""
    measured = {"machine": {"date": "any"}, "starts": [{"approach": THIS}, {"approach": CRHELPER}]}
    data.save(tmp_path, "deploys", measured)

    assert {"deploys": measured} == data.load(tmp_path)
    assert 9 == len((tmp_path / "deploys.json").read_text().splitlines())


def test_a_chart_draws_its_lines_from_zero() -> None:
    """A point at the axes' ends lies in the right upper corner."""
    svg = draw("any", [[Chart("calls", "builders", {"": [(5, 10), (10, 20)]})]])

    assert 'd="M170.0 91.0L284.0 34.0"' in svg
    assert ">20</text>" in svg


def test_a_price_adds_up_what_was_used() -> None:
    """One GB-second on arm64 is cheaper than one on x86_64; a million requests, a thousand transitions."""
    usage = Usage(invocations=1_000_000, gb_seconds={"arm64": 1.0, "x86_64": 2.0}, transitions=1000)

    assert 0.0000133334 + 2 * 0.0000166667 + 0.20 + 0.025 == pytest.approx(usage.usd)
    assert [3.0, pytest.approx(usage.usd)] == [usage.as_json()[key] for key in ("gb_seconds", "usd")]
