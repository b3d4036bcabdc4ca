"""What the command line takes, and what it says about the rest: one line, exit code 252."""

from pathlib import Path

import pytest

from appstream_image_builder_cli.arguments import Arguments, parse


def test_every_option_arrives(tmp_path: Path) -> None:
    """The AWS CLI's by the AWS CLI's names."""
    bundle = tmp_path / "c.pem"
    bundle.touch()
    line = (
        f"status b-1 --region eu-west-1 --profile p --endpoint-url https://x --ca-bundle {bundle} --no-verify-ssl "
        "--output yaml --query State --no-cli-pager --color off --stack-name s --log-group g --wait --timeout 5 "
        "--interval 0.5"
    )

    assert Arguments(
        command="status",
        name="b-1",
        region="eu-west-1",
        profile="p",
        endpoint_url="https://x",
        ca_bundle=str(bundle),
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


def test_the_aws_clis_options_may_stand_before_the_command() -> None:
    """As with the AWS CLI; one that is given twice counts as it is given last."""
    expected = Arguments(command="watch", name="b-1", region="eu-west-1", verify_ssl=False, color="off")

    line = "--region x --no-verify-ssl --color off watch b-1 --region eu-west-1"
    assert expected == parse(line.split())


def test_a_wait_has_an_end_where_none_is_given() -> None:
    """A watch has none; both take one."""
    assert [3600.0, 0.0] == [parse(f"status b-1 --wait {each}".split()).timeout for each in ("", "--timeout 0")]
    assert [None, 5.0] == [parse(f"watch b-1 {each}".split()).timeout for each in ("", "--timeout 5")]


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
        ("watch b/1", "'b/1' is not a builder's name"),
        ("watch b-1 --wait", "unrecognized arguments: --wait"),
        ("watch b-1 --reg x", "unrecognized arguments: --reg x"),
        ("watch b-1 --output xml", "invalid choice: 'xml'"),
        ("watch b-1 --query a[", "'a[' is not a JMESPath expression"),
        ("watch b-1 --ca-bundle /no/such.pem", "'/no/such.pem' cannot be read: specify a file of certificates"),
        ("watch b-1 --endpoint-url x", "'x' is not a URL: begin it with https://"),
        ("watch b-1 --timeout nan", "'nan' is not a number of seconds from 0"),
        ("watch b-1 --timeout=-1", "'-1' is not a number of seconds from 0"),
        ("status b-1 --timeout 5", "--timeout and --interval go with --wait"),
        ("status b-1 --interval 5", "--timeout and --interval go with --wait"),
        ("watch b-1 --interval 0", "'0' is not a number of seconds from 0.1 to 3600"),
        ("watch b-1 --interval often", "'often' is not a number of seconds from 0.1 to 3600"),
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
