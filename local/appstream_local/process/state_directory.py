"""The directory that one engine writes to."""

import shutil
import tempfile
from pathlib import Path

from .errors import EngineError

_PREFIX = "appstream-local-"


class StateDirectory:
    """The directory of one engine, deleted with it."""

    def __init__(self, given: Path | None = None) -> None:
        """Create the directory: a temporary one, unless an empty or missing one is given.

        Raises:
            EngineError: the given one isn't empty, and `remove` would delete its files.
        """
        if given is None:
            self.path = Path(tempfile.mkdtemp(prefix=_PREFIX))
        else:
            self.path = given.absolute()
            self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
            if any(self.path.iterdir()):
                raise EngineError(f"the state directory {self.path} is not empty")
        for name in ("home", "tmp", "data"):
            (self.path / name).mkdir()
        for name in ("aws-config", "aws-credentials"):
            (self.path / "home" / name).touch()
        self.log = self.path / "engine.log"
        self.log.touch()

    def last_words(self) -> str:
        """Return the line of the log that says best why the engine ended."""
        try:
            log = self.log.read_text(errors="replace")
        except FileNotFoundError:
            return f"{self.path} was deleted while it ran"  # usually by a program that cleans up temporary files
        lines = [line.strip() for line in log.splitlines()]
        errors = [line for line in lines if "ERROR" in line or "Error:" in line]
        return next(reversed(errors or [line for line in lines if line]), "it wrote nothing")

    def keep_log(self) -> Path:
        """Copy the log out of the directory, and return the path of the copy."""
        with tempfile.NamedTemporaryFile(prefix=_PREFIX, suffix=".log", dir=self.path.parent, delete=False) as kept:
            kept.write(self.log.read_bytes())
        return Path(kept.name)

    def remove(self) -> None:
        """Delete the directory with everything in it."""
        shutil.rmtree(self.path, ignore_errors=True)
