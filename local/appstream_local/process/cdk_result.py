"""What one command of the CDK CLI did, and the one line that says why it failed; runs nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

TIMED_OUT = 124

# The lines that name a cause, the best ones first.
_FAILED_RESOURCES = ("CREATE_FAILED", "UPDATE_FAILED", "DELETE_FAILED")
# It follows what the app itself wrote, which says more.
_APP_FAILED = "Subprocess exited with error"


class CdkError(Exception):
    """A CDK command failed; the text is one line for a person."""


@dataclass(frozen=True)
class CdkResult:
    """What one CDK command did.

    Attributes:
        command: the subcommand with its arguments, for messages.
        exit_code: 0 where it worked; 124 where it was ended at its time-out.
        output: standard output and standard error, in the order written.
        seconds: how long it took.
        outputs: for each deployed stack its outputs, by id.
    """

    command: str
    exit_code: int
    output: str
    seconds: float
    outputs: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def check(self) -> CdkResult:
        """Return this result, or raise CdkError with the line that says what went wrong."""
        if self.exit_code == 0:
            return self
        raise CdkError(f"cdk {self.command.split()[0]} failed: {self.reason}")

    @property
    def reason(self) -> str:
        """Why it failed, in one line."""
        if self.exit_code == TIMED_OUT:
            return f"it had not ended after {self.seconds:.0f} s"
        lines = [line.strip() for line in self.output.splitlines()]
        lines = [line for line in lines if line and _APP_FAILED not in line]
        for line in lines:
            for mark in _FAILED_RESOURCES:
                if mark in line:
                    # Before it: the stack, a count, the time. After it: type, name and reason.
                    return " ".join(line[line.index(mark) :].replace("|", " ").split())
        for mark in ("❌", "Error", "error"):
            for line in reversed(lines):
                if mark in line:
                    return line
        return lines[-1] if lines else f"exit code {self.exit_code}"
