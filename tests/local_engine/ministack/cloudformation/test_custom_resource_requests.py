"""What the engine sends to custom resources, and what it tells meanwhile, when plans change: as CloudFormation does."""

from __future__ import annotations

import re
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from botocore.exceptions import ClientError

from support.told_resources import ToldResources

pytestmark = pytest.mark.engine

Make = Callable[[str], ToldResources]

ROLLED_BACK = [
    "UPDATE_IN_PROGRESS",
    "UPDATE_ROLLBACK_IN_PROGRESS",
    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
    "UPDATE_ROLLBACK_COMPLETE",
]


@pytest.fixture
def stack(engine_client: Callable[..., Any], tmp_path: Path) -> Make:
    """Return a maker of stacks."""

    def make(name: str) -> ToldResources:
        return ToldResources(engine_client, name, tmp_path)

    return make


@pytest.fixture
def created(stack: Make) -> Callable[..., ToldResources]:
    """Return a maker of stacks that are complete."""

    def make(name: str, **resources: dict[str, Any]) -> ToldResources:
        made = stack(name)
        made.create(**resources)
        assert "CREATE_COMPLETE" == made.wait_over()
        return made

    return make


def statuses(told: list[tuple[str, str]]) -> list[str]:
    """Return the statuses of events."""
    return [status for status, _ in told]


def test_another_function_is_refused_and_neither_is_asked(created: Callable[..., ToldResources]) -> None:
    """In CloudFormation's words; the resource stays as it is, and the stack goes back to what it was."""
    made = created("token", R={"Value": "1"})

    made.update(R={"Value": "2", "Function": "another"})

    assert "UPDATE_ROLLBACK_COMPLETE" == made.wait_over()
    assert [("Create", "R", "")] == made.asked()
    assert ("UPDATE_FAILED", "Modifying service token is not allowed.") in made.told("R")
    assert ("UPDATE_ROLLBACK_IN_PROGRESS", "The following resource(s) failed to update: [R]. ") in made.told()
    assert ROLLED_BACK == statuses(made.told())[2:]
    assert ("token-R", "UPDATE_COMPLETE") == made.listed()["R"]


def test_a_cancelled_update_is_rolled_back_at_once(created: Callable[..., ToldResources]) -> None:
    """While the first invocation still runs; its later answer is taken by nobody."""
    made = created("cancel", R={"Value": "1"})
    made.update(R={"Value": "2", "HoldUpdate": "later"})
    first = made.wait_asked("Update", "R")
    begun = made.resource("R")

    made.cloudformation.cancel_update_stack(StackName=made.name)

    assert "UPDATE_ROLLBACK_COMPLETE" == made.wait_over()
    back = made.wait_asked("Update", "R", times=2)
    assert first["RequestId"] not in [each["RequestId"] for each in made.answered()]
    assert ("1", "2") == (back["ResourceProperties"]["Value"], back["OldResourceProperties"]["Value"])
    assert "cancel-R" == back["PhysicalResourceId"]
    assert [
        "CREATE_IN_PROGRESS",
        "CREATE_COMPLETE",
        "UPDATE_IN_PROGRESS",
        "UPDATE_FAILED",
        "UPDATE_IN_PROGRESS",
        "UPDATE_COMPLETE",
    ] == statuses(made.told("R"))
    assert ("UPDATE_FAILED", "Resource update cancelled") in made.told("R")
    assert ("UPDATE_ROLLBACK_IN_PROGRESS", "User Initiated") in made.told()
    assert "UPDATE_IN_PROGRESS" == begun["ResourceStatus"]
    assert begun["LastUpdatedTimestamp"] < made.resource("R")["LastUpdatedTimestamp"]
    before = made.told("R")

    made.release("later")

    made.wait(lambda: first["RequestId"] in [each["RequestId"] for each in made.answered()])
    assert before == made.told("R")
    assert "UPDATE_ROLLBACK_COMPLETE" == made.status()


