"""Runs the app.py of the current folder with cdk-nag's AwsSolutions pack; the report lands in the assembly."""

import runpy
from typing import Any

from aws_cdk import App, Validations
from cdk_nag import AwsSolutionsChecks

_synth = App.synth


def synth(app: App, **options: Any) -> Any:
    """Synthesize with the pack."""
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    return _synth(app, **options)


if __name__ == "__main__":
    App.synth = synth  # type: ignore[assignment,method-assign]
    runpy.run_path("app.py", run_name="__main__")
