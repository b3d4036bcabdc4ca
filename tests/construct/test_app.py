"""app.py as the CDK CLI runs it: what it makes of a context, and what it says of a wrong one."""

import ast
import json
import os
import re
import runpy
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App

from support.paths import PROJECT_DIR
from synth import app, snapshots
from synth.stacks import TYPE, Json, of_type, only, template_with

STACK = "RunningImageBuilder.template.json"
OPTIONS = (
    "-c imageBuilderName=NAME [-c appstreamAgentVersion=VERSION] [-c restartToUpdateAgent=true] [-c timeoutMinutes=30] "
    '[-c pollIntervalSeconds=2] [-c onDelete=STOP] [-c stopAfterMinutes=480] [-c triggers=\'{"name": "value"}\'] '
    "[-c startOnEveryDeploy=true]"
)

NAME_REMEDY = "specify 1 to 101 letters, digits, '_', '.' or '-', beginning with a letter or digit"
TIMEOUT_REMEDY = "specify a number of minutes from 1 to 59"
VERSION_REMEDY = "specify 1 to 100 characters, 'LATEST', or omit it"
DELETE_REMEDY = "specify LEAVE_RUNNING or STOP"

REFUSED: dict[str, tuple[Json, str]] = {
    "no name": ({"imageBuilderName": None}, "imageBuilderName is missing: specify the name of an image builder"),
    "malformed name": ({"imageBuilderName": "my builder"}, f"image_builder_name is 'my builder': {NAME_REMEDY}"),
}
"""What is refused in a real run, by app.py and by the construct: the context beside a good name, and the message."""

REFUSED_TOO: list[tuple[Json, str]] = [
    *[
        ({"timeoutMinutes": value}, f"timeoutMinutes is {value!r}: {TIMEOUT_REMEDY}")
        for value in ("nan", "abc", "", 0, "0", "60", "59.5", "-1", "inf", "1e400", True)
    ],
    *[
        ({"pollIntervalSeconds": value}, f"pollIntervalSeconds is {value!r}: specify a number of seconds from 1 to 60")
        for value in ("often", "0", "61")
    ],
    *[
        ({"stopAfterMinutes": value}, f"stopAfterMinutes is {value!r}: specify a number of minutes from 15 to 43200")
        for value in ("later", 14, "43201")
    ],
    *[
        ({key: value}, f"{key} is {value!r}: specify true or false")
        for key in ("restartToUpdateAgent", "startOnEveryDeploy")
        for value in ("yes", 1, "", ["true"])
    ],
    *[
        ({"triggers": value}, f"triggers is {value!r}: specify a JSON object with strings as values")
        for value in ("{", '["a"]', '{"a": 1}', {"a": 1}, "a=b", ["a"], 7)
    ],
    ({"imageBuilderName": ""}, "imageBuilderName is missing: specify the name of an image builder"),
    *[
        ({"imageBuilderName": value}, f"image_builder_name is {value!r}: {NAME_REMEDY}")
        for value in ("a\nb", True, ["nb-1"])
    ],
    *[({"onDelete": value}, f"onDelete is {value!r}: {DELETE_REMEDY}") for value in ("stop", "", ["STOP"], True)],
    (
        {"appstreamAgentVersion": "1" * 101},
        f"appstream_agent_version is 101 characters long: {VERSION_REMEDY}",
    ),
    *[
        ({"appstreamAgentVersion": value}, f"appstream_agent_version is {value!r}: {VERSION_REMEDY}")
        for value in ("", 7)
    ],
    *[
        (
            {"deployNonce": value, "startOnEveryDeploy": True},
            f"deployNonce is {value!r}: specify a string or a number, such as a build number",
        )
        for value in (True, {"build": 7}, ["7"])
    ],
]
"""What is refused besides, asked of app.py's function in this process, as a run takes seconds."""

ACCEPTED: dict[str, Json] = {
    "name only": {},
    "everything": {
        "appstreamAgentVersion": "LATEST",
        "restartToUpdateAgent": "true",
        "timeoutMinutes": "2.05",
        "pollIntervalSeconds": "5",
        "onDelete": "STOP",
        "triggers": '{"refresh": "2026-11"}',
    },
    "numbers": {"imageBuilderName": 42, "timeoutMinutes": 59},
}


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, Any]]:
    """Return the output folder and the ended process of each real run; they run side by side."""
    contexts = {**{key: context for key, (context, _) in REFUSED.items()}, **ACCEPTED}
    folders = {key: tmp_path_factory.mktemp("app") / "cdk.out" for key in contexts}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        given = ({"imageBuilderName": "nb-1", **context} for context in contexts.values())
        processes = pool.map(app.run, given, folders.values())
        return {key: (folders[key], process) for key, process in zip(contexts, processes, strict=True)}


@pytest.mark.parametrize("case", REFUSED)
def test_a_wrong_setting_fails_in_one_line(ran: dict[str, tuple[Path, Any]], case: str) -> None:
    """The line names the value, the remedy and the options to give; there is no traceback and no assembly."""
    folder, process = ran[case]
    assert f"app.py: {REFUSED[case][1]}; options: {OPTIONS}\n" == process.stderr
    assert 1 == process.returncode
    assert not (folder / STACK).exists()


