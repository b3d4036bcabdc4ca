"""The templates without CDK are the constructs': compared for each set of options, and held to the same standards."""

import json
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from aws_cdk import App, Duration, Stack, Validations
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk.cloudformation_include import CfnInclude
from cdk_nag import AwsSolutionsChecks
from cfnlint.api import lint

from appstream_image_builder_cli import template as command
from appstream_image_builder_cli.stack_template import Located, locate, parse
from appstream_image_builder_cli.template import to_yaml
from cdk_appstream_image_builder import OnDelete, RunningImageBuilderProvider
from cdk_appstream_image_builder.plain_template import TAG, PlainTemplate, image_builder_template, provider_template
from running_image_builder_function import contract
from support.checkov import DEFAULT_FINDINGS, checkov
from synth.stacks import Json, any_builder, listed, of_type, only, statements, template

BOUNDARY = "arn:aws:iam::123456789012:policy/boundary"

OPTIONS: dict[str, tuple[dict[str, str], dict[str, Any], dict[str, Any]]] = {
    "default": ({}, {}, {}),
    "agent": ({"AppstreamAgentVersion": "LATEST"}, {"appstream_agent_version": "LATEST"}, {}),
    "restart": (
        {"AppstreamAgentVersion": "LATEST", "RestartToUpdateAgent": "true"},
        {"appstream_agent_version": "LATEST", "restart_to_update_agent": True},
        {},
    ),
    "restart without a version": ({"RestartToUpdateAgent": "true"}, {"restart_to_update_agent": True}, {}),
    "restart and stop": (
        {"AppstreamAgentVersion": "1", "RestartToUpdateAgent": "true", "OnDelete": "STOP"},
        {"appstream_agent_version": "1", "restart_to_update_agent": True, "on_delete": OnDelete.STOP},
        {},
    ),
    "shortest timeout": ({"TimeoutMinutes": "1"}, {"timeout": Duration.minutes(1)}, {}),
    "longest timeout": ({"TimeoutMinutes": "59"}, {"timeout": Duration.minutes(59)}, {}),
    "poll interval": ({"PollIntervalSeconds": "7"}, {"poll_interval": Duration.seconds(7)}, {}),
    "stop on delete": ({"OnDelete": "STOP"}, {"on_delete": OnDelete.STOP}, {}),
    "stop after": ({"StopAfterMinutes": "480"}, {"stop_after": Duration.hours(8)}, {}),
    "stop after and on delete": (
        {"StopAfterMinutes": "15", "OnDelete": "STOP"},
        {"stop_after": Duration.minutes(15), "on_delete": OnDelete.STOP},
        {},
    ),
    "trigger": ({"Trigger": "v2"}, {"triggers": {"Trigger": "v2"}}, {}),
    "log retention": ({"LogRetentionInDays": "7"}, {}, {"log_retention": logs.RetentionDays.ONE_WEEK}),
    "boundary": ({"PermissionsBoundaryArn": BOUNDARY, "StopAfterMinutes": "60"}, {"stop_after": Duration.hours(1)}, {}),
    "VPC": ({"SubnetIds": "subnet-0000000a,subnet-0000000b", "SecurityGroupIds": "sg-0000000a"}, {}, {"vpc": True}),
}
"""Parameters of the template, and the options of the builder and of the provider that say the same."""


@cache
def packaged() -> PlainTemplate:
    """Return the template of a builder, which no test changes."""
    return image_builder_template()


