"""The second integration case on the local engine: real CDK CLI, real protocol, shortened by the engine's settings."""

import importlib
import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from appstream_local.process.cdk import Cdk
from appstream_local.process.engine import Engine
from support.engines import bootstrapped_engine
from support.paths import PROJECT_DIR
from support.processes import run_to_end
from support.waiting import wait_until
from synth.app import environment
from synth.stacks import of_type, only

PROGRAM = Path(__file__).with_name("integ_changes.py")


@pytest.fixture
def case(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return the module that drives the case."""
    monkeypatch.syspath_prepend(str(PROJECT_DIR / "tools"))
    return importlib.import_module("integ_second_case")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return what is deployed."""
    out = tmp_path_factory.mktemp("integ") / "cdk.out"
    made = environment(IMAGE_NAME="an-image", CDK_OUTDIR=str(out))
    ran = run_to_end([sys.executable, PROGRAM], env=made)
    assert ("", 0) == (ran.stderr, ran.returncode)
    found: dict[str, Any] = json.loads((out / "RunningImageBuilderIntegChanges.template.json").read_text("utf-8"))
    return found


def test_the_function_may_run_for_four_minutes_and_the_builder_for_fifteen(template: dict[str, Any]) -> None:
    """So that one start needs several invocations, and the stop can be watched."""
    (builder,) = of_type(template, "Custom::AppStreamRunningImageBuilder").values()
    assert 240 == only(template, "AWS::Lambda::Function")["Properties"]["Timeout"]
    assert ("900", "STOP") == (str(builder["Properties"]["StopAfterSeconds"]), builder["Properties"]["OnDelete"])
    assert {"step": "1"} == builder["Properties"]["Triggers"]


def test_the_drivers_names_are_those_of_the_app(case: Any) -> None:
    """Both are programs of their own."""
    source = PROGRAM.read_text(encoding="utf-8")
    assert all(f'"{name}"' in source for name in (case.STACK, case.NAME, case.NO_BUILDER))


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """Return a bootstrapped engine where a start lasts longer than the function may run."""
    with bootstrapped_engine(create=1, start=14, stop=2, delete=1, eni_delay=1) as started:
        yield started


@pytest.mark.engine
def test_the_case_runs_to_its_table(engine: Engine, case: Any) -> None:
    """Everything that the engine can show holds; what only AWS can show is told as not seen."""
    program = f"{sys.executable} {PROGRAM}"
    engine.environment.update(IMAGE_NAME="an-image", FUNCTION_LIMIT="8")
    cdk = Cdk(engine=engine, project_dir=PROJECT_DIR, app=program)

    ahead = 0.0

    def pause(due: float) -> None:
        """Let the moment come that is waited for, for the scheduler and for the case; then go on in real time."""
        nonlocal ahead
        ahead = due - time.time() if due else 0.0
        if due:
            engine.admin.run_schedules(at=due)
        time.sleep(0.2)

    second = case.SecondCase(
        client=engine.client,
        deploy=lambda step: cdk.deploy(context={"step": step}).outputs.get(case.STACK, {}),
        pause=pause,
        now=lambda: time.time() + ahead,
        log_settles=20,
    )
    try:
        findings = second.run()
    finally:
        case.remove_schedule(engine.client)
    cdk.destroy(context={"step": "3"}).check()

    assert [] == [each for each in findings if each.holds is False]
    not_seen = [each.assumption for each in findings if each.holds is None]
    assert ["EventBridge Scheduler does not retry a target's 4xx"] == not_seen
    # The stack is gone as soon as its builder is DELETING.
    wait_until(lambda: not engine.client("appstream").describe_image_builders()["ImageBuilders"])
    assert os.environ.get("IMAGE_NAME") is None
