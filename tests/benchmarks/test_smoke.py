"""The benchmarks measure: one small case of this project, on a real engine, has every figure."""

from typing import Any

import pytest

from appstream_benchmarks import deploys, machine
from appstream_benchmarks.footprint.templates import WITH_STOP_AFTER
from appstream_benchmarks.reporting import page as report

pytestmark = pytest.mark.engine

USAGE = {"calls", "throttled", "invocations", "gb_seconds", "transitions", "usd"}


@pytest.fixture(scope="module")
def data() -> dict[str, Any]:
    """Return what a smoke run measures."""
    return deploys.measure(smoke=True)


def test_a_start_is_measured(data: dict[str, Any]) -> None:
    """From the engine's RUNNING to the stack's event, with what was used on the way."""
    [start] = data["starts"]

    assert {"worked", "state", "lag_median", "lag_worst", "calls_per_minute", "failed_builders"} | USAGE <= start.keys()
    assert (True, "RUNNING", 0, 1) == tuple(start[key] for key in ("worked", "state", "failed_builders", "invocations"))
    # A look, the start, and the looks until 2 s later; then at most the pause after a start and a slow machine.
    assert 3 <= start["calls"] <= 5
    assert 0 < start["lag_median"] < 10
    # 256 MiB for at least the 2 s of the start.
    assert start["gb_seconds"] > 0.5
    assert start["usd"] == pytest.approx(start["gb_seconds"] * 0.0000133334 + 0.20 / 1e6, rel=1e-3)


def test_a_no_op_is_measured(data: dict[str, Any]) -> None:
    """It starts nothing and looks once."""
    [no_op] = data["no_ops"]

    assert (True, 1, 1) == (no_op["worked"], no_op["calls"], no_op["invocations"])
    assert 0 < no_op["seconds"] < 10


def test_what_is_left_is_counted(data: dict[str, Any]) -> None:
    """This project leaves nothing behind."""
    [deleted] = data["deletes"]

    assert {"rules", "functions", "permissions", "log groups", "state machines", "executions"} == deleted["left"].keys()
    assert {0} == set(deleted["left"].values())


def test_the_template_is_counted(data: dict[str, Any]) -> None:
    """Six resources for the first builder, one for the second."""
    figures = data["templates"]["this-project"]

    assert (6, 1) == (figures["resources"], figures["resources_second"])
    assert (1, 0) == (figures["wildcard_permissions"], figures["managed_policies"])
    assert 0 < figures["bytes_per_further"] < figures["bytes"]


def test_what_stop_after_adds_is_counted(data: dict[str, Any]) -> None:
    """Two resources for the first builder that stops by itself, a role more for each further one."""
    figures = data["templates"][WITH_STOP_AFTER]

    assert (8, 2, 1) == (figures["resources"], figures["resources_second"], figures["wildcard_permissions"])


def test_the_page_can_be_written_of_it(data: dict[str, Any]) -> None:
    """Also of a run that has no figures of the others."""
    page = report.render({"deploys": data, "machine": {"date": "2026-01-01", "machine": "any", "Python": "3"}})

    assert "| this project |" in page
    assert "Measured on 2026-01-01 with any: Python 3." in page


def test_the_machine_is_described() -> None:
    """With the versions that the figures hang on."""
    assert {"date", "machine", "Python", "Node", "CDK CLI", "ministack", "crhelper"} <= machine.describe().keys()
