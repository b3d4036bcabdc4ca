"""Each example is synthesized, linted, and deployed with the real CDK CLI on the local engine."""

import json
import os
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from cfnlint.api import lint

from appstream_local.process.admin_client import AdminClient
from appstream_local.process.cdk import Cdk
from appstream_local.process.engine import Engine
from support.paths import PROJECT_DIR
from support.processes import run_to_end
from synth import app
from synth.stacks import actions, of_type, only, statements

Json = dict[str, Any]
Cdks = Callable[..., Cdk]

BUILDER = "Custom::AppStreamRunningImageBuilder"

ACCEPTED = {
    "W3005": "a needless DependsOn that CDK's own Function always writes",
    "E3703": "a wish for Fn::Sub, where CDK joins the parts of a role's ARN",
}

FINDINGS = {
    "bootstrap": {"AwsSolutions-VPC7": "flow logs cost money, and this VPC is a small one to try things in"},
    "private_vpc": {"AwsSolutions-VPC7": "the same"},
    "scheduled_refresh": {},
}
"""What cdk-nag finds in the examples that have more than builders (see tests/construct/standards/test_nag.py)."""


def test_each_example_is_a_folder_with_its_own_lines(assemblies: dict[str, Path]) -> None:
    """An app, its settings and what to know; the deploy command is among the lines."""
    for name in assemblies:
        folder = PROJECT_DIR / "examples" / name
        assert {"app.py", "cdk.json", "README.md"} <= {path.name for path in folder.iterdir()}
        text = (folder / "README.md").read_text(encoding="utf-8")
        assert all(part in text for part in ("npx cdk deploy", "## What it costs", "## Try it on the local engine"))


def test_cfn_lint_has_nothing_to_say(templates: dict[str, Json]) -> None:
    """No error and no warning in any template, but what CDK itself always writes."""
    found = {
        (name, match.rule.id, str(match.path))
        for name, template in templates.items()
        for match in lint(json.dumps(template), regions=["eu-central-1"])
        if match.rule.id not in ACCEPTED
    }
    assert set() == found


@pytest.mark.parametrize("name", FINDINGS)
def test_cdk_nag_finds_what_is_listed(name: str, tmp_path: Path) -> None:
    """Each finding has its reason."""
    out = tmp_path / "cdk.out"

    app.run({}, out, folder=PROJECT_DIR / "examples" / name, program=Path(__file__).with_name("nag.py"))

    reports = json.loads((out / "validation-report.json").read_text(encoding="utf-8"))["pluginReports"]
    # A pack that finds nothing is not in the report; that it ran at all is seen where it finds something.
    violations = [each["violations"] for each in reports if each["pluginName"] == "AwsSolutions"]
    assert set(FINDINGS[name]) == {violation["ruleName"] for found in violations for violation in found}


def test_pipeline_passes_the_address_to_the_next_step(templates: dict[str, Json]) -> None:
    """The step comes after the stage's deploy, and its variable is the stack's output."""
    stages = only(templates["pipeline/Pipeline.template.json"], "AWS::CodePipeline::Pipeline")["Properties"]["Stages"]
    actions = sorted(stages[-1]["Actions"], key=lambda each: int(each["RunOrder"]))
    assert ["ImageBuilder.Prepare", "ImageBuilder.Deploy", "Reach"] == [action["Name"] for action in actions]
    assert actions[1]["RunOrder"] < actions[2]["RunOrder"]
    variables = json.loads(actions[2]["Configuration"]["EnvironmentVariables"])
    namespace = actions[1]["Namespace"]
    outputs = {each["name"]: each["value"] for each in variables}
    assert {"STATE": f"#{{{namespace}.State}}", "ADDRESS": f"#{{{namespace}.Address}}"} == {
        name: outputs[name] for name in ("STATE", "ADDRESS")
    }


def connect(templates: dict[str, Json], port: int, minutes: int) -> subprocess.CompletedProcess[str]:
    """Run the pipeline's command to connect, here, with another port and deadline and with shorter pauses."""
    projects = of_type(templates["pipeline/Pipeline.template.json"], "AWS::CodeBuild::Project").values()
    specs = [json.loads(each["Properties"]["Source"]["BuildSpec"]) for each in projects]
    (command,) = [each for spec in specs for each in spec["phases"]["build"]["commands"] if "/dev/tcp" in each]
    for before, now in (("5985", str(port)), ("10 * 60", f"{minutes} * 60"), ("sleep 5", "sleep 0.2")):
        assert before in command
        command = command.replace(before, now)
    return run_to_end(["sh", "-c", command], env={**os.environ, "ADDRESS": "127.0.0.1"})


def test_pipeline_waits_until_the_port_is_open(templates: dict[str, Json]) -> None:
    """RUNNING does not mean that Windows already listens."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        port = server.getsockname()[1]
        opening = threading.Timer(1, server.listen)
        opening.start()
        began = time.monotonic()
        done = connect(templates, port, minutes=1)
        opening.join()

    assert (0, "127.0.0.1 answers") == (done.returncode, done.stdout.strip())
    assert time.monotonic() - began >= 1


def test_pipeline_gives_up_at_the_deadline(templates: dict[str, Json]) -> None:
    """With the address and the port, so that the security groups can be checked."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        port = server.getsockname()[1]
        done = connect(templates, port, minutes=0)

    assert 1 == done.returncode
    assert f"127.0.0.1 does not answer on port {port}" in done.stdout


