"""Where things lie in this checkout; nothing else."""

from pathlib import Path

PROJECT_DIR = Path(__file__).resolve().parents[2]