def test_the_roll_back_is_told_while_it_goes_on(created: Callable[..., ToldResources]) -> None:
    """By DescribeStacks, DescribeStackResource and ListStackResources alike, with a later moment."""
    made = created("telling", R={"Value": "1", "HoldUpdate": "back"})
    made.update(R={"Value": "2", "HoldUpdate": "there"})
    made.wait_asked("Update", "R")
    first = made.resource("R")
    assert "UPDATE_IN_PROGRESS" == made.status()

    made.cloudformation.cancel_update_stack(StackName=made.name)
    back = made.wait_asked("Update", "R", times=2)

    now = made.resource("R")
    assert "UPDATE_ROLLBACK_IN_PROGRESS" == made.status()
    assert ("UPDATE_IN_PROGRESS", "telling-R", "Custom::Told") == (
        now["ResourceStatus"],
        now["PhysicalResourceId"],
        now["ResourceType"],
    )
    assert ("telling-R", "UPDATE_IN_PROGRESS") == made.listed()["R"]
    assert first["LastUpdatedTimestamp"] < now["LastUpdatedTimestamp"]
    assert "back" == back["ResourceProperties"]["HoldUpdate"]
    made.release("back")
    assert "UPDATE_ROLLBACK_COMPLETE" == made.wait_over()
    made.release("there")


def test_a_failure_elsewhere_cancels_an_update(created: Callable[..., ToldResources]) -> None:
    """The other resource's own failure stands beside it, and it goes back, too."""
    made = created("sibling", Fails={"Value": "1"}, Slow={"Value": "1"})

    made.update(
        Fails={"Value": "2", "HoldUpdate": "now", "AnswerUpdate": '{"Status": "FAILED", "Reason": "as told"}'},
        Slow={"Value": "2", "HoldUpdate": "later"},
    )
    made.wait_asked("Update", "Slow")
    made.release("now")

    assert "UPDATE_ROLLBACK_COMPLETE" == made.wait_over()
    assert ("UPDATE_FAILED", "as told") in made.told("Fails")
    assert ("UPDATE_FAILED", "Resource update cancelled") in made.told("Slow")
    for each in ("Fails", "Slow"):
        back = made.wait_asked("Update", each, times=2)
        assert ("1", "2") == (back["ResourceProperties"]["Value"], back["OldResourceProperties"]["Value"])
    made.release("later")


def test_a_resource_that_was_renamed_goes_back_from_its_new_id(created: Callable[..., ToldResources]) -> None:
    """The roll-back's Update has the id that CloudFormation holds by then; that id is deleted in the clean-up."""
    made = created("renamed", R={"Id": "a"}, Z={"Value": "1", "DependsOn": "R"})

    made.update(
        R={"Id": "b"},
        Z={"Value": "2", "DependsOn": "R", "AnswerUpdate": '{"Status": "FAILED", "Reason": "as told"}'},
    )

    assert "UPDATE_ROLLBACK_COMPLETE" == made.wait_over()
    assert [("Create", "R", ""), ("Update", "R", "a"), ("Update", "R", "b"), ("Delete", "R", "b")] == [
        each for each in made.asked() if each[1] == "R"
    ]
    assert ("a", "UPDATE_COMPLETE") == made.listed()["R"]
    last = made.wait_asked("Delete", "R")
    assert "b" == last["ResourceProperties"]["Id"]


def test_a_rename_that_succeeds_deletes_the_old_id_in_the_clean_up(created: Callable[..., ToldResources]) -> None:
    """While the stack tells of it; the resource itself is complete already."""
    made = created("clean", R={"Id": "a", "HoldDelete": "gone"})

    made.update(R={"Id": "b"})
    request = made.wait_asked("Delete", "R")

    assert "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS" == made.status()
    assert ("b", "UPDATE_COMPLETE") == made.listed()["R"]
    assert ("a", "a") == (request["PhysicalResourceId"], request["ResourceProperties"]["Id"])
    made.release("gone")
    assert "UPDATE_COMPLETE" == made.wait_over()
    assert ["UPDATE_COMPLETE", "DELETE_IN_PROGRESS", "DELETE_COMPLETE"] == statuses(made.told("R"))[-3:]


def test_a_failed_update_that_names_another_id_is_a_failed_replacement(created: Callable[..., ToldResources]) -> None:
    """CloudFormation deletes that id and leaves the old one alone (aws-cdk 13527, 17040, 30012)."""
    made = created("half", R={"Id": "a"})

    made.update(R={"Id": "b", "AnswerUpdate": '{"Status": "FAILED", "Reason": "as told"}'})

    assert "UPDATE_ROLLBACK_COMPLETE" == made.wait_over()
    assert [("Create", "R", ""), ("Update", "R", "a"), ("Delete", "R", "b")] == made.asked()
    assert ("a", "UPDATE_COMPLETE") == made.listed()["R"]