def evaluated(made: PlainTemplate, **given: str) -> Json:
    """Return the template as CloudFormation reads it with parameters: no condition, and no parameter, is left."""
    body = made.body
    values: dict[str, Any] = {}
    for name, parameter in body["Parameters"].items():
        text = given.pop(name, str(parameter.get("Default", f"<{name}>")))
        values[name] = text.split(",") if parameter["Type"] == "CommaDelimitedList" else text
    assert not given

    def holds(condition: Any) -> bool:
        ((key, content),) = condition.items()
        if key == "Condition":
            return holds(body["Conditions"][content])
        if key == "Fn::Not":
            return not holds(content[0])
        if key == "Fn::And":
            return all(holds(each) for each in content)
        assert key == "Fn::Equals"
        left, right = (resolved(each) for each in content)
        return bool(left == right)

    nothing = object()

    def resolved(part: Any) -> Any:
        if isinstance(part, list):
            return [each for each in map(resolved, part) if each is not nothing]
        if not isinstance(part, dict):
            return part
        if len(part) == 1:
            ((key, content),) = part.items()
            if key == "Ref":
                return nothing if content == "AWS::NoValue" else values.get(content, part)
            if key == "Fn::If":
                return resolved(content[1] if holds(body["Conditions"][content[0]]) else content[2])
            if key == "Fn::Select":
                return resolved(content[1][int(content[0])])
            if key == "Fn::FindInMap":
                return body["Mappings"][content[0]][resolved(content[1])][content[2]]
            if key == "Fn::Join":
                return content[0].join(resolved(content[1]))
            if key == "Fn::Sub":
                text, names = content if isinstance(content, list) else (content, {})
                for name, each in {**values, **names}.items():
                    shown = resolved(each)
                    text = text.replace(f"${{{name}}}", shown if isinstance(shown, str) else f"${{{_ref(shown)}}}")
                return text
        found = {key: resolved(each) for key, each in part.items()}
        return {key: each for key, each in found.items() if each is not nothing}

    kept = {
        name: each
        for name, each in body["Resources"].items()
        if "Condition" not in each or holds(body["Conditions"][each["Condition"]])
    }
    return {"Resources": {name: resolved({**each, "Condition": nothing}) for name, each in kept.items()}}


def constructed(builder: dict[str, Any], provider: dict[str, Any], *, boundary: bool = False) -> Json:
    """Return the template that the constructs synthesize."""
    stack = Stack(App(), "Stack")
    options = dict(provider)
    if options.pop("vpc", False):
        options["vpc"] = ec2.Vpc.from_vpc_attributes(
            stack,
            "Vpc",
            vpc_id="vpc-0000000a",
            availability_zones=["a", "b"],
            private_subnet_ids=["subnet-0000000a", "subnet-0000000b"],
            private_subnet_route_table_ids=["rtb-0000000a", "rtb-0000000b"],
        )
        options["security_groups"] = [ec2.SecurityGroup.from_security_group_id(stack, "Group", "sg-0000000a")]
    if boundary:
        iam.PermissionsBoundary.of(stack).apply(iam.ManagedPolicy.from_managed_policy_arn(stack, "B", BOUNDARY))
    any_builder(stack, provider=RunningImageBuilderProvider(stack, "Provider", **options), **builder)
    return template(stack)


def meaning(found: Json) -> Json:
    """Return what a template says, without its logical ids, its policies' division and where the code is."""
    customs = list(of_type(found, contract.RESOURCE_TYPE).values())
    schedules = [each["Properties"].pop(contract.SCHEDULE_NAME, None) for each in customs]
    schedule = next(iter(schedules), None)
    if schedule is not None:
        # A literal of the construct's, a reference to the role in the template.
        written = schedule if isinstance(schedule, str) else f"${{{schedule['Ref']}}}"
        found = json.loads(json.dumps(found).replace(written, "<schedule>"))
    names = {
        name: "SchedulerRole" if "SchedulerRole" in name else str(each["Type"])
        for name, each in found["Resources"].items()
    }

    def plain(part: Any) -> Any:
        if isinstance(part, list):
            return [plain(each) for each in part]
        if not isinstance(part, dict):
            number, _, unit = str(part).partition(" ")
            return (
                str(int(number) * {"minutes": 60, "seconds": 1}[unit]) if unit in ("minutes", "seconds") else str(part)
            )
        if "Fn::Join" in part:
            return "".join(plain(part["Fn::Join"][1]))
        if "Ref" in part:
            return f"${{{names.get(part['Ref'], part['Ref'])}}}"
        if "Fn::GetAtt" in part:
            return f"${{{names[part['Fn::GetAtt'][0]]}.{part['Fn::GetAtt'][1]}}}"
        return {key: plain(each) for key, each in part.items()}

    def with_default(custom: Json) -> Json:
        default = {contract.POLL_INTERVAL_SECONDS: contract.DEFAULT_POLL_INTERVAL_SECONDS}
        return {**custom, "DependsOn": "", "Properties": {**default, **custom["Properties"]}}

    def without(resource: Json, *keys: str) -> Json:
        return {**resource, "DependsOn": "", "Properties": {**resource["Properties"], **dict.fromkeys(keys, "")}}

    roles = of_type(found, "AWS::IAM::Role").values()
    return {
        "custom": [plain(with_default(each)) for each in of_type(found, contract.RESOURCE_TYPE).values()],
        "scheduled": schedule is not None,
        "function": plain(without(only(found, "AWS::Lambda::Function"), "Code")),
        "log": plain(only(found, "AWS::Logs::LogGroup")),
        # Another path is another role, which CDK makes by another logical id.
        "roles": sorted(json.dumps(plain(without(each, "Path")), sort_keys=True) for each in roles),
        "allowed": sorted(
            json.dumps([action, resource, plain(statement.get("Condition", {}))], sort_keys=True)
            for statement in statements(found)
            for action in listed(statement["Action"])
            for resource in listed(plain(statement["Resource"]))
        ),
    }


