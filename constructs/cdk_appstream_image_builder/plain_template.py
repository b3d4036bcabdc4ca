"""Makes CloudFormation templates with parameters from the constructs, for deployments without CDK."""

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from aws_cdk import App, CfnParameter, DefaultStackSynthesizer, Duration, Intrinsic, Stack, Token
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam

from cdk_appstream_image_builder.on_delete import OnDelete
from cdk_appstream_image_builder.provider import RunningImageBuilderProvider
from cdk_appstream_image_builder.running_image_builder import RunningImageBuilder
from running_image_builder_function import contract

Json = dict[str, Any]

FUNCTION_ZIP = "running-image-builder-function.zip"
"""The file of the function's deployment package, beside the template."""

TAG = "running-image-builder"
"""The tag of the builders that the function of ``provider_template`` may start and stop."""

_RETENTION_DAYS = [
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545),
    *(731, 1096, 1827, 2192, 2557, 2922, 3288, 3653),
]
"""The values that CloudWatch Logs accepts."""

_STOP_AFTER_PATTERN = "^(0|1[5-9]|[2-9][0-9]|[1-9][0-9]{2,3}|[1-3][0-9]{4}|4[0-2][0-9]{3}|43[01][0-9]{2}|43200)$"
"""0, or 15 to 43200 minutes. A number's MinValue and MaxValue can't leave the gap."""

_LIST_PATTERN = "^({prefix}-[0-9a-f]{{8,17}})?$"

_NAMES = {
    contract.RESOURCE_TYPE: "RunningImageBuilder",
    "AWS::Lambda::Function": "Function",
    "AWS::Logs::LogGroup": "LogGroup",
    "SchedulerRole": "SchedulerRole",
    "StopOnDelete": "StopPolicy",
    "Schedules": "SchedulePolicy",
    "ProviderBuilders": "BuilderPolicy",
    "DefaultPolicy": "FunctionPolicy",
    "ProviderRole": "FunctionRole",
}
"""The logical ids here, by a resource's type or by a part of the logical id that CDK gives it."""

_FUNCTION_RESOURCES = ("Function", "LogGroup", "FunctionRole", "FunctionPolicy", "BuilderPolicy")

_NO_VALUE = {"Ref": "AWS::NoValue"}


@dataclass(frozen=True, kw_only=True)
class PlainTemplate:
    """A template and what explains it.

    Attributes:
        body: The template.
        comments: Comments on sections and resources, by their names.
    """

    body: Json
    comments: Mapping[str, str]


