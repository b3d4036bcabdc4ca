"""The apps whose synths are measured, as text; each finds the function's package beside it as `function.zip`."""

from typing import Final

_EMPTY = """
from aws_cdk import App, Stack

app = App()
stack = Stack(app, "Stack")
app.synth()
"""

_RESOURCES = """
from aws_cdk import App, AssetStaging, CfnResource, CustomResource, FileAssetPackaging, Stack

app = App()
stack = Stack(app, "Stack")
staging = AssetStaging(stack, "Code", source_path="function.zip")
code = stack.synthesizer.add_file_asset(
    file_name=staging.relative_staged_path(stack),
    packaging=FileAssetPackaging.FILE,
    source_hash=staging.asset_hash,
)


def policy(**statement):
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]}


def resource(construct_id, resource_type, **properties):
    return CfnResource(stack, construct_id, type=resource_type, properties=properties)


trust = policy(Action="sts:AssumeRole", Principal={"Service": "lambda.amazonaws.com"})
role = resource("Role", "AWS::IAM::Role", AssumeRolePolicyDocument=trust)
describe = policy(Action="appstream:DescribeImageBuilders", Resource="*")
resource("First", "AWS::IAM::Policy", PolicyDocument=describe, PolicyName="First", Roles=[role.ref])
log_group = resource("LogGroup", "AWS::Logs::LogGroup", RetentionInDays=30)
function = resource(
    "Function",
    "AWS::Lambda::Function",
    Architectures=["arm64"],
    Code={"S3Bucket": code.bucket_name, "S3Key": code.object_key},
    Handler="index.handler",
    LoggingConfig={"LogGroup": log_group.ref},
    Role=role.get_att("Arn").to_string(),
    Runtime="python3.14",
)
arn = function.get_att("Arn").to_string()
start = policy(Action="lambda:InvokeFunction", Resource=arn)
resource("Second", "AWS::IAM::Policy", PolicyDocument=start, PolicyName="Second", Roles=[role.ref])
CustomResource(stack, "Builder", service_token=arn, properties={"Name": "my-builder"})
app.synth()
"""

_FUNCTION = """
from aws_cdk import App, Stack
from aws_cdk import aws_lambda as lambda_

app = App()
stack = Stack(app, "Stack")
lambda_.Function(
    stack,
    "Function",
    code=lambda_.Code.from_asset("function.zip"),
    handler="index.handler",
    runtime=lambda_.Runtime.PYTHON_3_14,
)
app.synth()
"""

_BUILDER = """
from aws_cdk import App, Stack
from cdk_appstream_image_builder import RunningImageBuilder

app = App()
stack = Stack(app, "Stack")
RunningImageBuilder(stack, "Builder", image_builder_name="my-builder")
app.synth()
"""

EMPTY: Final = "nothing"
RESOURCES: Final = "six plain CfnResources"
FUNCTION: Final = "one lambda.Function"
BUILDER: Final = "one RunningImageBuilder"

APPS: Final = {EMPTY: _EMPTY, RESOURCES: _RESOURCES, FUNCTION: _FUNCTION, BUILDER: _BUILDER}
"""By what their stack holds. The third and second are nothing of this project: the least that a construct with a
function adds, with CDK's own construct for it and without any."""