def _ref(value: Any) -> str:
    return str(value["Ref"]) if isinstance(value, dict) else ""


@pytest.mark.parametrize("name", OPTIONS)
def test_the_template_says_what_the_construct_says(name: str) -> None:
    """For each set of options: the same properties, permissions, roles, log group and function."""
    parameters, builder, provider = OPTIONS[name]
    boundary = "PermissionsBoundaryArn" in parameters
    ours = evaluated(packaged(), ImageBuilderName="nb-1", **parameters)

    assert meaning(constructed(builder, provider, boundary=boundary)) == meaning(ours)


def test_the_provider_says_what_the_construct_says() -> None:
    """The function alone is a provider with builders_by_tag."""
    stack = Stack(App(), "Stack")
    RunningImageBuilderProvider(stack, "Provider", builders_by_tag={TAG: "true"})

    assert meaning(template(stack)) == meaning(evaluated(provider_template()))
    assert {"Fn::Sub": "${AWS::StackName}-ServiceToken"} == (
        provider_template().body["Outputs"]["ServiceToken"]["Export"]["Name"]
    )


def test_every_parameter_is_compared() -> None:
    """A new one fails here until it has its set of options."""
    compared = {parameter for parameters, _, _ in OPTIONS.values() for parameter in parameters}

    assert packaged().body["Parameters"].keys() == {"ImageBuilderName", *compared}


MADE: dict[str, Callable[[], PlainTemplate]] = {
    "packaged": packaged,
    "code parameters": lambda: image_builder_template(code_parameters=True),
    "provider": provider_template,
    "provider with code parameters": lambda: provider_template(code_parameters=True),
}


@pytest.fixture(scope="module", params=MADE)
def made(request: pytest.FixtureRequest) -> PlainTemplate:
    """Return each template that the command can write."""
    return MADE[str(request.param)]()


class Loader(yaml.SafeLoader):
    """Reads CloudFormation's short forms as PyYAML can: without what they mean."""


def _short_form(_loader: Loader, suffix: str, _node: yaml.Node) -> str:
    return suffix


Loader.add_multi_constructor("!", _short_form)


def test_the_yaml_is_for_people(made: PlainTemplate) -> None:
    """Short forms, comments on each resource, and a description of each parameter and output."""
    text = to_yaml(made.body, made.comments)

    assert made.body.keys() == yaml.load(text, Loader).keys()  # noqa: S506 - a safe loader's child
    assert "Fn::" not in text
    assert made.body["Resources"].keys() <= made.comments.keys()
    assert all(each["Description"] for each in made.body["Parameters"].values())
    assert all(each["Description"] for each in made.body["Outputs"].values())


