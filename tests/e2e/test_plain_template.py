"""The template without CDK, packaged, deployed, changed by its parameters and deleted with the AWS CLI."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from appstream_local.process.admin_client import AdminClient
from appstream_local.process.engine import Engine
from support.paths import PROJECT_DIR
from support.processes import run_to_end

AWS = PROJECT_DIR / ".venv" / "awscli" / "bin" / "aws"

BUCKET = "templates"
STACK = "plain"

Aws = Callable[..., str]
Update = Callable[..., dict[str, str]]


def write(folder: Path, *options: str) -> None:
    """Write the files with the command."""
    command = [sys.executable, "-m", "appstream_image_builder_cli", "template", "--output-dir", str(folder), *options]
    subprocess.run(command, check=True, capture_output=True)


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """Return an engine that is not bootstrapped: nothing here is CDK's."""
    with Engine() as started:
        started.admin.set_durations(create=0, start=1, stop=1)
        yield started


@pytest.fixture(scope="module")
def aws(engine: Engine) -> Aws:
    """Return what runs the AWS CLI: the pinned one, which honors AWS_ENDPOINT_URL."""
    assert AWS.is_file(), "the AWS CLI is not installed: run `make setup-dev` once"

    def run(*arguments: str | Path) -> str:
        done = run_to_end([AWS, *arguments], env=engine.environment)
        assert 0 == done.returncode, done.stdout + done.stderr
        return done.stdout

    run("s3", "mb", f"s3://{BUCKET}")
    return run


