"""The README's code runs, its commands exist, and they print what it shows."""

import re
import subprocess
import sys

import pytest
from aws_cdk import App, CfnOutput, Stack
from aws_cdk import aws_ssm as ssm

from cdk_appstream_image_builder import RunningImageBuilder
from running_image_builder_function import contract
from support.paths import PROJECT_DIR
from synth.stacks import only, template

README = (PROJECT_DIR / "README.md").read_text(encoding="utf-8")
BUILDER = "Custom::AppStreamRunningImageBuilder"
RUN_TIMEOUT = 300


def blocks(language: str) -> list[str]:
    """Return the README's blocks of code in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)


def masked(text: str) -> list[str]:
    """Return lines without what differs from run to run: numbers; the steps' own numbers stay."""
    return [re.sub(r"(?<=\S)([ .:])?\d[\d.]*", "#", line.rstrip()) for line in text.splitlines() if line.strip()]


def test_every_block_is_one_that_is_tested() -> None:
    """A block of another kind, or one more of these, wants a test as well."""
    assert ["console", "python", "sh"] == re.findall(r"^```(\w+)$", README, flags=re.MULTILINE)


def test_the_three_lines_do_what_they_say() -> None:
    """They synthesize: a builder, an output of its address, and a consumer that comes after it."""
    (code,) = blocks("python")
    stack = Stack(App(), "Stack")
    consumer = ssm.StringParameter(stack, "Consumer", string_value="any")
    given = {"stack": stack, "consumer": consumer, "CfnOutput": CfnOutput, "RunningImageBuilder": RunningImageBuilder}
    assert 3 == len(code.splitlines())

    exec(code, given)  # noqa: S102 - the README's own lines

    found = template(stack)
    (builder_id,) = [key for key, value in found["Resources"].items() if value["Type"] == BUILDER]
    assert {"Fn::GetAtt": [builder_id, "EniPrivateIpAddress"]} == found["Outputs"]["Address"]["Value"]
    assert builder_id in only(found, "AWS::SSM::Parameter")["DependsOn"]


def test_every_command_is_one_of_the_project() -> None:
    """Each `make` has its target, and each setting of a deploy is one that app.py knows."""
    targets = set(re.findall(r"^([a-z-]+):", (PROJECT_DIR / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = set(re.findall(r"\bmake ([a-z-]+)", README))
    assert {"deploy-local", "test"} <= named
    assert set() == named - targets
    (shell,) = blocks("sh")
    assert ["source .venv/bin/activate", "npx cdk deploy -c imageBuilderName=NAME"] == shell.splitlines()
    app = (PROJECT_DIR / "app.py").read_text(encoding="utf-8")
    assert [] == [key for key in re.findall(r"-c (\w+)=", README) if f'"{key}"' not in app]


def test_the_numbers_are_the_codes() -> None:
    """How long it waits, and which Python it needs."""
    assert f"up to {contract.MAX_TIMEOUT_SECONDS // 60} minutes" in README
    (needed,) = re.findall(
        r'^requires-python = ">=(.+)"$', (PROJECT_DIR / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert f"Python {needed} or newer" in README


@pytest.mark.engine
def test_deploy_local_prints_what_is_shown() -> None:
    """A real run has every line of the README, in its order; only numbers differ."""
    ran = subprocess.run(
        [sys.executable, "-m", "appstream_local.cli.deploy_local", "--start-seconds", "3"],
        cwd=PROJECT_DIR,
        capture_output=True,
        text=True,
        check=False,
        timeout=RUN_TIMEOUT,
    )
    assert ("", 0) == (ran.stderr, ran.returncode)
    shown = blocks("console")[0].split("$ make deploy-local\n")[1].split("$ make test")[0]
    printed = iter(masked(ran.stdout))
    # Each search goes on where the last one ended: so the order counts.
    assert [] == [line for line in masked(shown) if line not in printed]