def test_the_commands_find_the_builder_in_the_yaml() -> None:
    """With its timeout and the function's log group, so that `watch` shows the same as for the construct."""
    made = packaged()
    values = {"ImageBuilderName": "nb-1", "TimeoutMinutes": "45", "LogGroup": "the-group"}

    found = locate(parse(to_yaml(made.body, made.comments)), stack="any", name="nb-1", values=values)

    assert Located(stack="any", logical_id="RunningImageBuilder", timeout=2700.0, log_group="the-group") == found


def test_strings_have_patterns_and_numbers_have_ranges(made: PlainTemplate) -> None:
    """So that CloudFormation refuses a wrong value before it changes anything."""
    limits = {"AllowedPattern", "AllowedValues", "MaxLength", "MaxValue"}
    assert [] == [name for name, each in made.body["Parameters"].items() if not limits & each.keys()]


@pytest.mark.parametrize(
    ("minutes", "accepted"),
    [
        ("0", True),
        ("14", False),
        ("15", True),
        ("99", True),
        ("100", True),
        ("43200", True),
        ("43201", False),
        ("", False),
    ],
)
def test_the_pattern_of_stop_after_is_its_range(minutes: str, accepted: bool) -> None:
    """15 minutes to 30 days, or 0."""
    pattern = packaged().body["Parameters"]["StopAfterMinutes"]["AllowedPattern"]
    assert accepted == bool(re.fullmatch(pattern, minutes))


def test_cfn_lint_has_nothing_to_say(made: PlainTemplate) -> None:
    """But that a path is for `aws cloudformation package`."""
    found = lint(to_yaml(made.body, made.comments), regions=["us-east-1", "eu-central-1", "us-gov-west-1"])
    packaged = isinstance(made.body["Resources"]["Function"]["Properties"]["Code"], str)
    assert (["W3002"] if packaged else []) == sorted({match.rule.id for match in found})


def test_checkov_finds_what_it_finds_in_the_constructs(tmp_path: Path) -> None:
    """Nothing beside what docs/security.md lists."""
    found = checkov({name: make().body for name, make in MADE.items()}, tmp_path)

    assert {} == {name: each for name, each in found.items() if not each.keys() <= {*DEFAULT_FINDINGS, "CKV_AWS_111"}}


def test_cdk_nag_finds_what_it_finds_in_the_constructs(made: PlainTemplate, tmp_path: Path) -> None:
    """Of AwsSolutions the wildcards only, which a plain template has no place to acknowledge."""
    body = json.loads(json.dumps(made.body))
    body["Resources"]["Function"]["Properties"]["Code"] = {"S3Bucket": "bucket", "S3Key": "key"}
    source = tmp_path / "template.json"
    source.write_text(json.dumps(body))
    app = App(outdir=str(tmp_path / "out"))
    CfnInclude(Stack(app, "Stack"), "Template", template_file=str(source))
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    with pytest.raises(RuntimeError, match="ValidationFailed"):
        app.synth()
    reports = json.loads((tmp_path / "out" / "validation-report.json").read_text())["pluginReports"]
    found = {each["ruleName"].partition("[")[0] for report in reports for each in report["violations"]}
    assert {"AwsSolutions-IAM5"} == {rule for rule in found if rule.startswith("AwsSolutions")}


def test_the_command_writes_the_template_and_the_zip(tmp_path: Path) -> None:
    """Byte for byte the same each time."""
    first, second = (
        command.write(tmp_path / each, provider_only=False, code_parameters=False) for each in ("first", "second")
    )
    assert ["running-image-builder.template.yaml", "running-image-builder-function.zip"] == [
        path.name for path in first
    ]
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_without_cdk_the_command_says_how_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In one line, whether CDK itself or the Node.js that it runs on is missing."""
    monkeypatch.setattr(command, "which", lambda program: None)
    with pytest.raises(command.CdkMissing, match=r"^template needs Node\.js for CDK: install Node\.js, or pip"):
        command.write(tmp_path, provider_only=False, code_parameters=False)
    monkeypatch.setattr(command, "find_spec", lambda package: None)
    with pytest.raises(
        command.CdkMissing, match=r"^template needs CDK: pip install 'cdk-appstream-image-builder\[cli\]'"
    ):
        command.write(tmp_path, provider_only=False, code_parameters=False)
