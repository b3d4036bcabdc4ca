"""The platform team's app: one function for every builder of the account with a tag, and its token in a parameter."""

from aws_cdk import App, Stack
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_ssm as ssm

from cdk_appstream_image_builder import RunningImageBuilderProvider

app = App()
provider = RunningImageBuilderProvider(
    Stack(app, "Platform", stack_name="platform"),
    "Provider",
    builders_by_tag={"team": "cad"},
    # As in a Region without JSON logs.
    logging_format=lambda_.LoggingFormat.TEXT,
)
provider.export_service_token("/platform/image-builders/service-token")
ssm.StringParameter(
    provider, "RoleArn", parameter_name="/platform/image-builders/role", string_value=provider.role.role_arn
)
app.synth()
