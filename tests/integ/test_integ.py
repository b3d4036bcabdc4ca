"""The integration test for a real account, synthesized only; and that nothing runs it without being told twice."""

import importlib
import json
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from support.paths import PROJECT_DIR
from support.processes import run_to_end
from synth.app import environment
from synth.stacks import of_type, only

Json = dict[str, Any]

PROGRAM = Path(__file__).with_name("integ_running_image_builder.py")
TOOL = PROJECT_DIR / "tools" / "run_integ.py"


@pytest.fixture(scope="module")
def templates(tmp_path_factory: pytest.TempPathFactory) -> tuple[Json, Json]:
    """Return the template of what is deployed, and that of the assertions."""
    out = tmp_path_factory.mktemp("integ") / "cdk.out"
    made = environment(IMAGE_NAME="an-image", CDK_OUTDIR=str(out))
    ran = run_to_end([sys.executable, PROGRAM], env=made)
    assert ("", "", 0) == (ran.stdout, ran.stderr, ran.returncode)
    (case,) = json.loads((out / "integ.json").read_text(encoding="utf-8"))["testCases"].values()
    names = (case["stacks"][0], case["assertionStackName"])
    deployed, asserted = (json.loads((out / f"{name}.template.json").read_text(encoding="utf-8")) for name in names)
    return deployed, asserted


def test_it_makes_the_smallest_builder_from_the_image_given(templates: tuple[Json, Json]) -> None:
    """In a subnet of its own, or it would have no address."""
    properties = only(templates[0], "AWS::AppStream::ImageBuilder")["Properties"]
    assert ("stream.standard.small", "an-image") == (properties["InstanceType"], properties["ImageName"])
    assert 1 == len(properties["VpcConfig"]["SubnetIds"])


def test_the_builder_is_stopped_before_the_construct_starts_it_and_when_it_is_deleted(
    templates: tuple[Json, Json],
) -> None:
    """The second construct comes after the stop; both stop the builder, however far a deploy came."""
    builders = of_type(templates[0], "Custom::AppStreamRunningImageBuilder")
    (stop,) = of_type(templates[0], "Custom::AWS")
    assert ["STOP"] * 2 == [each["Properties"]["OnDelete"] for each in builders.values()]
    assert [False, True] == sorted(stop in each["DependsOn"] for each in builders.values())


def test_it_asserts_running_and_the_outputs(templates: tuple[Json, Json]) -> None:
    """By what AppStream and CloudFormation say themselves."""
    calls = {
        each["Properties"]["api"]: json.dumps(each["Properties"]["expected"])
        for each in templates[1]["Resources"].values()
        if each["Type"].startswith("Custom::DeployAssert@SdkCall")
    }
    assert {"describeImageBuilders", "describeStacks"} == calls.keys()
    assert "RUNNING" in calls["describeImageBuilders"]
    assert "EniPrivateIpAddress" in calls["describeImageBuilders"]
    assert "RUNNING" in calls["describeStacks"]
    assert "EniPrivateIpAddress" in calls["describeStacks"]


@pytest.mark.parametrize("arguments", [[], ["--region", "eu-central-1"], ["--account-confirmed", "123456789012"]])
def test_without_the_switch_nothing_runs(arguments: list[str]) -> None:
    """One line says what it would do and how to let it."""
    ran = run_to_end([sys.executable, TOOL, *arguments])
    assert (1, "") == (ran.returncode, ran.stdout)
    expected = "integ: this creates and bills an image builder: make integ ACCOUNT_CONFIRMED=<number> REGION=<region>\n"
    assert expected == ran.stderr


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return the tool as a module."""
    monkeypatch.syspath_prepend(str(TOOL.parent))
    return importlib.import_module("run_integ")


def test_another_account_than_the_confirmed_one_is_left_alone(tool: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The line names both numbers; nothing is started."""

    class Sts:
        def get_caller_identity(self) -> Json:
            return {"Account": "999999999999"}

    monkeypatch.setattr(tool.boto3, "client", lambda service, region_name: Sts())
    monkeypatch.setattr(tool.subprocess, "run", lambda *_, **__: pytest.fail("it was started"))
    given = ["run_integ", "--account-confirmed", "123456789012", "--region", "eu-central-1", "--image-name", "any"]
    monkeypatch.setattr(sys, "argv", given)

    with pytest.raises(SystemExit, match="credentials are of account 999999999999, confirmed is '123456789012'"):
        tool.main()


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        (['{"status":"success"}', '{"status":"success"}'], None),
        (['{"status":"success"}', '{"status":"fail"}'], 'integ: FAILED: {"status":"fail"}'),
        ([], "integ: FAILED: the deploy failed: see above"),
    ],
)
def test_the_verdict_is_that_of_the_assertions(tool: Any, results: list[str], expected: str | None) -> None:
    """One that failed fails the run, and so does a deploy that never came to them."""
    outputs = {"Assertions": {f"AssertionResults{number}": result for number, result in enumerate(results)}}
    assert expected == tool.verdict({"Other": {"State": "RUNNING"}, **outputs})


def test_everything_is_removed_also_after_a_failed_deploy(tool: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The builder is billed for as long as it runs."""
    ran: list[str] = []

    def run(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        ran.append(" ".join(command[:2]))
        return subprocess.CompletedProcess(command, 1 if "deploy" in command else 0)

    monkeypatch.setattr(tool.subprocess, "run", run)

    assert {} == tool.run({})
    assert ["cdk deploy", "cdk destroy"] == ran


def test_the_newest_usable_base_image_is_chosen(tool: Any) -> None:
    """By its date, among those that are available; without one it says what to give."""

    def image(name: str, day: int, state: str = "AVAILABLE") -> Json:
        return {"Name": name, "State": state, "CreatedTime": datetime(2026, 11, day, tzinfo=timezone.utc)}

    base = "AppStream-WinServer2022-"
    images = [image(f"{base}10", 10), image(f"{base}12", 12), image(f"{base}14", 14, "FAILED"), image("Other-16", 16)]
    assert f"{base}12" == tool.newest(images)
    with pytest.raises(SystemExit, match="IMAGE_NAME"):
        tool.newest(images[3:])