def test_a_roll_back_that_fails_is_for_people_to_clean_up(created: Callable[..., ToldResources]) -> None:
    """It ends in UPDATE_ROLLBACK_FAILED, and goes on where it is asked to."""
    fails_once = '{"Status": "FAILED", "Reason": "as told", "PhysicalResourceId": "stuck-R"}'
    made = created("stuck", R={"Value": "1", "AnswerUpdate": fails_once})

    made.update(R={"Value": "2", "AnswerUpdate": fails_once})

    assert "UPDATE_ROLLBACK_FAILED" == made.wait_over()
    assert ("UPDATE_FAILED", "as told") == made.told("R")[-1]
    assert ("stuck-R", "UPDATE_FAILED") == made.listed()["R"]
    made.cloudformation.continue_update_rollback(StackName=made.name, ResourcesToSkip=["R"])
    assert "UPDATE_ROLLBACK_COMPLETE" == made.wait_over()


def test_what_a_failed_update_created_is_deleted(created: Callable[..., ToldResources]) -> None:
    """After everything went back, in the clean-up; so is one that had not answered yet, by an id made up."""
    made = created("added", R={"Value": "1"})

    made.update(
        R={"Value": "1"},
        New={},
        Slow={"HoldCreate": "later"},
        Z={"DependsOn": "New", "HoldCreate": "now", "AnswerCreate": '{"Status": "FAILED", "Reason": "as told"}'},
    )
    made.wait_asked("Create", "Slow")
    made.wait_asked("Create", "Z")
    made.release("now")

    assert "UPDATE_ROLLBACK_COMPLETE" == made.wait_over()
    deleted = {each[1]: each[2] for each in made.asked() if each[0] == "Delete"}
    assert {"New": "added-New", "Z": "added-Z"} == {key: deleted[key] for key in ("New", "Z")}
    assert re.fullmatch(r"added-Slow-[A-Z0-9]{13}", deleted["Slow"])
    assert ("UPDATE_FAILED", "Resource update cancelled") not in made.told("R")
    cleanup = statuses(made.told()).index("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")
    assert cleanup == len(made.told()) - 2
    assert {"New": "DELETE_COMPLETE", "R": "CREATE_COMPLETE"} == {
        key: status for key, (_, status) in made.listed().items() if key in ("New", "R")
    }
    made.release("later")


def test_a_create_that_a_sibling_ends_is_deleted_while_it_runs(stack: Make) -> None:
    """By an id that CloudFormation makes up; the failed one by the id that it gave."""
    made = stack("siblings")
    made.create(
        Fails={"HoldCreate": "now", "AnswerCreate": '{"Status": "FAILED", "Reason": "as told"}'},
        Slow={"HoldCreate": "later"},
    )
    creation = made.wait_asked("Create", "Slow")
    made.wait_asked("Create", "Fails")

    made.release("now")

    assert "ROLLBACK_COMPLETE" == made.wait_over()
    assert creation["RequestId"] not in [each["RequestId"] for each in made.answered()]
    deleted = {each[1]: each[2] for each in made.asked() if each[0] == "Delete"}
    assert "siblings-Fails" == deleted["Fails"]
    assert re.fullmatch(r"siblings-Slow-[A-Z0-9]{13}", deleted["Slow"])
    assert ("CREATE_FAILED", "Resource creation cancelled") in made.told("Slow")
    assert "DELETE_COMPLETE" == made.resource("Slow")["ResourceStatus"]
    made.release("later")


def test_a_stack_deleted_while_it_is_created_deletes_what_still_runs(stack: Make) -> None:
    """The resource has no physical id before, and one that is made up after."""
    made = stack("impatient")
    made.create(R={"HoldCreate": "later", "Value": "7", "HoldDelete": "gone"})
    made.wait_asked("Create", "R")
    before = made.resource("R")

    made.cloudformation.delete_stack(StackName=made.name)

    deletion = made.wait_asked("Delete", "R")
    assert ("CREATE_IN_PROGRESS", "") == (before["ResourceStatus"], before.get("PhysicalResourceId", ""))
    assert re.fullmatch(r"impatient-R-[A-Z0-9]{13}", deletion["PhysicalResourceId"])
    assert "7" == deletion["ResourceProperties"]["Value"]
    assert ("DELETE_IN_PROGRESS", "DELETE_IN_PROGRESS") == (made.status(), made.resource("R")["ResourceStatus"])
    made.cloudformation.delete_stack(StackName=made.name)
    made.release("gone")
    assert "DELETE_COMPLETE" == made.wait_over()
    assert 1 == len([each for each in made.asked() if each[0] == "Delete"])
    assert "DELETE_COMPLETE" == made.resource("R")["ResourceStatus"]
    made.release("later")