def image_builder_template(*, code_parameters: bool = False) -> PlainTemplate:
    """Return the template of a running image builder, with a function of its own.

    Args:
        code_parameters: Whether parameters name the bucket and the key of the function's code. Default: the code is
            ``FUNCTION_ZIP``, which ``aws cloudformation package`` or ``sam deploy`` uploads.
    """
    resources = _synthesize(lambda stack: _define_builder(stack, OnDelete.STOP))
    leaving = _synthesize(lambda stack: _define_builder(stack, OnDelete.LEAVE_RUNNING))
    _add_function_parameters(resources, code_parameters=code_parameters)
    schedule = resources["RunningImageBuilder"]["Properties"][contract.SCHEDULE_NAME]
    roles = {"SchedulerRole": resources["SchedulerRole"], "RetainedSchedulerRole": leaving["SchedulerRole"]}
    for name, role in roles.items():
        # Another path is another role, so that a builder that is left running keeps its own after a rename.
        role["Properties"]["Path"] = {"Fn::Sub": "/running-image-builder/${ImageBuilderName}/"}
        role["Condition"] = "StopsAfterAndOnDelete" if name == "SchedulerRole" else "StopsAfterOnly"
    role_name = _if("StopsOnDelete", {"Ref": "SchedulerRole"}, {"Ref": "RetainedSchedulerRole"})
    role_arn = _if("StopsOnDelete", *({"Fn::GetAtt": [name, "Arn"]} for name in roles))
    _add_restart(resources["BuilderPolicy"], leaving["BuilderPolicy"])
    stop, scheduling = resources["StopPolicy"], resources["SchedulePolicy"]
    stop["Type"] = "AWS::IAM::ManagedPolicy"
    stop["Properties"].pop("PolicyName")
    stop["Condition"], scheduling["Condition"] = "StopsOnDelete", "StopsAfter"
    # Another description is another policy. So the clean-up of a rename still may stop the old builder.
    stop["Properties"]["Description"] = {"Fn::Sub": "Stops image builder ${ImageBuilderName}"}
    scheduling["Properties"]["Description"] = {"Fn::Sub": "Schedules the stop of ${ImageBuilderName}, ${OnDelete}"}
    change, pass_role = _statements(scheduling)
    change["Resource"] = {
        "Fn::Sub": [change["Resource"]["Fn::Sub"].replace(schedule, "${ScheduleName}"), {"ScheduleName": role_name}]
    }
    pass_role["Resource"] = role_arn
    properties = resources["RunningImageBuilder"]["Properties"]
    properties |= {
        "ServiceTimeout": {"Fn::FindInMap": ["ServiceTimeouts", {"Ref": "TimeoutMinutes"}, "Seconds"]},
        # Selecting from a list makes the resource wait for the policy. DependsOn can't, as the policy is conditional.
        contract.ON_DELETE: _if("StopsOnDelete", _first(contract.STOP, {"Ref": "StopPolicy"}), contract.LEAVE_RUNNING),
        contract.STOP_AFTER_SECONDS: _first(properties[contract.STOP_AFTER_SECONDS], {"Ref": "SchedulePolicy"}),
        contract.SCHEDULE_NAME: role_name,
        contract.SCHEDULER_ROLE_ARN: role_arn,
    }
    resources["RunningImageBuilder"]["DependsOn"] = "BuilderPolicy"
    for condition, names in {
        "HasAgentVersion": [contract.APPSTREAM_AGENT_VERSION],
        "RestartsForAgent": [contract.RESTART_TO_UPDATE_AGENT],
        "HasTrigger": [contract.TRIGGERS],
        "StopsAfter": [contract.STOP_AFTER_SECONDS, contract.SCHEDULE_NAME, contract.SCHEDULER_ROLE_ARN],
    }.items():
        properties |= {name: _if(condition, properties[name]) for name in names}
    return _template(
        "Starts an AppStream image builder and waits until it is RUNNING",
        parameters={**_builder_parameters(), **_function_parameters(code_parameters=code_parameters)},
        mappings={
            "ServiceTimeouts": {
                str(minutes): {"Seconds": str(minutes * 60 + contract.RESPONSE_MARGIN_SECONDS)}
                for minutes in range(contract.MIN_TIMEOUT_SECONDS // 60, contract.MAX_TIMEOUT_SECONDS // 60 + 1)
            }
        },
        conditions=_builder_conditions(),
        resources={
            **{name: resources[name] for name in ("RunningImageBuilder", *_FUNCTION_RESOURCES)},
            "StopPolicy": stop,
            "SchedulePolicy": scheduling,
            **roles,
        },
        outputs={
            **{
                name: ({"Fn::GetAtt": ["RunningImageBuilder", name]}, text)
                for name, text in {
                    "Arn": "The image builder's ARN",
                    "State": "The image builder's state at the end of the deploy",
                    "EniPrivateIpAddress": "The private IP address of its network interface; empty without a VPC",
                    "EniId": "The id of its network interface; empty without a VPC",
                    contract.SCHEDULED_STOP_TIME: "When it will be stopped, ISO 8601 in UTC; empty if it won't",
                }.items()
            },
            "FunctionArn": ({"Fn::GetAtt": ["Function", "Arn"]}, "The ARN of the function that starts it"),
        },
    )


def provider_template(*, code_parameters: bool = False) -> PlainTemplate:
    """Return the template of the function alone, which serves the builders with the tag ``TAG``.

    Args:
        code_parameters: As for ``image_builder_template``.
    """
    resources = _synthesize(lambda stack: _define_provider(stack, by_tag={TAG: _text(stack, "BuilderTagValue")}))
    _add_function_parameters(resources, code_parameters=code_parameters)
    token = {"Fn::GetAtt": ["Function", "Arn"]}
    made = _template(
        "The function that starts AppStream image builders for other templates",
        parameters={
            "BuilderTagValue": {
                "Type": "String",
                "Default": "true",
                "AllowedPattern": r"^[\w\s.:/=+@-]{1,256}$",
                "Description": f"The function may start and stop the image builders with the tag {TAG} of this value.",
            },
            **_function_parameters(code_parameters=code_parameters),
        },
        conditions=_function_conditions(),
        resources={name: resources[name] for name in _FUNCTION_RESOURCES},
        outputs={"ServiceToken": (token, f"The ServiceToken of {contract.RESOURCE_TYPE} in other templates")},
    )
    made.body["Outputs"]["ServiceToken"]["Export"] = {"Name": {"Fn::Sub": "${AWS::StackName}-ServiceToken"}}
    return made


def _define_provider(stack: Stack, *, by_tag: Mapping[str, str] | None = None) -> RunningImageBuilderProvider:
    boundary = iam.ManagedPolicy.from_managed_policy_arn(stack, "Boundary", _text(stack, "PermissionsBoundaryArn"))
    iam.PermissionsBoundary.of(stack).apply(boundary)
    vpc = ec2.Vpc.from_vpc_attributes(
        stack,
        "Vpc",
        vpc_id="vpc-00000000",
        availability_zones=["any"],
        private_subnet_ids=["subnet-00000000"],
        private_subnet_route_table_ids=["rtb-00000000"],
    )
    groups = [ec2.SecurityGroup.from_security_group_id(stack, "SecurityGroup", "sg-00000000")]
    return RunningImageBuilderProvider(stack, "Provider", vpc=vpc, security_groups=groups, builders_by_tag=by_tag)


def _define_builder(stack: Stack, on_delete: OnDelete) -> None:
    RunningImageBuilder(
        stack,
        "Builder",
        image_builder_name=_text(stack, "ImageBuilderName"),
        appstream_agent_version=_text(stack, "AppstreamAgentVersion"),
        restart_to_update_agent=True,
        timeout=Duration.minutes(_number(stack, "TimeoutMinutes")),
        poll_interval=Duration.seconds(_number(stack, "PollIntervalSeconds")),
        on_delete=on_delete,
        stop_after=Duration.minutes(_number(stack, "StopAfterMinutes")),
        triggers={"Trigger": _text(stack, "Trigger")},
        provider=_define_provider(stack),
    )


def _text(stack: Stack, parameter: str) -> str:
    return CfnParameter(stack, parameter).value_as_string


def _number(stack: Stack, parameter: str) -> float:
    # Of a string as well, which ``value_as_number`` refuses.
    return Token.as_number(Intrinsic({"Ref": CfnParameter(stack, parameter).logical_id}))


def _synthesize(define: Callable[[Stack], object]) -> dict[str, Json]:
    """Return the resources of a stack, with the logical ids of the templates."""
    with tempfile.TemporaryDirectory() as folder:
        app = App(outdir=folder, analytics_reporting=False)
        stack = Stack(app, "Stack", synthesizer=DefaultStackSynthesizer(generate_bootstrap_version_rule=False))
        define(stack)
        found: dict[str, Json] = app.synth().get_stack_by_name("Stack").template["Resources"]
    names = {
        logical_id: next(name for part, name in _NAMES.items() if part == each["Type"] or part in logical_id)
        for logical_id, each in found.items()
    }
    resources = {names[logical_id]: _renamed(each, names) for logical_id, each in found.items()}
    for each in resources.values():
        if "PermissionsBoundary" in each["Properties"]:
            boundary = each["Properties"]["PermissionsBoundary"]
            each["Properties"]["PermissionsBoundary"] = _if("HasPermissionsBoundary", boundary)
    return resources


def _renamed(value: Any, names: Mapping[str, str]) -> Any:
    """Return a part of a template with other logical ids, and Fn::Sub instead of Fn::Join."""
    if isinstance(value, list):
        return [_renamed(each, names) for each in value]
    if not isinstance(value, dict):
        return names.get(value, value)
    if "Fn::Join" in value:
        return {"Fn::Sub": "".join(_in_sub(_renamed(part, names)) for part in value["Fn::Join"][1])}
    return {key: _renamed(each, names) for key, each in value.items()}


def _in_sub(part: Any) -> str:
    if isinstance(part, str):
        return part
    return "${" + (part["Ref"] if "Ref" in part else ".".join(part["Fn::GetAtt"])) + "}"


def _add_function_parameters(resources: dict[str, Json], *, code_parameters: bool) -> None:
    function = resources["Function"]["Properties"]
    parameters = {"S3Bucket": {"Ref": "CodeS3Bucket"}, "S3Key": {"Ref": "CodeS3Key"}}
    function["Code"] = parameters if code_parameters else FUNCTION_ZIP
    network = {"SubnetIds": {"Ref": "SubnetIds"}, "SecurityGroupIds": {"Ref": "SecurityGroupIds"}}
    assert network.keys() == function["VpcConfig"].keys()
    function["VpcConfig"] = _if("InVpc", network)
    statements = _statements(resources["FunctionPolicy"])
    statements[:] = [_if("InVpc", each) if each.get("Sid") == "AttachToVpc" else each for each in statements]
    resources["LogGroup"]["Properties"]["RetentionInDays"] = {"Ref": "LogRetentionInDays"}
    # The reference to the role says the rest.
    resources["Function"]["DependsOn"] = "FunctionPolicy"


def _add_restart(policy: Json, leaving: Json) -> None:
    """Add the permission to stop the builder for a restart, which the policy to stop on delete includes."""
    *_, start = _statements(policy)
    *_, restart = _statements(leaving)
    assert restart["Resource"] == start["Resource"]
    (stop,) = set(restart["Action"]) - {start["Action"]}
    _statements(policy).append(_if("RestartsOnly", {**start, "Action": stop}))


def _statements(policy: Json) -> list[Json]:
    found: list[Json] = policy["Properties"]["PolicyDocument"]["Statement"]
    return found


def _if(condition: str, value: Any, other: Any = _NO_VALUE) -> Json:
    return {"Fn::If": [condition, value, other]}


def _first(value: Any, dependency: Json) -> Json:
    return {"Fn::Select": [0, [value, dependency]]}


def _builder_parameters() -> Json:
    low, high = contract.MIN_TIMEOUT_SECONDS // 60, contract.MAX_TIMEOUT_SECONDS // 60
    return {
        "ImageBuilderName": {
            "Type": "String",
            "AllowedPattern": f"^{contract.NAME_PATTERN.pattern}$",
            "ConstraintDescription": (
                "specify 1 to 101 letters, digits, '_', '.' or '-', beginning with a letter or digit"
            ),
            "Description": "The name of an existing image builder in this account and Region.",
        },
        "AppstreamAgentVersion": {
            "Type": "String",
            "Default": "",
            "AllowedPattern": f"^.{{0,{contract.AGENT_VERSION_MAX_LENGTH}}}$",
            "ConstraintDescription": f"specify at most {contract.AGENT_VERSION_MAX_LENGTH} characters",
            "Description": "The AppStream agent's version to start with, or LATEST. Empty: the agent is not changed.",
        },
        "RestartToUpdateAgent": {
            "Type": "String",
            "Default": "false",
            "AllowedValues": ["true", "false"],
            "Description": "Whether a builder that runs with another agent is restarted. False: the deploy fails.",
        },
        "TimeoutMinutes": {
            "Type": "Number",
            "Default": contract.DEFAULT_TIMEOUT_SECONDS // 60,
            "MinValue": low,
            "MaxValue": high,
            "Description": f"How long the builder may take to be RUNNING, {low} to {high} minutes.",
        },
        "PollIntervalSeconds": {
            "Type": "Number",
            "Default": contract.DEFAULT_POLL_INTERVAL_SECONDS,
            "MinValue": contract.MIN_POLL_INTERVAL_SECONDS,
            "MaxValue": contract.MAX_POLL_INTERVAL_SECONDS,
            "Description": "The pause between two descriptions of the builder, in seconds.",
        },
        "OnDelete": {
            "Type": "String",
            "Default": contract.LEAVE_RUNNING,
            "AllowedValues": list(contract.ON_DELETE_VALUES),
            "Description": "What deleting the stack, or renaming the builder, does with the builder.",
        },
        "StopAfterMinutes": {
            "Type": "String",
            "Default": "0",
            "AllowedPattern": _STOP_AFTER_PATTERN,
            "ConstraintDescription": "specify 0, or 15 to 43200 minutes (30 days)",
            "Description": "How long after each deploy the builder is stopped, 15 to 43200 minutes. 0: it runs on.",
        },
        "Trigger": {
            "Type": "String",
            "Default": "",
            "MaxLength": 1024,
            "Description": "Any string. Another value starts a builder that was stopped meanwhile.",
        },
    }


def _function_parameters(*, code_parameters: bool) -> Json:
    code = {
        "CodeS3Bucket": {
            "Type": "String",
            "AllowedPattern": "^[0-9a-z][0-9a-z.-]{1,61}[0-9a-z]$",
            "ConstraintDescription": "specify the name of a bucket",
            "Description": f"The bucket, in this Region, that contains {FUNCTION_ZIP}.",
        },
        "CodeS3Key": {
            "Type": "String",
            "MinLength": 1,
            "MaxLength": 1024,
            "Description": f"The key of {FUNCTION_ZIP} in the bucket.",
        },
    }
    return {
        **(code if code_parameters else {}),
        "LogRetentionInDays": {
            "Type": "Number",
            "Default": 30,
            "AllowedValues": _RETENTION_DAYS,
            "Description": "How long the function's log is kept, in days.",
        },
        "PermissionsBoundaryArn": {
            "Type": "String",
            "Default": "",
            "AllowedPattern": r"^(arn:[^:]+:iam::(\d{12}|aws):policy/.+)?$",
            "ConstraintDescription": "specify the ARN of a managed policy, or nothing",
            "Description": "The permissions boundary of every role here. Empty: none.",
        },
        "SubnetIds": {
            "Type": "CommaDelimitedList",
            "Default": "",
            "AllowedPattern": _LIST_PATTERN.format(prefix="subnet"),
            "ConstraintDescription": "specify ids of subnets, separated by commas",
            "Description": "The subnets of the function's VPC, from which it reaches AWS's APIs. Empty: no VPC.",
        },
        "SecurityGroupIds": {
            "Type": "CommaDelimitedList",
            "Default": "",
            "AllowedPattern": _LIST_PATTERN.format(prefix="sg"),
            "ConstraintDescription": "specify ids of security groups, separated by commas",
            "Description": "The function's security groups; required with SubnetIds.",
        },
    }


def _function_conditions() -> Json:
    return {
        "HasPermissionsBoundary": _is_set("PermissionsBoundaryArn"),
        "InVpc": {"Fn::Not": [{"Fn::Equals": [{"Fn::Join": ["", {"Ref": "SubnetIds"}]}, ""]}]},
    }


def _builder_conditions() -> Json:
    def all_of(*conditions: Json) -> Json:
        return {"Fn::And": list(conditions)}

    stops_on_delete, stops_after = {"Condition": "StopsOnDelete"}, {"Condition": "StopsAfter"}
    leaves_running = {"Fn::Not": [stops_on_delete]}
    restarts = {"Fn::Equals": [{"Ref": "RestartToUpdateAgent"}, "true"]}
    return {
        "HasAgentVersion": _is_set("AppstreamAgentVersion"),
        "RestartsForAgent": all_of({"Condition": "HasAgentVersion"}, restarts),
        "RestartsOnly": all_of({"Condition": "RestartsForAgent"}, leaves_running),
        "StopsOnDelete": {"Fn::Equals": [{"Ref": "OnDelete"}, contract.STOP]},
        "StopsAfter": {"Fn::Not": [{"Fn::Equals": [{"Ref": "StopAfterMinutes"}, "0"]}]},
        "StopsAfterAndOnDelete": all_of(stops_after, stops_on_delete),
        "StopsAfterOnly": all_of(stops_after, leaves_running),
        "HasTrigger": _is_set("Trigger"),
        **_function_conditions(),
    }


def _is_set(parameter: str) -> Json:
    return {"Fn::Not": [{"Fn::Equals": [{"Ref": parameter}, ""]}]}


def _groups(parameters: Json) -> list[Json]:
    function = [name for name in parameters if name in _function_parameters(code_parameters=True)]
    builder = [name for name in parameters if name not in function]
    labels = {"Image builder": builder, "Function that starts it": function}
    return [{"Label": {"default": label}, "Parameters": names} for label, names in labels.items()]


def _ordered(resource: Json) -> Json:
    keys = ("Type", "Condition", "DependsOn", "DeletionPolicy", "UpdateReplacePolicy", "Properties")
    return {key: resource[key] for key in keys if key in resource}


_COMMENTS = {
    "ServiceTimeouts": "CloudFormation's own limit: the timeout and a minute for the function's response.",
    "Conditions": "Which options are in use.",
    "RunningImageBuilder": "Starts the image builder if it is stopped. Resources that depend on this one, or use one "
    "of its attributes, come after it is RUNNING. The lists to select from make it wait for a policy.",
    "Function": "Starts and stops image builders, and waits for them.",
    "LogGroup": "The function's log.",
    "FunctionRole": "The function's role, and below it what the function may do.",
    "FunctionPolicy": "Needed from the function's first call on.",
    "BuilderPolicy": "Needed from the first image builder on. It names the function, so it comes after the function.",
    "StopPolicy": "Only with OnDelete STOP. Another image builder makes another policy (by its description), so the "
    "clean-up after a rename may still stop the old one.",
    "SchedulePolicy": "Only with StopAfterMinutes. Another image builder makes another policy (by its description).",
    "SchedulerRole": "With this role EventBridge Scheduler stops the image builder. Its name is the schedule's name.",
    "RetainedSchedulerRole": "The same for OnDelete LEAVE_RUNNING. It is retained, because the schedule stops the "
    "image builder after the stack, or the name, is gone.",
}


def _template(
    description: str,
    *,
    parameters: Json,
    conditions: Json,
    resources: dict[str, Json],
    outputs: Mapping[str, tuple[Json, str]],
    mappings: Json | None = None,
) -> PlainTemplate:
    body: Json = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"{description} (cdk-appstream-image-builder {version('cdk-appstream-image-builder')})",
        "Metadata": {"AWS::CloudFormation::Interface": {"ParameterGroups": _groups(parameters)}},
        "Parameters": parameters,
        **({"Mappings": mappings} if mappings else {}),
        "Conditions": conditions,
        "Resources": {name: _ordered(each) for name, each in resources.items()},
        "Outputs": {name: {"Description": text, "Value": value} for name, (value, text) in outputs.items()},
    }
    return PlainTemplate(body=body, comments=_COMMENTS)
