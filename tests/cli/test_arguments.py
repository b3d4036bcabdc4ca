"""What the command line takes, and what it says about the rest: one line, exit code 252."""

import pytest

from cdk_appstream_image_builder.cli.arguments import Arguments, parse


def test_every_option_arrives() -> None:
    """The AWS CLI's by the AWS CLI's names."""
    line = (
        "status b-1 --region eu-west-1 --profile p --endpoint-url https://x --ca-bundle c.pem --no-verify-ssl "
        "--output yaml --query State --no-cli-pager --color off --stack-name s --log-group g --wait --timeout 5 "
        "--interval 0.5"
    )

    assert Arguments(
        command="status",
        name="b-1",
        region="eu-west-1",
        profile="p",
        endpoint_url="https://x",
        ca_bundle="c.pem",
        verify_ssl=False,
        output="yaml",
        query="State",
        stack_name="s",
        log_group="g",
        wait=True,
        timeout=5,
        interval=0.5,
        color="off",
    ) == parse(line.split())


def test_a_name_is_enough() -> None:
    """Everything else has a default."""
    assert Arguments(command="watch", name="b-1") == parse(["watch", "b-1"])


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("", "the following arguments are required: watch|status"),
        ("look b-1", "invalid choice: 'look'"),
        ("watch", "the following arguments are required: NAME"),
        ("watch -b", "the following arguments are required: NAME"),
        ("watch b/1", "'b/1' is no builder's name"),
        ("watch b-1 --wait", "unrecognized arguments: --wait"),
        ("watch b-1 --reg x", "unrecognized arguments: --reg x"),
        ("watch b-1 --output xml", "invalid choice: 'xml'"),
        ("watch b-1 --query a[", "'a[' is no JMESPath expression"),
        ("watch b-1 --endpoint-url x", "'x' is no address: begin it with https://"),
        ("watch b-1 --timeout nan", "'nan' is no number of seconds from 0"),
        ("watch b-1 --timeout=-1", "'-1' is no number of seconds from 0"),
        ("watch b-1 --interval 0", "'0' is no number of seconds from 0.1 to 3600"),
        ("watch b-1 --interval often", "'often' is no number of seconds from 0.1 to 3600"),
    ],
)
def test_a_wrong_argument_is_one_line_that_shows_it(
    capsys: pytest.CaptureFixture[str], line: str, message: str
) -> None:
    """The value, and where help is."""
    with pytest.raises(SystemExit, match="252"):
        parse(line.split())

    said = capsys.readouterr().err
    assert message in said
    assert 1 == said.count("\n")
    assert "--help" in said
