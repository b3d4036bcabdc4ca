"""Plain crhelper: a function with poll functions, packaged and permitted as its README says."""

import importlib.util
import shutil
import tempfile
from pathlib import Path

from aws_cdk import Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_

from appstream_benchmarks.baselines.custom_resources import add_custom_resources

# More than the two minutes that crhelper sleeps on each delete.
_LIMIT_SECONDS = 180
# What its README demands for polling, on "*" as there.
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
    add_custom_resources(stack, names, service_token=function.function_arn, trigger=trigger)


def pack(folder: Path) -> None:
    """Write the function with crhelper beside it, as `pip install crhelper -t .` leaves it."""
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(__file__).parent / "plain_crhelper_function", folder, dirs_exist_ok=True, ignore=ignore)
    found = importlib.util.find_spec("crhelper")
    assert found is not None
    assert found.origin is not None
    shutil.copytree(Path(found.origin).parent, folder / "crhelper", ignore=ignore)
