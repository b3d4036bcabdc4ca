"""The function's code as CDK takes it; what is in it is the asset's matter."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aws_cdk import Stage
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from cdk_appstream_image_builder.function_asset import deployment_package

_STAGING_OFF = "aws:cdk:disable-asset-staging"
"""The context key behind ``cdk synth --no-staging``: then the template points to the file where it was made."""


@contextmanager
def function_code(scope: Construct) -> Iterator[lambda_.Code]:
    """Give the code to a function that is made inside the with statement.

    The package is copied into the cloud assembly while the function is made, and not needed after it.
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