@pytest.fixture(scope="module")
def packaged(aws: Aws, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the packaged template."""
    folder = tmp_path_factory.mktemp("template")
    write(folder)
    template, target = folder / "running-image-builder.template.yaml", folder / "packaged.yaml"
    aws(
        *("cloudformation", "package", "--template-file", template),
        *("--s3-bucket", BUCKET, "--output-template-file", target),
    )
    return target


def outputs_of(aws: Aws, stack: str) -> dict[str, str]:
    """Return a stack's outputs."""
    (found,) = json.loads(aws("cloudformation", "describe-stacks", "--stack-name", stack, "--output", "json"))["Stacks"]
    return {each["OutputKey"]: each["OutputValue"] for each in found["Outputs"]}


def settle(engine: Engine, stack: str, *, end: str) -> None:
    """Wait until a stack is as it should be: the AWS CLI looks every 30 seconds only."""
    engine.client("cloudformation").get_waiter(f"stack_{end}_complete").wait(
        StackName=stack, WaiterConfig={"Delay": 1, "MaxAttempts": 300}
    )


@pytest.fixture(scope="module")
def update(engine: Engine, aws: Aws, packaged: Path) -> Update:
    """Return what updates the stack with other parameters, and returns the outputs."""
    names = [
        each["ParameterKey"]
        for each in engine.client("cloudformation").validate_template(TemplateBody=packaged.read_text())["Parameters"]
    ]

    def run(**parameters: str) -> dict[str, str]:
        kept = [f"ParameterKey={name},UsePreviousValue=true" for name in names if name not in parameters]
        changed = [f"ParameterKey={name},ParameterValue={value}" for name, value in parameters.items()]
        aws(
            *("cloudformation", "update-stack", "--stack-name", STACK, "--use-previous-template"),
            *("--capabilities", "CAPABILITY_IAM", "--parameters", *kept, *changed),
        )
        settle(engine, STACK, end="update")
        return outputs_of(aws, STACK)

    return run


def scheduled(engine: Engine) -> list[str]:
    """Return the builders that a schedule stops."""
    scheduler = engine.client("scheduler")
    schedules = [scheduler.get_schedule(Name=each["Name"]) for each in scheduler.list_schedules()["Schedules"]]
    return sorted(json.loads(each["Target"]["Input"])["Name"] for each in schedules)


def state(admin: AdminClient, name: str) -> str:
    """Return a builder's state."""
    return str(admin.image_builder(name).state)


@pytest.mark.engine
def test_a_stack_lives_through_its_parameters(engine: Engine, aws: Aws, packaged: Path, update: Update) -> None:
    """Create, rename, stop after, on delete, and delete, with the permissions enforced at each step."""
    admin = engine.admin
    for name in ("one", "two", "three"):
        admin.put_image_builder(name, VpcConfig={"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]})

    aws(
        *("cloudformation", "deploy", "--template-file", packaged, "--stack-name", STACK),
        *("--capabilities", "CAPABILITY_IAM", "--parameter-overrides", "ImageBuilderName=one"),
    )
    outputs = outputs_of(aws, STACK)
    assert {"Arn", "State", "EniPrivateIpAddress", "EniId", "ScheduledStopTime", "FunctionArn"} == outputs.keys()
    assert "RUNNING" == outputs["State"] == state(admin, "one")
    assert outputs["EniPrivateIpAddress"].startswith("10.")
    assert outputs["EniId"].startswith("eni-")
    assert "" == outputs["ScheduledStopTime"]

    outputs = update(OnDelete="STOP", StopAfterMinutes="60")
    assert outputs["ScheduledStopTime"]
    assert ["one"] == scheduled(engine)

    # A rename stops the old builder in its clean-up, with the permissions of before.
    update(ImageBuilderName="two")
    assert ("STOPPED", "RUNNING") == (state(admin, "one"), state(admin, "two"))
    assert ["two"] == scheduled(engine)

    update(OnDelete="LEAVE_RUNNING")
    assert ["two"] == scheduled(engine)

    # Left running after the rename, the old builder keeps its end.
    update(ImageBuilderName="three")
    assert ("RUNNING", "RUNNING") == (state(admin, "two"), state(admin, "three"))
    assert ["three", "two"] == scheduled(engine)

    assert "" == update(StopAfterMinutes="0")["ScheduledStopTime"]
    assert ["two"] == scheduled(engine)

    update(OnDelete="STOP")
    aws("cloudformation", "delete-stack", "--stack-name", STACK)
    settle(engine, STACK, end="delete")
    assert ("RUNNING", "STOPPED") == (state(admin, "two"), state(admin, "three"))


@pytest.mark.engine
def test_another_template_uses_the_provider(engine: Engine, aws: Aws, tmp_path: Path) -> None:
    """With the code from a bucket by parameters, and the exported token as the ServiceToken."""
    write(tmp_path, "--provider-only", "--code-parameters")
    aws("s3", "cp", tmp_path / "running-image-builder-function.zip", f"s3://{BUCKET}/code.zip")
    aws(
        *("cloudformation", "deploy", "--stack-name", "starter", "--capabilities", "CAPABILITY_IAM"),
        *("--template-file", tmp_path / "running-image-builder-provider.template.yaml"),
        *("--parameter-overrides", f"CodeS3Bucket={BUCKET}", "CodeS3Key=code.zip"),
    )
    appstream = engine.client("appstream")
    appstream.create_image_builder(
        Name="tagged", InstanceType="t", ImageName="i", Tags={"running-image-builder": "true"}
    )
    engine.admin.set_state("tagged", "STOPPED")
    template = tmp_path / "mine.yaml"
    template.write_text(
        "Resources:\n"
        "  Builder:\n"
        "    Type: Custom::AppStreamRunningImageBuilder\n"
        "    Properties:\n"
        "      ServiceToken: !ImportValue starter-ServiceToken\n"
        "      ServiceTimeout: 1860\n"
        "      Name: tagged\n"
        "Outputs:\n"
        "  State:\n"
        "    Value: !GetAtt Builder.State\n"
    )
    aws("cloudformation", "deploy", "--stack-name", "mine", "--template-file", template)
    assert {"State": "RUNNING"} == outputs_of(aws, "mine")
