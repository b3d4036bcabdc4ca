"""Synthesizes the approaches with the CDK CLI."""

from pathlib import Path

from appstream_benchmarks.baselines.names import STACK_APPROACHES
from appstream_benchmarks.machine import PROJECT_DIR
from appstream_local.process.cdk import Cdk
from appstream_local.process.engine import Engine


def synthesize(output_dir: Path, approaches: tuple[str, ...] = STACK_APPROACHES) -> Path:
    """Synthesize approaches into an empty directory, and return it."""
    command = "python3 -m appstream_benchmarks.baselines.app"
    with Engine() as engine:
        engine.environment["PYTHONPATH"] = str(PROJECT_DIR / "benchmarks")
        cdk = Cdk(engine=engine, project_dir=PROJECT_DIR, app=command, output_dir=output_dir)
        chosen = f"approaches={','.join(approaches)}"
        cdk.run("synth", "--app", command, "--output", str(output_dir), "--quiet", "-c", chosen).check()
    return output_dir
