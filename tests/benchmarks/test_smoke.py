"""The benchmarks measure: one small case of this project, on a real engine, has every figure."""

from pathlib import Path
from typing import Any

import pytest

from appstream_benchmarks import machine
from appstream_benchmarks.baselines.assembly import synthesize
from appstream_benchmarks.baselines.names import THIS
from appstream_benchmarks.deploys import plan
from appstream_benchmarks.footprint.cold_start import measure_cold_start
from appstream_benchmarks.footprint.memory import measure_memory
from appstream_benchmarks.footprint.synth import EMPTY, measure_synth
from appstream_benchmarks.footprint.templates import WITH_STOP_AFTER, template_figures
from appstream_benchmarks.reporting import page
from cdk_appstream_image_builder.function_asset import deployment_package

pytestmark = pytest.mark.engine

USAGE = {"calls", "throttled", "invocations", "gb_seconds", "transitions", "usd"}


@pytest.fixture(scope="module")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return this project's stacks."""
    return synthesize(tmp_path_factory.mktemp("assembly") / "cdk.out", (THIS,))


@pytest.fixture(scope="module")
def deploys(assembly: Path) -> dict[str, Any]:
    """Return what a smoke run measures of the deploys."""
    return plan.run_smoke(assembly)


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the function's package."""
    package = tmp_path_factory.mktemp("package") / "function.zip"
    deployment_package.write_function_zip(package)
    return package


def test_a_start_is_measured(deploys: dict[str, Any]) -> None:
    """From the engine's RUNNING to the stack's event, with what was used on the way."""
    [start] = deploys["starts"]

    assert {
        "succeeded",
        "state",
        "lag_median",
        "lag_worst",
        "calls_per_minute",
        "failed_builders",
    } | USAGE <= start.keys()
    assert (True, "RUNNING", 0, 1) == tuple(
        start[key] for key in ("succeeded", "state", "failed_builders", "invocations")
    )
    # A poll, the start, and the polls until 2 s later; then at most the pause after a start and a slow machine.
    assert 3 <= start["calls"] <= 5
    assert 0 < start["lag_median"] < 10
    # 256 MiB for at least the 2 s of the start.
    assert start["gb_seconds"] > 0.5
    assert start["usd"] == pytest.approx(start["gb_seconds"] * 0.0000133334 + 0.20 / 1e6, rel=1e-3)


def test_a_no_op_is_measured(deploys: dict[str, Any]) -> None:
    """It starts nothing and polls once."""
    [no_op] = deploys["no_ops"]

    assert (True, 1, 1) == (no_op["succeeded"], no_op["calls"], no_op["invocations"])
    assert 0 < no_op["seconds"] < 10


def test_orphaned_resources_are_counted(deploys: dict[str, Any]) -> None:
    """This project leaves nothing behind."""
    [deleted] = deploys["deletes"]

    kinds = {"rules", "functions", "permissions", "log groups", "state machines", "executions"}
    assert kinds == deleted["orphaned"].keys()
    assert {0} == set(deleted["orphaned"].values())


def test_the_template_is_counted(assembly: Path) -> None:
    """Six resources for the first builder, one for the second; `stop_after` adds two, and one for each further one."""
    figures = template_figures(assembly, (THIS,))

    assert [(6, 1, 1), (8, 2, 1)] == [
        tuple(figures[key][each] for each in ("resources", "resources_second", "wildcard_permissions"))
        for key in (THIS, WITH_STOP_AFTER)
    ]
    assert 0 == figures[THIS]["managed_policies"]
    assert 0 < figures[THIS]["bytes_per_further"] < figures[THIS]["bytes"]


def test_the_footprint_is_measured(package: Path) -> None:
    """A wait of a minute in a process of its own ends with the function's response; nothing else is timed to assert."""
    memory = measure_memory(package, seconds=60)
    cold_start = measure_cold_start(package, runs=1, memories_mib=())
    synth = measure_synth(package, runs=1, names=(EMPTY,))

    assert "not RUNNING within 1 minute" in memory["reason"]
    assert (1, True) == (memory["invocations"], 0 < memory["left"] < 1)
    assert pytest.approx(60, abs=3) == memory["virtual_seconds"]
    assert cold_start["none"]["ratio"] > 0
    assert 1 == synth["apps"][EMPTY]["ratio_cpu"]


def test_the_page_can_be_written_of_it(deploys: dict[str, Any]) -> None:
    """Also of a run that has no figures of the others."""
    about = {"date": "2026-01-01", "machine": "any", "Python": "3"}
    text = page.render({"deploys": {"machine": about, **deploys}})

    assert "| **this project** |" in text
    assert "- deploys: on 2026-01-01 with any: Python 3." in text


def test_the_machine_is_described() -> None:
    """With the versions that the figures depend on."""
    assert {"date", "machine", "Python", "Node", "CDK CLI", "ministack", "crhelper"} <= machine.describe().keys()