def test_a_change_set_deleted_on_its_way_keeps_the_order(stack: Make) -> None:
    """What a resource depends on is deleted after it, as always."""
    made = stack("ordered")
    resources = {"Needed": {}, "R": {"DependsOn": "Needed", "HoldCreate": "later", "HoldDelete": "gone"}}
    change_set = made.cloudformation.create_change_set(
        StackName=made.name, ChangeSetName="first", ChangeSetType="CREATE", TemplateBody=made.template(resources)
    )
    made.stack_id = change_set["StackId"]
    made.wait(lambda: made.status() == "REVIEW_IN_PROGRESS")
    made.cloudformation.get_waiter("change_set_create_complete").wait(ChangeSetName=change_set["Id"])
    made.cloudformation.execute_change_set(ChangeSetName=change_set["Id"])
    made.wait_asked("Create", "R")

    made.cloudformation.delete_stack(StackName=made.name)

    made.wait_asked("Delete", "R")
    assert ("ordered-Needed", "CREATE_COMPLETE") == made.listed()["Needed"]
    made.release("gone")
    assert "DELETE_COMPLETE" == made.wait_over()
    assert ("Delete", "Needed", "ordered-Needed") == made.asked()[-1]
    made.release("later")


def test_a_stack_that_is_updated_cannot_be_deleted(created: Callable[..., ToldResources]) -> None:
    """In CloudFormation's words."""
    made = created("busy", R={"Value": "1"})
    made.update(R={"Value": "2", "HoldUpdate": "later"})
    made.wait_asked("Update", "R")

    with pytest.raises(ClientError, match="cannot be deleted while in status UPDATE_IN_PROGRESS"):
        made.cloudformation.delete_stack(StackName=made.name)
    made.release("later")

    assert "UPDATE_COMPLETE" == made.wait_over()


def test_a_delete_that_fails_keeps_what_it_depends_on(created: Callable[..., ToldResources]) -> None:
    """So that a second try can succeed."""
    refuses = '{"Status": "FAILED", "Reason": "as told"}'
    made = created("kept", Needed={}, Fails={"DependsOn": "Needed", "AnswerDelete": refuses}, Free={})

    made.cloudformation.delete_stack(StackName=made.name)

    assert "DELETE_FAILED" == made.wait_over()
    assert {"Needed": "CREATE_COMPLETE", "Fails": "DELETE_FAILED", "Free": "DELETE_COMPLETE"} == {
        key: status for key, (_, status) in made.listed().items()
    }
    made.cloudformation.delete_stack(StackName=made.name, RetainResources=["Fails"])
    made.wait(lambda: made.status() != "DELETE_FAILED")
    assert "DELETE_COMPLETE" == made.wait_over()
    assert ("Delete", "Needed", "kept-Needed") == made.asked()[-1]


def test_what_did_not_change_is_not_touched(created: Callable[..., ToldResources]) -> None:
    """No request, no event, and the old moment."""
    made = created("same", R={"Value": "1"}, Other={"Value": "1"})
    before = made.resource("R")["LastUpdatedTimestamp"], made.told("R")

    made.update(R={"Value": "1"}, Other={"Value": "2"})

    assert "UPDATE_COMPLETE" == made.wait_over()
    assert before == (made.resource("R")["LastUpdatedTimestamp"], made.told("R"))
    assert [("Update", "Other", "same-Other")] == [each for each in made.asked() if each[0] == "Update"]


