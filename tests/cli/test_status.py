"""What `status` prints, and what its exit code tells a script."""

import json

import jmespath
import pytest
import yaml

from support.fake_aws import FakeAws, Run, begin, finish
from support.virtual_time import VirtualClock

VPC = {"VpcConfig": {"SubnetIds": ["subnet-1"]}}


def test_a_deploy_in_progress_is_told_with_its_deadline(aws: FakeAws, clock: VirtualClock, run: Run) -> None:
    """With one observation, without a wait; the exit code is 0."""
    begin(aws)
    aws.state("PENDING", **VPC)
    clock.now += 65
    aws.says("continues in a new invocation", state="PENDING", remaining=535)

    assert (
        0,
        [
            "Image builder     builder-1",
            "State             PENDING",
            "Address           not yet",
            "Deploy            stack stack-1: CREATE_IN_PROGRESS",
            "Began             2027-01-15 08:00:00",
            "Elapsed           1:05 of 10:00",
            "Deadline          2027-01-15 08:10:00",
            "Self-invocations  1",
        ],
    ) == run("status")
    assert [] == clock.slept


def test_a_builder_without_a_vpc_is_said_to_have_no_address(aws: FakeAws, run: Run) -> None:
    """An empty output would not say why."""
    aws.state("RUNNING")

    assert "Address        none: the image builder is not in a VPC" in run("status")[1]


def test_a_failed_deploy_is_told_with_its_reason(aws: FakeAws, run: Run) -> None:
    """The function's own words."""
    begin(aws)
    aws.event("CREATE_FAILED", "Image builder builder-1: it broke. Mend it.")
    aws.stack_event("ROLLBACK_COMPLETE")

    assert "Reason         Image builder builder-1: it broke. Mend it." in run("status", "--stack-name", "stack-1")[1]


def test_a_stack_that_is_not_there_is_named(aws: FakeAws, run: Run) -> None:
    """Whoever gave the name has mistyped it, most often."""
    aws.state("STOPPED")

    assert (
        "Deploy         none found: there is no stack stack-2, or this image builder is not in it"
        in run("status", "--stack-name", "stack-2")[1]
    )
    assert "Deploy         none found; specify the stack with --stack-name" in run("status")[1]


def test_a_finished_deploy_is_found_by_the_builders_name(aws: FakeAws, run: Run) -> None:
    """CloudFormation knows the physical id by then."""
    begin(aws)
    finish(aws)

    assert "Deploy         stack stack-1: CREATE_COMPLETE" in run("status")[1]


@pytest.mark.parametrize("name", [{"Ref": "P"}, "builder-1"])
def test_a_name_may_be_a_parameter_of_the_stack(aws: FakeAws, run: Run, name: object) -> None:
    """Or the name as it is."""
    begin(aws)
    properties = {**aws.template["Resources"]["Builder"]["Properties"], "Name": name}
    aws.template = {"Resources": {"Builder": {**aws.template["Resources"]["Builder"], "Properties": properties}}}

    assert "Deploy         stack stack-1: CREATE_IN_PROGRESS" in run("status")[1]


def test_a_template_may_be_yaml_with_short_forms(aws: FakeAws, run: Run) -> None:
    """As the template without CDK is, or somebody's own; what is no template is no error."""
    begin(aws)
    aws.template = """
Resources:
  Builder:
    Type: Custom::AppStreamRunningImageBuilder
    Properties:
      ServiceToken: !GetAtt Function.Arn
      Name: !Ref P
      TimeoutSeconds: 10 minutes
      OnDelete: !If [Stops, STOP, !Sub LEAVE_RUNNING]
"""

    lines = run("status")[1]
    assert "Deploy         stack stack-1: CREATE_IN_PROGRESS" in lines
    assert "Elapsed        0:00 of 10:00" in lines

    aws.template = "Resources: [\n"
    assert "Deploy         none found; specify the stack with --stack-name" in run("status")[1]


def test_a_stack_of_another_builder_is_not_this_ones(aws: FakeAws, run: Run) -> None:
    """Only the name decides."""
    begin(aws)
    aws.template = {"Resources": {"Other": {"Type": "Custom::AppStreamRunningImageBuilder", "Properties": {}}}}

    assert "Deploy         none found; specify the stack with --stack-name" in run("status")[1]


