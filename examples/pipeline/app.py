"""A pipeline whose stage starts an image builder, and whose next step connects to the builder's address."""

from aws_cdk import App, CfnOutput, Stack, Stage
from aws_cdk import aws_ec2 as ec2
from aws_cdk.pipelines import CodeBuildStep, CodePipeline, CodePipelineSource, ShellStep
from constructs import Construct

from cdk_appstream_image_builder import RunningImageBuilder

NPM = "npm install --global aws-cdk@2.1148.1"
PIP = "pip install --requirement requirements.txt"

CONNECT = (
    # RUNNING does not mean that Windows already listens on the port, so retry until a deadline.
    "deadline=$(($(date +%s) + {minutes} * 60)); "
    'until timeout 10 bash -c "exec 3<>/dev/tcp/$ADDRESS/{port}"; do '
    'if test "$(date +%s)" -ge "$deadline"; then echo "$ADDRESS does not answer on port {port}"; exit 1; fi; '
    'sleep 5; done; echo "$ADDRESS answers"'
)


class Builders(Stage):
    """Deploys a running builder, and passes its address to the next step."""

    def __init__(self, scope: Construct, construct_id: str, *, image_builder_name: str) -> None:
        super().__init__(scope, construct_id)
        stack = Stack(self, "ImageBuilder")
        builder = RunningImageBuilder(stack, "Builder", image_builder_name=image_builder_name)
        self.state = CfnOutput(stack, "State", value=builder.image_builder_state)
        self.address = CfnOutput(stack, "Address", value=builder.image_builder_eni_private_ip_address)


app = App()
setting = app.node.try_get_context
stack = Stack(app, "Pipeline")
source = CodePipelineSource.connection(
    setting("repository"), setting("branch"), connection_arn=setting("connectionArn")
)
pipeline = CodePipeline(
    stack,
    "Pipeline",
    synth=ShellStep("Synth", input=source, commands=[NPM, PIP, "npx cdk synth"]),
)
vpc = ec2.Vpc.from_vpc_attributes(
    stack,
    "Vpc",
    vpc_id=setting("vpcId"),
    availability_zones=[setting("availabilityZone")],
    private_subnet_ids=[setting("subnetId")],
)
stage = Builders(app, "Test", image_builder_name=setting("imageBuilderName"))
reach = CodeBuildStep(
    "Reach",
    env_from_cfn_outputs={"STATE": stage.state, "ADDRESS": stage.address},
    commands=[
        'test "$STATE" = RUNNING',
        CONNECT.format(minutes=setting("connectMinutes"), port=setting("port")),
    ],
    vpc=vpc,
    security_groups=[ec2.SecurityGroup.from_security_group_id(stack, "Group", setting("securityGroupId"))],
)
pipeline.add_stage(stage, post=[reach])

app.synth()