@pytest.mark.parametrize(("context", "message"), REFUSED_TOO, ids=lambda value: str(value)[:40])
def test_other_wrong_settings_are_refused_too(context: Json, message: str) -> None:
    """Each raises the one error that app.py turns into a line."""
    program = runpy.run_path(str(PROJECT_DIR / "app.py"), run_name="app")
    with pytest.raises((TypeError, ValueError), match=f"^{re.escape(message)}$"):
        program["stack"](App(context={"imageBuilderName": "nb-1", **context}))


def test_every_setting_of_the_app_is_refused_where_it_is_wrong() -> None:
    """Those in its source, and the one that the construct reads itself."""
    tree = ast.parse((PROJECT_DIR / "app.py").read_text(encoding="utf-8"))
    found = {
        node.args[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "setting" and isinstance(node.args[0], ast.Constant)
    }
    assert found | {"deployNonce"} == {key for context, _ in REFUSED_TOO for key in context}


@pytest.mark.parametrize("case", ACCEPTED)
def test_a_good_context_is_synthesized_silently(ran: dict[str, tuple[Path, Any]], case: str) -> None:
    """Nothing is printed and nothing is warned about."""
    folder, process = ran[case]
    assert ("", "", 0) == (process.stdout, process.stderr, process.returncode)
    assert (folder / STACK).is_file()


def made(ran: dict[str, tuple[Path, Any]], case: str) -> Json:
    """Return the template that app.py made."""
    return dict(json.loads((ran[case][0] / STACK).read_text(encoding="utf-8")))


def test_the_outputs_have_the_promised_ids(ran: dict[str, tuple[Path, Any]]) -> None:
    """Scripts read the outputs by their ids, and each output is the builder's attribute or the log group."""
    found = made(ran, "name only")
    (builder,), (log_group,) = of_type(found, TYPE), of_type(found, "AWS::Logs::LogGroup")
    assert {
        "Arn": {"Fn::GetAtt": [builder, "Arn"]},
        "State": {"Fn::GetAtt": [builder, "State"]},
        "EniPrivateIpAddress": {"Fn::GetAtt": [builder, "EniPrivateIpAddress"]},
        "EniId": {"Fn::GetAtt": [builder, "EniId"]},
        "LogGroupName": {"Ref": log_group},
    } == {key: output["Value"] for key, output in found["Outputs"].items()}
    assert [] == [key for key, output in found["Outputs"].items() if not output["Description"]]


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ("name only", {"Name": "nb-1", "TimeoutSeconds": 1800, "OnDelete": "LEAVE_RUNNING"}),
        (
            "everything",
            {
                "Name": "nb-1",
                "AppstreamAgentVersion": "LATEST",
                "RestartToUpdateAgent": True,
                "TimeoutSeconds": 123,
                "PollIntervalSeconds": 5,
                "OnDelete": "STOP",
                "Triggers": {"refresh": "2026-11"},
            },
        ),
        ("numbers", {"Name": "42", "TimeoutSeconds": 3540, "OnDelete": "LEAVE_RUNNING"}),
    ],
)
def test_settings_reach_the_resource(ran: dict[str, tuple[Path, Any]], case: str, expected: Json) -> None:
    """Each setting of the context is the construct's option of that name."""
    properties = only(made(ran, case), TYPE)["Properties"]
    assert expected == {key: value for key, value in properties.items() if not key.startswith("Service")}


def test_the_feature_flags_of_the_project_change_nothing(ran: dict[str, tuple[Path, Any]]) -> None:
    """An app without cdk.json's flags gets the same resources as this one, whose resources the tests know."""
    flagged, plain = (snapshots.masked(found) for found in (made(ran, "name only"), template_with()))
    assert [resource for resource in plain["Resources"].values() if resource["Type"].startswith("AWS::Lambda")] != []
    assert _without_ids(plain) == _without_ids(flagged)


def _without_ids(found: Json) -> Json:
    """Return the resources as if the builder had the same construct id in both."""
    return dict(json.loads(json.dumps(found["Resources"]).replace(next(iter(of_type(found, TYPE))), "Builder")))


@pytest.mark.parametrize(
    ("environment", "says"),
    [
        ({"CDK_CLI_VERSION": "2"}, True),
        ({"CDK_CLI_VERSION": "2", "CDK_DEFAULT_ACCOUNT": ""}, True),
        ({"CDK_CLI_VERSION": "2", "CDK_DEFAULT_ACCOUNT": "123456789012"}, False),
        ({}, False),
    ],
)
def test_without_credentials_the_remedy_comes_first(environment: dict[str, str], says: bool) -> None:
    """The CLI itself says only that it cannot resolve an account; who synthesizes without it is not bothered."""
    hint = runpy.run_path(str(PROJECT_DIR / "app.py"), run_name="app")["no_account"](environment)

    assert says == ("run `aws configure` or `aws sso login`, or specify --profile NAME" in hint)