@pytest.mark.engine
def test_pipeline_the_stage_deploys(cdk: Cdks, admin: AdminClient) -> None:
    """What the pipeline's deploy action deploys starts the builder and has the outputs that the step reads."""
    admin.put_image_builder("my-builder", VpcConfig={"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]})

    result = cdk("pipeline", "assembly-Test").deploy().check()

    assert {"State": "RUNNING", "Address": _address(admin, "my-builder")} == result.outputs["Test-ImageBuilder"]


@pytest.mark.engine
def test_bootstrap_deploys_and_destroys_everything(cdk: Cdks, admin: AdminClient, engine: Engine) -> None:
    """The address is in the parameter and in the record; the destroy stops the builder before it is deleted."""
    outputs = cdk("bootstrap").deploy().check().outputs["Bootstrap"]

    address = _address(admin, "first-builder")
    assert {"Address": address, "HostName": "first-builder.builders.internal"} == outputs
    parameter = engine.client("ssm").get_parameter(Name="/image-builders/first-builder/address")["Parameter"]
    (zone,) = engine.client("route53").list_hosted_zones()["HostedZones"]
    records = engine.client("route53").list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"]
    assert [("first-builder.builders.internal.", [{"Value": address}])] == [
        (each["Name"], each["ResourceRecords"]) for each in records if each["Type"] == "A"
    ]
    assert address == parameter["Value"]
    vpcs = [each["VpcId"] for each in _own_vpcs(engine)]
    assert 1 == len(vpcs)

    admin.clear_calls()
    cdk("bootstrap").destroy().check()

    changes = [call.operation for call in admin.calls() if not call.operation.startswith("Describe")]
    assert ["StopImageBuilder", "DeleteImageBuilder"] == changes
    assert [] == engine.client("route53").list_hosted_zones()["HostedZones"]
    assert (
        []
        == engine.client("ssm").describe_parameters(
            ParameterFilters=[{"Key": "Name", "Option": "BeginsWith", "Values": ["/image-builders"]}]
        )["Parameters"]
    )
    assert [] == _own_vpcs(engine)


@pytest.mark.engine
def test_several_builders_start_side_by_side(cdk: Cdks, admin: AdminClient) -> None:
    """All of them run, by one function."""
    names = ("office", "design", "engineering")
    for name in names:
        admin.put_image_builder(name, VpcConfig={"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]})

    outputs = cdk("several_builders").deploy().check().outputs["SeveralBuilders"]

    assert {f"Address{name}": _address(admin, name) for name in names} == outputs
    assert ["RUNNING"] * 3 == [admin.image_builder(name).state for name in names]


@pytest.mark.engine
def test_cross_stack_the_second_stack_gets_the_address(cdk: Cdks, admin: AdminClient, engine: Engine) -> None:
    """One command deploys both, in order."""
    admin.put_image_builder("my-builder", VpcConfig={"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]})

    cdk("cross_stack").deploy().check()

    parameter = engine.client("ssm").get_parameter(Name="/image-builders/my-builder/address")["Parameter"]
    assert _address(admin, "my-builder") == parameter["Value"]
    cdk("cross_stack").destroy().check()


@pytest.mark.engine
def test_stop_after_the_builder_stops_when_the_output_says(cdk: Cdks, admin: AdminClient, engine: Engine) -> None:
    """Its schedule outlives the stack, and deletes itself."""
    admin.put_image_builder("my-builder")
    told = cdk("stop_after").deploy().check().outputs["StopAfter"]["StopsAt"]
    cdk("stop_after").destroy().check()
    assert "RUNNING" == admin.image_builder("my-builder").state

    admin.run_schedules(at=datetime.fromisoformat(told.replace("Z", "+00:00")).timestamp())

    assert "RUNNING" != admin.image_builder("my-builder").state
    assert [] == engine.client("scheduler").list_schedules()["Schedules"]


@pytest.mark.engine
def test_scheduled_refresh_starts_a_stopped_builder(
    cdk: Cdks, admin: AdminClient, engine: Engine, templates: dict[str, Json]
) -> None:
    """What Scheduler would send at the hour is sent here: the update starts the builder, with no new template."""
    admin.put_image_builder("my-builder", VpcConfig={"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]})
    cdk("scheduled_refresh").deploy().check()
    admin.set_state("my-builder", "STOPPED")
    (schedule,) = of_type(templates["scheduled_refresh/ScheduledRefresh.template.json"], "AWS::Scheduler::Schedule")
    deployed = engine.client("scheduler").get_schedule(Name=_physical_id(engine, "ScheduledRefresh", schedule))
    assert ":scheduler:::aws-sdk:cloudformation:updateStack" in deployed["Target"]["Arn"]

    cloudformation = engine.client("cloudformation")
    sent = json.loads(deployed["Target"]["Input"].replace("<aws.scheduler.scheduled-time>", "2026-11-24T07:00:00Z"))
    cloudformation.update_stack(**sent)
    cloudformation.get_waiter("stack_update_complete").wait(
        StackName="ScheduledRefresh", WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )

    assert ("RUNNING", 2) == (admin.image_builder("my-builder").state, admin.image_builder("my-builder").starts)


ENDPOINTS = {
    "appstream": {"appstream.api"},
    "cloudformation": {"cloudformation"},
    "lambda": {"lambda"},
    "scheduler": {"scheduler"},
    # Lambda itself writes the log and attaches the function; the scheduler asks IAM about the role that is passed.
    "logs": set[str](),
    "ec2": set[str](),
    "iam": set[str](),
}
"""The VPC endpoint that a call of each service needs; a service that is not here wants somebody to decide."""


def test_private_vpc_has_exactly_the_endpoints_it_needs(templates: dict[str, Json]) -> None:
    """Derived from the role's policies; the answer to CloudFormation needs S3 besides."""
    template = templates["private_vpc/PrivateVpc.template.json"]
    needed = set[str]().union(*(ENDPOINTS[action.partition(":")[0]] for action in actions(statements(template))))
    assert needed | {"s3"} == {_service(each) for each in of_type(template, "AWS::EC2::VPCEndpoint").values()}


def test_private_vpc_allows_the_response_to_s3_only(templates: dict[str, Json]) -> None:
    """The bucket is AWS's own in the stack's Region, whose name has no dashes in it there."""
    endpoints = of_type(templates["private_vpc/PrivateVpc.template.json"], "AWS::EC2::VPCEndpoint").values()
    (policy,) = [each["Properties"]["PolicyDocument"] for each in endpoints if _service(each) == "s3"]
    (statement,) = policy["Statement"]
    assert ("Allow", "s3:PutObject", {"AWS": "*"}) == (statement["Effect"], statement["Action"], statement["Principal"])
    region = {"Fn::Join": ["", {"Fn::Split": ["-", {"Ref": "AWS::Region"}]}]}
    bucket = ["arn:", {"Ref": "AWS::Partition"}, ":s3:::cloudformation-custom-resource-response-", region, "/*"]
    assert {"Fn::Join": ["", bucket]} == statement["Resource"]


def test_private_vpc_has_no_way_to_the_internet(templates: dict[str, Json]) -> None:
    """Else a missing endpoint would not show."""
    template = templates["private_vpc/PrivateVpc.template.json"]
    for kind in ("InternetGateway", "NatGateway", "Route"):
        assert {} == of_type(template, f"AWS::EC2::{kind}")


@pytest.mark.engine
def test_private_vpc_reaches_cloudformation_before_and_after(
    cdk: Cdks, admin: AdminClient, engine: Engine, templates: dict[str, Json]
) -> None:
    """Everything of the network that the template has is made before the builder's turn, and deleted after it."""
    admin.put_image_builder("my-builder", VpcConfig={"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]})
    outputs = cdk("private_vpc").deploy().check().outputs["PrivateVpc"]
    assert {"Address": _address(admin, "my-builder")} == outputs
    stack = engine.client("cloudformation").describe_stacks(StackName="PrivateVpc")["Stacks"][0]["StackId"]
    cdk("private_vpc").destroy().check()

    template = templates["private_vpc/PrivateVpc.template.json"]
    (builder,) = of_type(template, BUILDER)
    kinds = ("VPCEndpoint", "SecurityGroupIngress", "SubnetRouteTableAssociation")
    network = {key for kind in kinds for key in of_type(template, f"AWS::EC2::{kind}")}
    assert 5 + 4 + 2 == len(network)
    told = engine.client("cloudformation").describe_stack_events(StackName=stack)["StackEvents"][::-1]
    order = [(each["LogicalResourceId"], each["ResourceStatus"]) for each in told]
    begun, gone = order.index((builder, "CREATE_IN_PROGRESS")), order.index((builder, "DELETE_COMPLETE"))
    assert network == {key for key, status in order[:begun] if status == "CREATE_COMPLETE"} & network
    assert network == {key for key, status in order[gone:] if status == "DELETE_COMPLETE"} & network


def _service(endpoint: Json) -> str:
    """Return the name of an endpoint's service, without the Region's part."""
    return str(endpoint["Properties"]["ServiceName"]["Fn::Join"][1][-1]).lstrip(".")


def _address(admin: AdminClient, name: str) -> str:
    """Return the address that AppStream shows; it has one only in a VPC."""
    return str(admin.image_builder(name).description["NetworkAccessConfiguration"]["EniPrivateIpAddress"])


def _own_vpcs(engine: Engine) -> list[Json]:
    """Return the VPCs beside the account's default one."""
    return [each for each in engine.client("ec2").describe_vpcs()["Vpcs"] if not each["IsDefault"]]


def _physical_id(engine: Engine, stack: str, logical_id: str) -> str:
    resource = engine.client("cloudformation").describe_stack_resource(StackName=stack, LogicalResourceId=logical_id)
    return str(resource["StackResourceDetail"]["PhysicalResourceId"])