def test_wait_is_0_only_when_it_runs(aws: FakeAws, clock: VirtualClock, run: Run) -> None:
    """A stopped builder may still be started by somebody."""
    clock.later(20, lambda: aws.state("PENDING"))
    clock.later(40, lambda: aws.state("RUNNING"))

    assert 0 == run("status", "--wait")[0]
    assert 40 == sum(clock.slept)


@pytest.mark.parametrize("state", ["FAILED", "DELETING"])
def test_wait_is_1_when_it_cannot_run(aws: FakeAws, clock: VirtualClock, run: Run, state: str) -> None:
    """At once, with the state printed."""
    clock.later(4, lambda: aws.state(state))

    code, lines = run("status", "--wait")

    assert (1, f"State          {state}") == (code, lines[1])
    assert 4 == sum(clock.slept)


def test_wait_is_1_when_the_builder_disappears(aws: FakeAws, clock: VirtualClock, run: Run) -> None:
    """Deleted while it is waited for."""
    clock.later(4, lambda: setattr(aws, "builder", None))

    assert 1 == run("status", "--wait")[0]


@pytest.mark.parametrize(("options", "seconds"), [((), 3600), (("--timeout", "7"), 7), (("--timeout", "0"), 0)])
def test_wait_is_124_when_time_is_up(
    aws: FakeAws, clock: VirtualClock, run: Run, options: tuple[str, ...], seconds: float
) -> None:
    """An hour where nothing is said: no deploy of a running builder takes longer."""
    assert 124 == run("status", "--wait", *options)[0]
    assert seconds == sum(clock.slept)


@pytest.mark.parametrize("output", ["json", "yaml"])
def test_a_document_holds_what_aws_says_and_the_deploy(
    aws: FakeAws, clock: VirtualClock, run: Run, output: str
) -> None:
    """Named as AWS names things; a null for what is not there."""
    begin(aws)
    clock.now += 60
    _, lines = run("status", "--output", output)
    text = "\n".join(lines)

    document = json.loads(text) if output == "json" else yaml.safe_load(text)

    assert {"Name": "builder-1", "State": "STOPPED"} == document["ImageBuilder"]
    assert {
        "StackName": "stack-1",
        "StackStatus": "CREATE_IN_PROGRESS",
        "LogicalResourceId": "Builder",
        "ResourceStatus": "CREATE_IN_PROGRESS",
        "ResourceStatusReason": "",
        "BeganAt": "2027-01-15T08:00:00Z",
        "EndedAt": None,
        "ElapsedSeconds": 60.0,
        "DeadlineAt": "2027-01-15T08:10:00Z",
        "RemainingSeconds": 540.0,
        "SelfInvocations": [],
    } == document["Deploy"]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--query", "State"), ['"STOPPED"']),
        (("--query", "State", "--output", "text"), ["STOPPED"]),
        (("--query", "State", "--output", "yaml"), ["STOPPED"]),
        (("--query", "Nothing", "--output", "text"), ["None"]),
        (("--query", "[State, EniPrivateIpAddress]", "--output", "text"), ["STOPPED\t"]),
        (("--query", "ImageBuilder", "--output", "text"), ["builder-1\tSTOPPED"]),
        (("--query", "{B: ImageBuilder}", "--output", "text"), ["B\tbuilder-1\tSTOPPED"]),
        (("--query", "{B: ImageBuilder.*}", "--output", "text"), ["B\tbuilder-1", "B\tSTOPPED"]),
        (
            ("--query", "ImageBuilder", "--output", "table"),
            ["+-------------------+", "| Name  | builder-1 |", "| State | STOPPED   |", "+-------------------+"],
        ),
    ],
)
def test_a_query_takes_what_a_script_needs(run: Run, options: tuple[str, ...], expected: list[str]) -> None:
    """As JSON where no output is asked for; text as the AWS CLI's."""
    assert (0, expected) == run("status", *options)


def test_a_query_that_does_not_fit_the_data_is_an_error(run: Run) -> None:
    """It compiles, so only the data can tell."""
    with pytest.raises(jmespath.exceptions.JMESPathError):
        run("status", "--query", "length(Deploy.Nothing)")
