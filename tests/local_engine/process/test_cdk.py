"""What a command of the CDK CLI says of its failure, in one line."""

from __future__ import annotations

import pytest

from appstream_local.process.cdk import TIMED_OUT, CdkError, CdkResult


def any_result(*, exit_code: int = 1, output: str = "") -> CdkResult:
    """Return a result; its command and its time do not matter."""
    return CdkResult(command="deploy Stack --ci", exit_code=exit_code, output=output, seconds=30.0)


def test_success_passes_check() -> None:
    """A command that worked gives itself back, whatever it wrote."""
    result = any_result(exit_code=0, output="Error: not really")

    assert result is result.check()


def test_failure_names_the_subcommand() -> None:
    """The error says which command failed, without its arguments."""
    with pytest.raises(CdkError, match=r"\Acdk deploy failed: exit code 1\Z"):
        any_result().check()


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        pytest.param(
            "Stack | 5/8 | 5:53:15 PM | CREATE_FAILED        | Custom::X | R/Default (R1) no such builder\n"
            "Stack | 5:53:16 PM | ROLLBACK_IN_PROGRESS | AWS::CloudFormation::Stack\n"
            "❌  Stack failed to deploy",
            "CREATE_FAILED Custom::X R/Default (R1) no such builder",
            id="a resource that failed, rather than what followed",
        ),
        pytest.param(
            "app.py: imageBuilderName is missing\npython3 app.py: Subprocess exited with error 1",
            "app.py: imageBuilderName is missing",
            id="what the app wrote, rather than that it ended",
        ),
        pytest.param(
            'Traceback (most recent call last):\n  raise ValueError("x")\nValueError: x\n'
            "python3 app.py: Subprocess exited with error 1",
            "ValueError: x",
            id="the end of a traceback",
        ),
        pytest.param("something\nunheard of\n\n", "unheard of", id="the last line, where none names an error"),
        pytest.param("", "exit code 1", id="the exit code, where it wrote nothing"),
    ],
)
def test_the_reason_is_the_line_that_says_most(output: str, reason: str) -> None:
    """Out of all that was written, the cause is chosen."""
    assert reason == any_result(output=output).reason


def test_a_time_out_is_named() -> None:
    """A command that was ended at its time-out says so, whatever it wrote until then."""
    assert "it had not ended after 30 s" == any_result(exit_code=TIMED_OUT, output="Error: x").reason
