"""Makes the function's deployment package an asset of CDK."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aws_cdk import Stage
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from cdk_appstream_image_builder.function_asset import deployment_package

_STAGING_OFF = "aws:cdk:disable-asset-staging"
"""The context key of ``cdk synth --no-staging``, with which the template points to the original file."""


@contextmanager
def function_code(scope: Construct) -> Iterator[lambda_.Code]:
    """Provide the code for a function that is created inside the with statement.

    CDK copies the package into the cloud assembly when the function is created.
    """
    stage = Stage.of(scope)
    if scope.node.try_get_context(_STAGING_OFF) and stage is not None:
        yield _package_in(Path(stage.asset_outdir))
        return
    with tempfile.TemporaryDirectory() as folder:
        yield _package_in(Path(folder))


def _package_in(folder: Path) -> lambda_.Code:
    package = folder / "running-image-builder-function.zip"
    deployment_package.write_function_zip(package)
    return lambda_.Code.from_asset(str(package))
