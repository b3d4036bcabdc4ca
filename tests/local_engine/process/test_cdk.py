"""Why a command of the CDK CLI failed, in one line."""

import pytest

from appstream_local.process.cdk import TIMED_OUT, CdkError, CdkResult


def any_result(*, exit_code: int = 1, output: str = "") -> CdkResult:
    """Return a result with any command and time."""
    return CdkResult(command="deploy Stack --ci", exit_code=exit_code, output=output, seconds=30.0)


def test_success_passes_check() -> None:
    """`check` returns a successful result, whatever the command wrote."""
    result = any_result(exit_code=0, output="Error: not really")

    assert result is result.check()


def test_failure_names_the_subcommand() -> None:
    """The error names the command without its arguments."""
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
            id="the failed resource instead of what followed",
        ),
        pytest.param(
            "app.py: imageBuilderName is missing\npython3 app.py: Subprocess exited with error 1",
            "app.py: imageBuilderName is missing",
            id="the app's message instead of its end",
        ),
        pytest.param(
            'Traceback (most recent call last):\n  raise ValueError("x")\nValueError: x\n'
            "python3 app.py: Subprocess exited with error 1",
            "ValueError: x",
            id="the end of a traceback",
        ),
        pytest.param("something\nunheard of\n\n", "unheard of", id="the last line if none names an error"),
        pytest.param("", "exit code 1", id="the exit code if it wrote nothing"),
    ],
)
def test_the_reason_is_the_most_useful_line(output: str, reason: str) -> None:
    """Of everything that was written."""
    assert reason == any_result(output=output).reason


def test_a_timeout_is_named() -> None:
    """A command that was ended at its timeout says so, whatever it wrote."""
    assert "it had not ended after 30 s" == any_result(exit_code=TIMED_OUT, output="Error: x").reason
