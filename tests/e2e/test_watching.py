"""The real commands in processes of their own, beside a real deploy and the real CDK CLI."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from appstream_local.cli.live_view import LiveView
from appstream_local.process.admin_client import AdminClient
from appstream_local.process.engine import Engine
from support.deployer import Deployer
from support.processes import children, run_to_end

PROGRAM = (sys.executable, "-m", "appstream_image_builder_cli")


def begin(engine: Engine, *arguments: str) -> subprocess.Popen[str]:
    """Start a command with the environment that any AWS tool gets from the engine."""
    return subprocess.Popen(
        [*PROGRAM, *arguments],
        env=engine.environment,
        cwd=engine.state_dir,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(engine: Engine, *arguments: str) -> tuple[int, str, str]:
    """Run a command to its end: exit code, output, errors."""
    process = begin(engine, *arguments)
    out, errors = process.communicate(timeout=60)
    return process.returncode, out, errors


def test_a_deploy_is_watched_and_waited_for_from_other_processes(
    engine: Engine, deployer: Deployer, admin: AdminClient
) -> None:
    """One sees each change and the address, one waits for RUNNING; both end by themselves with 0."""
    admin.put_image_builder("life", VpcConfig={"SubnetIds": ["subnet-1"]})
    watch = begin(engine, "watch", "life", "--timeout", "120", "--interval", "0.5")
    wait = begin(engine, "status", "life", "--wait", "--timeout", "120", "--query", "State", "--output", "text")

    outputs = deployer.deploy("Created").check().outputs["life"]

    shown, errors = watch.communicate(timeout=30)
    assert ("RUNNING\n", "") == wait.communicate(timeout=30)
    assert (0, 0, "") == (wait.returncode, watch.returncode, errors)
    told = [line[18:] for line in shown.splitlines()]
    assert ["STOPPED", "PENDING", "RUNNING"] == [line for line in told if line.isupper()]
    assert "stack life: CREATE_IN_PROGRESS, may take 1:00" in told
    assert any(line.startswith("stack life: CREATE_COMPLETE after 0:") for line in told)
    assert f"address {outputs['EniPrivateIpAddress']}" in told
    assert "\x1b" not in shown

    # A line as Lambda writes it, in the group that the stack's template leads to. On the engine a function's own lines
    # come when its invocation ends.
    logs = engine.client("logs")
    (group,) = (each for each in deployer.resources("life") if each["ResourceType"] == "AWS::Logs::LogGroup")
    line = {"builder": "life", "message": "life: continues in a new invocation", "state": "PENDING"}
    logs.create_log_stream(logGroupName=group["PhysicalResourceId"], logStreamName="s")
    logs.put_log_events(
        logGroupName=group["PhysicalResourceId"],
        logStreamName="s",
        logEvents=[{"timestamp": int(time.time() * 1000), "message": json.dumps({**line, "invocation": 1})}],
    )
    # The deploy is over: its stack is found by the builder's name, which is the resource's physical id.
    code, out, errors = run(engine, "status", "life", "--output", "json")
    document = json.loads(out)
    assert (0, "") == (code, errors)
    assert (1, "CREATE_COMPLETE", []) == (
        len(document["Deploy"]["SelfInvocations"]),
        document["Deploy"]["ResourceStatus"],
        document["Notes"],
    )
    deployer.destroy("Created").check()


def test_a_failing_deploy_is_told_with_its_reason_and_ends_with_1(
    engine: Engine, deployer: Deployer, admin: AdminClient
) -> None:
    """The function's own reason, remedy included."""
    admin.put_image_builder("failing-start")
    admin.set_start_outcome("failing-start", "stopped", error_code="E", error_message="Broken.")
    watch = begin(engine, "watch", "failing-start", "--timeout", "120", "--interval", "0.5")

    deployer.deploy("FailingStart")

    shown, _ = watch.communicate(timeout=30)
    assert 1 == watch.returncode
    assert "the start failed. Fix the problem that AWS reports, then deploy again. AWS: E: Broken." in shown
    deployer.destroy("FailingStart").check()


def test_an_unknown_builder_and_a_wrong_region_are_254(engine: Engine, admin: AdminClient) -> None:
    """The Region is named: it is wrong as often as the name."""
    admin.put_image_builder("here")

    assert (254, "") == run(engine, "status", "nowhere")[:2]
    code, _, errors = run(engine, "watch", "here", "--region", "eu-west-1")
    assert (254, 1) == (code, errors.count("\n"))
    assert "image builder here: not found in eu-west-1. Check the name, or specify its Region" in errors


def test_the_certificate_is_chosen_as_with_the_aws_cli(engine: Engine, admin: AdminClient) -> None:
    """By the environment, by --ca-bundle, or not at all; without either the engine is not trusted."""
    admin.put_image_builder("here")
    bare = {name: value for name, value in engine.environment.items() if name != "AWS_CA_BUNDLE"}
    done = [
        run_to_end([*PROGRAM, *options, "status", "here"], env=bare)
        for options in ((), ("--no-verify-ssl",), ("--ca-bundle", str(engine.ca_bundle)))
    ]

    assert [255, 0, 0] == [each.returncode for each in done]
    assert done[0].stderr.startswith(
        "error: specify the certificates to trust with --ca-bundle FILE: SSL validation failed"
    )


def test_ctrl_c_is_quiet(engine: Engine, admin: AdminClient) -> None:
    """No traceback; the shell's code for it."""
    admin.put_image_builder("here")
    watch = begin(engine, "watch", "here")
    assert watch.stdout is not None
    watch.stdout.readline()

    os.kill(watch.pid, signal.SIGINT)

    _, errors = watch.communicate(timeout=30)
    assert (130, "") == (watch.returncode, errors)


def test_deploy_locals_view_is_the_watch_and_leaves_no_process(
    engine: Engine, admin: AdminClient, tmp_path: Path
) -> None:
    """What it shows goes where the caller's output goes; a deploy that is interrupted ends it at once."""
    admin.put_image_builder("here", state="RUNNING")
    admin.put_image_builder("stopped")
    before = children(os.getpid())
    shown = tmp_path / "shown"

    def interrupt() -> None:
        with shown.open("ab") as output, LiveView(engine, "stopped", output=output.fileno()):
            while "STOPPED" not in shown.read_text():
                time.sleep(0.1)
            raise KeyboardInterrupt

    with shown.open("wb") as output, LiveView(engine, "here", output=output.fileno()):
        pass
    with pytest.raises(KeyboardInterrupt):
        interrupt()

    assert "RUNNING" in shown.read_text()
    assert children(os.getpid()) <= before