def test_updates_that_are_independent_run_at_the_same_time(created: Callable[..., ToldResources]) -> None:
    """As creations and deletions do."""
    made = created("both", A={"Value": "1", "HoldDelete": "gone"}, B={"Value": "1", "HoldDelete": "gone"})
    held = {"Value": "2", "HoldUpdate": "go", "HoldDelete": "gone"}

    made.update(A=held, B=held)
    made.wait_asked("Update", "A")
    made.wait_asked("Update", "B")
    made.release("go")
    assert "UPDATE_COMPLETE" == made.wait_over()

    made.cloudformation.delete_stack(StackName=made.name)
    made.wait_asked("Delete", "A")
    made.wait_asked("Delete", "B")
    made.release("gone")
    assert "DELETE_COMPLETE" == made.wait_over()


def test_no_roll_back_leaves_the_failed_resource_as_it_is(created: Callable[..., ToldResources]) -> None:
    """Nothing follows, the other resources finish; a person may roll back later."""
    made = created("left", R={"Value": "1"}, Other={"Value": "1"})
    fails = '{"Status": "FAILED", "Reason": "as told"}'
    resources = {"R": {"Value": "2", "AnswerUpdate": fails}, "Other": {"Value": "2"}}

    made.cloudformation.update_stack(StackName=made.name, TemplateBody=made.template(resources), DisableRollback=True)

    assert "UPDATE_FAILED" == made.wait_over()
    assert {"R": "UPDATE_FAILED", "Other": "UPDATE_COMPLETE"} == {
        key: status for key, (_, status) in made.listed().items()
    }
    made.cloudformation.rollback_stack(StackName=made.name)
    assert "UPDATE_ROLLBACK_COMPLETE" == made.wait_over()
    assert "1" == made.wait_asked("Update", "Other", times=2)["ResourceProperties"]["Value"]


def test_the_url_says_when_it_was_issued_and_how_long_it_lasts(created: Callable[..., ToldResources]) -> None:
    """As Signature V4 does; the moment is that of the resource's status, in whole seconds."""
    made = created("url", R={"HoldUpdate": "later"})
    made.update(R={"HoldUpdate": "later", "Value": "2"})
    request = made.wait_asked("Update", "R")

    url = urlsplit(request["ResponseURL"])
    query = parse_qs(url.query)
    issued = datetime.strptime(query["X-Amz-Date"][0], "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
    told = made.resource("R")["LastUpdatedTimestamp"]
    assert ("https", ["7200"]) == (url.scheme, query["X-Amz-Expires"])
    assert -1.5 <= (issued - told).total_seconds() <= 1.5
    assert 64 == len(query["X-Amz-Signature"][0])
    made.release("later")
    made.wait_over()


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ({"BytesCreate": "4097"}, "Response object is too long."),
        ({"AnswerCreate": '{"PhysicalResourceId": ""}'}, "Invalid PhysicalResourceId"),
        ({"AnswerCreate": '{"Status": "FAILED"}'}, "Invalid Reason"),
        ({"SilentCreate": "true", "ServiceTimeout": 1}, "CloudFormation did not receive a response"),
    ],
)
def test_a_bad_answer_fails_the_resource(stack: Make, told: dict[str, Any], reason: str) -> None:
    """With the reason; its Delete has an id that CloudFormation made up."""
    made = stack("bad-" + str(abs(hash(reason)))[:6])

    made.create(R=told)

    assert "ROLLBACK_COMPLETE" == made.wait_over()
    [failed] = [why for status, why in made.told("R") if status == "CREATE_FAILED"]
    assert failed.startswith(reason)
    assert made.asked()[-1][2].startswith(f"{made.name}-R-")


def test_a_body_of_4096_bytes_is_taken(created: Callable[..., ToldResources]) -> None:
    """That is the limit itself."""
    created("limit", R={"BytesCreate": "4096"})


def test_a_crash_is_tried_again_twice(stack: Make) -> None:
    """As Lambda does with an asynchronous event; the same event comes three times."""
    made = stack("crash")

    made.create(R={"CrashCreate": "true", "ServiceTimeout": 8})

    made.wait(lambda: len(made.requests()) == 3)
    assert 1 == len({each["RequestId"] for each in made.requests()})
    assert "ROLLBACK_COMPLETE" == made.wait_over()


def test_a_url_that_nobody_issued_is_expired(engine: Any, stack: Make) -> None:
    """S3 answers 403."""
    request = urllib.request.Request(  # noqa: S310
        f"{engine.endpoint_url}/_ministack/cfn-response/unknown", data=b"{}", method="PUT"
    )
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(request, context=ssl.create_default_context(cafile=str(engine.ca_bundle)))  # noqa: S310
