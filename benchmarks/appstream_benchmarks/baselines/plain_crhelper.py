"""Plain crhelper: a function with poll functions, packed and permitted as its README says."""

import importlib.util
import shutil
import tempfile
from pathlib import Path

from aws_cdk import CfnOutput, CustomResource, Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_

# Beyond the two minutes for which crhelper keeps a delete waiting for its log.
_LIMIT_SECONDS = 180
# What its README demands for polling, on "*" as it has it.
_POLLING = (
    "lambda:AddPermission",
    "lambda:RemovePermission",
    "events:PutRule",
    "events:DeleteRule",
    "events:PutTargets",
    "events:RemoveTargets",
)


def add(stack: Stack, names: list[str], *, trigger: str | None, function_limit: int | None) -> None:
    """Add the builders to a stack; see `app`."""
    with tempfile.TemporaryDirectory() as folder:
        pack(Path(folder))
        function = lambda_.Function(
            stack,
            "Function",
            code=lambda_.Code.from_asset(folder),
            handler="index.handler",
            runtime=lambda_.Runtime.PYTHON_3_14,
            timeout=Duration.seconds(function_limit or _LIMIT_SECONDS),
        )
    function.add_to_role_policy(iam.PolicyStatement(actions=[*_POLLING], resources=["*"]))
    function.add_to_role_policy(
        iam.PolicyStatement(actions=["appstream:DescribeImageBuilders", "appstream:StartImageBuilder"], resources=["*"])
    )
    resources = []
    for number, name in enumerate(names):
        properties = {"ImageBuilderName": name} | ({} if trigger is None else {"Trigger": trigger})
        resources.append(
            CustomResource(
                stack,
                f"Builder{number}",
                resource_type="Custom::StartedImageBuilder",
                service_token=function.function_arn,
                properties=properties,
            )
        )
    CfnOutput(stack, "State", value=resources[0].get_att_string("State"))


def pack(folder: Path) -> None:
    """Write the function with crhelper beside it, as `pip install crhelper -t .` leaves it."""
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(__file__).parent / "plain_crhelper_function", folder, dirs_exist_ok=True, ignore=ignore)
    found = importlib.util.find_spec("crhelper")
    assert found is not None
    assert found.origin is not None
    shutil.copytree(Path(found.origin).parent, folder / "crhelper", ignore=ignore)
