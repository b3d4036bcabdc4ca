"""Requests to custom resources, and what the stack shows, when an operation fails or is cancelled."""

import re
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from botocore.exceptions import ClientError

from local_engine.custom_resource_stack import CustomResourceStack

pytestmark = pytest.mark.engine

Stack = Callable[[str], CustomResourceStack]
Created = Callable[..., CustomResourceStack]

ROLLED_BACK = [
    "UPDATE_IN_PROGRESS",
    "UPDATE_ROLLBACK_IN_PROGRESS",
    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
    "UPDATE_ROLLBACK_COMPLETE",
]


def statuses(events: list[tuple[str, str]]) -> list[str]:
    """Return the statuses of events."""
    return [status for status, _ in events]


def test_independent_resources_are_created_in_parallel(stack: Stack) -> None:
    """One is complete while another one's Create still runs."""
    made = stack("parallel")
    made.create(Slow={"HoldCreate": "later"}, ZFast={})
    made.wait_for_request("Create", "Slow")

    made.wait(lambda: made.listed()["ZFast"][1] == "CREATE_COMPLETE")

    assert "CREATE_IN_PROGRESS" == made.listed()["Slow"][1]
    made.release("later")
    assert "CREATE_COMPLETE" == made.wait_until_done()
    assert ["CREATE_IN_PROGRESS", "CREATE_COMPLETE"] == [status for status, _ in made.events("Slow")]


def test_a_resource_waits_for_what_it_depends_on(stack: Stack) -> None:
    """Although its name comes first."""
    made = stack("chain")
    made.create(A={"DependsOn": "B"}, B={"HoldCreate": "later"}, C={})
    made.wait_for_request("Create", "B")

    made.wait(lambda: made.listed().get("C", ("", ""))[1] == "CREATE_COMPLETE")

    assert "A" not in [logical_id for _, logical_id, _ in made.sent()]
    made.release("later")
    assert "CREATE_COMPLETE" == made.wait_until_done()
    assert ("Create", "A", "") == made.sent()[-1]


def test_another_service_token_fails_without_a_request(created: Created) -> None:
    """In CloudFormation's words; the resource is unchanged, and the stack rolls back."""
    made = created("token", R={"Value": "1"})

    made.update(R={"Value": "2", "Function": "another"})

    assert "UPDATE_ROLLBACK_COMPLETE" == made.wait_until_done()
    assert [("Create", "R", "")] == made.sent()
    assert ("UPDATE_FAILED", "Modifying service token is not allowed.") in made.events("R")
    assert ("UPDATE_ROLLBACK_IN_PROGRESS", "The following resource(s) failed to update: [R]. ") in made.events()
    assert ROLLED_BACK == statuses(made.events())[2:]
    assert ("token-R", "UPDATE_COMPLETE") == made.listed()["R"]


def test_a_cancelled_update_is_rolled_back_at_once(created: Created) -> None:
    """While the first invocation still runs; its later response is ignored."""
    made = created("cancel", R={"Value": "1"})
    made.update(R={"Value": "2", "HoldUpdate": "later"})
    first = made.wait_for_request("Update", "R")
    begun = made.resource("R")

    made.cloudformation.cancel_update_stack(StackName=made.name)

    assert "UPDATE_ROLLBACK_COMPLETE" == made.wait_until_done()
    back = made.wait_for_request("Update", "R", times=2)
    assert first["RequestId"] not in [each["RequestId"] for each in made.responded()]
    assert ("1", "2") == (back["ResourceProperties"]["Value"], back["OldResourceProperties"]["Value"])
    assert "cancel-R" == back["PhysicalResourceId"]
    assert [
        "CREATE_IN_PROGRESS",
        "CREATE_COMPLETE",
        "UPDATE_IN_PROGRESS",
        "UPDATE_FAILED",
        "UPDATE_IN_PROGRESS",
        "UPDATE_COMPLETE",
    ] == statuses(made.events("R"))
    assert ("UPDATE_FAILED", "Resource update cancelled") in made.events("R")
    assert ("UPDATE_ROLLBACK_IN_PROGRESS", "User Initiated") in made.events()
    assert "UPDATE_IN_PROGRESS" == begun["ResourceStatus"]
    assert begun["LastUpdatedTimestamp"] < made.resource("R")["LastUpdatedTimestamp"]
    before = made.events("R")

    made.release("later")

    made.wait(lambda: first["RequestId"] in [each["RequestId"] for each in made.responded()])
    assert before == made.events("R")
    assert "UPDATE_ROLLBACK_COMPLETE" == made.status()


def test_a_rollback_is_shown_while_it_runs(created: Created) -> None:
    """By DescribeStacks, DescribeStackResource and ListStackResources, with a later timestamp."""
    made = created("telling", R={"Value": "1", "HoldUpdate": "back"})
    made.update(R={"Value": "2", "HoldUpdate": "there"})
    made.wait_for_request("Update", "R")
    first = made.resource("R")
    assert "UPDATE_IN_PROGRESS" == made.status()

    made.cloudformation.cancel_update_stack(StackName=made.name)
    back = made.wait_for_request("Update", "R", times=2)

    now = made.resource("R")
    assert "UPDATE_ROLLBACK_IN_PROGRESS" == made.status()
    assert ("UPDATE_IN_PROGRESS", "telling-R", "Custom::Scripted") == (
        now["ResourceStatus"],
        now["PhysicalResourceId"],
        now["ResourceType"],
    )
    assert ("telling-R", "UPDATE_IN_PROGRESS") == made.listed()["R"]
    assert first["LastUpdatedTimestamp"] < now["LastUpdatedTimestamp"]
    assert "back" == back["ResourceProperties"]["HoldUpdate"]
    made.release("back")
    assert "UPDATE_ROLLBACK_COMPLETE" == made.wait_until_done()
    made.release("there")


def test_a_failure_elsewhere_cancels_an_update(created: Created) -> None:
    """The failed resource keeps its own reason, and is updated back, too."""
    made = created("sibling", Fails={"Value": "1"}, Slow={"Value": "1"})

    made.update(
        Fails={"Value": "2", "HoldUpdate": "now", "ResponseUpdate": '{"Status": "FAILED", "Reason": "as scripted"}'},
        Slow={"Value": "2", "HoldUpdate": "later"},
    )
    made.wait_for_request("Update", "Slow")
    made.release("now")

    assert "UPDATE_ROLLBACK_COMPLETE" == made.wait_until_done()
    assert ("UPDATE_FAILED", "as scripted") in made.events("Fails")
    assert ("UPDATE_FAILED", "Resource update cancelled") in made.events("Slow")
    for each in ("Fails", "Slow"):
        back = made.wait_for_request("Update", each, times=2)
        assert ("1", "2") == (back["ResourceProperties"]["Value"], back["OldResourceProperties"]["Value"])
    made.release("later")


def test_a_rollback_updates_from_the_new_id(created: Created) -> None:
    """The rollback's Update has the current physical id, which the cleanup deletes."""
    made = created("renamed", R={"Id": "a"}, Z={"Value": "1", "DependsOn": "R"})

    made.update(
        R={"Id": "b"},
        Z={"Value": "2", "DependsOn": "R", "ResponseUpdate": '{"Status": "FAILED", "Reason": "as scripted"}'},
    )

    assert "UPDATE_ROLLBACK_COMPLETE" == made.wait_until_done()
    assert [("Create", "R", ""), ("Update", "R", "a"), ("Update", "R", "b"), ("Delete", "R", "b")] == [
        each for each in made.sent() if each[1] == "R"
    ]
    assert ("a", "UPDATE_COMPLETE") == made.listed()["R"]
    last = made.wait_for_request("Delete", "R")
    assert "b" == last["ResourceProperties"]["Id"]


def test_a_replacement_deletes_the_old_id_in_the_cleanup(created: Created) -> None:
    """The stack's status shows the cleanup; the resource is already complete."""
    made = created("clean", R={"Id": "a", "HoldDelete": "gone"})

    made.update(R={"Id": "b"})
    request = made.wait_for_request("Delete", "R")

    assert "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS" == made.status()
    assert ("b", "UPDATE_COMPLETE") == made.listed()["R"]
    assert ("a", "a") == (request["PhysicalResourceId"], request["ResourceProperties"]["Id"])
    made.release("gone")
    assert "UPDATE_COMPLETE" == made.wait_until_done()
    assert ["UPDATE_COMPLETE", "DELETE_IN_PROGRESS", "DELETE_COMPLETE"] == statuses(made.events("R"))[-3:]


def test_a_failure_with_another_id_is_a_failed_replacement(created: Created) -> None:
    """CloudFormation deletes that id and keeps the old one (aws-cdk 13527, 17040, 30012)."""
    made = created("half", R={"Id": "a"})

    made.update(R={"Id": "b", "ResponseUpdate": '{"Status": "FAILED", "Reason": "as scripted"}'})

    assert "UPDATE_ROLLBACK_COMPLETE" == made.wait_until_done()
    assert [("Create", "R", ""), ("Update", "R", "a"), ("Delete", "R", "b")] == made.sent()
    assert ("a", "UPDATE_COMPLETE") == made.listed()["R"]


def test_a_failed_rollback_can_be_continued(created: Created) -> None:
    """It ends in UPDATE_ROLLBACK_FAILED until ContinueUpdateRollback."""
    fails_once = '{"Status": "FAILED", "Reason": "as scripted", "PhysicalResourceId": "stuck-R"}'
    made = created("stuck", R={"Value": "1", "ResponseUpdate": fails_once})

    made.update(R={"Value": "2", "ResponseUpdate": fails_once})

    assert "UPDATE_ROLLBACK_FAILED" == made.wait_until_done()
    assert ("UPDATE_FAILED", "as scripted") == made.events("R")[-1]
    assert ("stuck-R", "UPDATE_FAILED") == made.listed()["R"]
    made.cloudformation.continue_update_rollback(StackName=made.name, ResourcesToSkip=["R"])
    assert "UPDATE_ROLLBACK_COMPLETE" == made.wait_until_done()


def test_what_a_failed_update_created_is_deleted(created: Created) -> None:
    """In the cleanup, after the updates back; a resource without a response has a made-up id."""
    made = created("added", R={"Value": "1"})

    made.update(
        R={"Value": "1"},
        New={},
        Slow={"HoldCreate": "later"},
        Z={"DependsOn": "New", "HoldCreate": "now", "ResponseCreate": '{"Status": "FAILED", "Reason": "as scripted"}'},
    )
    made.wait_for_request("Create", "Slow")
    made.wait_for_request("Create", "Z")
    made.release("now")

    assert "UPDATE_ROLLBACK_COMPLETE" == made.wait_until_done()
    deleted = {each[1]: each[2] for each in made.sent() if each[0] == "Delete"}
    assert {"New": "added-New", "Z": "added-Z"} == {key: deleted[key] for key in ("New", "Z")}
    assert re.fullmatch(r"added-Slow-[A-Z0-9]{13}", deleted["Slow"])
    assert ("UPDATE_FAILED", "Resource update cancelled") not in made.events("R")
    cleanup = statuses(made.events()).index("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")
    assert cleanup == len(made.events()) - 2
    assert {"New": "DELETE_COMPLETE", "R": "CREATE_COMPLETE"} == {
        key: status for key, (_, status) in made.listed().items() if key in ("New", "R")
    }
    made.release("later")


def test_a_failed_create_deletes_everything(stack: Stack) -> None:
    """What still runs by a made-up id, while it runs; the failed resource by the id in its response."""
    made = stack("siblings")
    made.create(
        Fails={"HoldCreate": "now", "ResponseCreate": '{"Status": "FAILED", "Reason": "as scripted"}'},
        Slow={"HoldCreate": "later"},
        ZFast={},
    )
    creation = made.wait_for_request("Create", "Slow")
    made.wait_for_request("Create", "Fails")
    made.wait_for_request("Create", "ZFast")

    made.release("now")

    assert "ROLLBACK_COMPLETE" == made.wait_until_done()
    assert creation["RequestId"] not in [each["RequestId"] for each in made.responded()]
    deleted = {each[1]: each[2] for each in made.sent() if each[0] == "Delete"}
    assert {"Fails", "Slow", "ZFast"} == deleted.keys()
    assert "siblings-Fails" == deleted["Fails"]
    assert re.fullmatch(r"siblings-Slow-[A-Z0-9]{13}", deleted["Slow"])
    assert ("CREATE_FAILED", "Resource creation cancelled") in made.events("Slow")
    assert {"DELETE_COMPLETE"} == {status for _, status in made.listed().values()}
    made.release("later")


def test_deleting_a_stack_cancels_its_create(stack: Stack) -> None:
    """The resource has no physical id before, and a made-up one afterwards."""
    made = stack("impatient")
    made.create(R={"HoldCreate": "later", "Value": "7", "HoldDelete": "gone"})
    made.wait_for_request("Create", "R")
    before = made.resource("R")

    made.cloudformation.delete_stack(StackName=made.name)

    deletion = made.wait_for_request("Delete", "R")
    assert ("CREATE_IN_PROGRESS", "") == (before["ResourceStatus"], before.get("PhysicalResourceId", ""))
    assert re.fullmatch(r"impatient-R-[A-Z0-9]{13}", deletion["PhysicalResourceId"])
    assert "7" == deletion["ResourceProperties"]["Value"]
    assert ("DELETE_IN_PROGRESS", "DELETE_IN_PROGRESS") == (made.status(), made.resource("R")["ResourceStatus"])
    made.cloudformation.delete_stack(StackName=made.name)
    made.release("gone")
    assert "DELETE_COMPLETE" == made.wait_until_done()
    assert 1 == len([each for each in made.sent() if each[0] == "Delete"])
    assert "DELETE_COMPLETE" == made.resource("R")["ResourceStatus"]
    made.release("later")


def test_deleting_during_a_change_set_keeps_the_order(stack: Stack) -> None:
    """What a resource depends on is deleted after it."""
    made = stack("ordered")
    resources = {"Needed": {}, "R": {"DependsOn": "Needed", "HoldCreate": "later", "HoldDelete": "gone"}}
    change_set = made.cloudformation.create_change_set(
        StackName=made.name, ChangeSetName="first", ChangeSetType="CREATE", TemplateBody=made.template(resources)
    )
    made.stack_id = change_set["StackId"]
    made.wait(lambda: made.status() == "REVIEW_IN_PROGRESS")
    made.cloudformation.get_waiter("change_set_create_complete").wait(ChangeSetName=change_set["Id"])
    made.cloudformation.execute_change_set(ChangeSetName=change_set["Id"])
    made.wait_for_request("Create", "R")

    made.cloudformation.delete_stack(StackName=made.name)

    made.wait_for_request("Delete", "R")
    assert ("ordered-Needed", "CREATE_COMPLETE") == made.listed()["Needed"]
    made.release("gone")
    assert "DELETE_COMPLETE" == made.wait_until_done()
    assert ("Delete", "Needed", "ordered-Needed") == made.sent()[-1]
    made.release("later")


def test_a_stack_cannot_be_deleted_during_an_update(created: Created) -> None:
    """In CloudFormation's words."""
    made = created("busy", R={"Value": "1"})
    made.update(R={"Value": "2", "HoldUpdate": "later"})
    made.wait_for_request("Update", "R")

    with pytest.raises(ClientError, match="cannot be deleted while in status UPDATE_IN_PROGRESS"):
        made.cloudformation.delete_stack(StackName=made.name)
    made.release("later")

    assert "UPDATE_COMPLETE" == made.wait_until_done()


def test_a_failed_delete_keeps_what_it_depends_on(created: Created) -> None:
    """So that a second attempt can succeed."""
    refuses = '{"Status": "FAILED", "Reason": "as scripted"}'
    made = created("kept", Needed={}, Fails={"DependsOn": "Needed", "ResponseDelete": refuses}, Free={})

    made.cloudformation.delete_stack(StackName=made.name)

    assert "DELETE_FAILED" == made.wait_until_done()
    assert {"Needed": "CREATE_COMPLETE", "Fails": "DELETE_FAILED", "Free": "DELETE_COMPLETE"} == {
        key: status for key, (_, status) in made.listed().items()
    }
    made.cloudformation.delete_stack(StackName=made.name, RetainResources=["Fails"])
    made.wait(lambda: made.status() != "DELETE_FAILED")
    assert "DELETE_COMPLETE" == made.wait_until_done()
    assert ("Delete", "Needed", "kept-Needed") == made.sent()[-1]


def test_an_unchanged_resource_is_not_touched(created: Created) -> None:
    """No request, no event, and the old timestamp."""
    made = created("same", R={"Value": "1"}, Other={"Value": "1"})
    before = made.resource("R")["LastUpdatedTimestamp"], made.events("R")

    made.update(R={"Value": "1"}, Other={"Value": "2"})

    assert "UPDATE_COMPLETE" == made.wait_until_done()
    assert before == (made.resource("R")["LastUpdatedTimestamp"], made.events("R"))
    assert [("Update", "Other", "same-Other")] == [each for each in made.sent() if each[0] == "Update"]


def test_independent_resources_are_updated_in_parallel(created: Created) -> None:
    """And deleted in parallel."""
    made = created("both", A={"Value": "1", "HoldDelete": "gone"}, B={"Value": "1", "HoldDelete": "gone"})
    held = {"Value": "2", "HoldUpdate": "go", "HoldDelete": "gone"}

    made.update(A=held, B=held)
    made.wait_for_request("Update", "A")
    made.wait_for_request("Update", "B")
    made.release("go")
    assert "UPDATE_COMPLETE" == made.wait_until_done()

    made.cloudformation.delete_stack(StackName=made.name)
    made.wait_for_request("Delete", "A")
    made.wait_for_request("Delete", "B")
    made.release("gone")
    assert "DELETE_COMPLETE" == made.wait_until_done()


def test_without_rollback_the_failed_resource_stays(created: Created) -> None:
    """The other resources finish, and RollbackStack works later."""
    made = created("left", R={"Value": "1"}, Other={"Value": "1"})
    fails = '{"Status": "FAILED", "Reason": "as scripted"}'
    resources = {"R": {"Value": "2", "ResponseUpdate": fails}, "Other": {"Value": "2"}}

    made.cloudformation.update_stack(StackName=made.name, TemplateBody=made.template(resources), DisableRollback=True)

    assert "UPDATE_FAILED" == made.wait_until_done()
    assert {"R": "UPDATE_FAILED", "Other": "UPDATE_COMPLETE"} == {
        key: status for key, (_, status) in made.listed().items()
    }
    made.cloudformation.rollback_stack(StackName=made.name)
    assert "UPDATE_ROLLBACK_COMPLETE" == made.wait_until_done()
    assert "1" == made.wait_for_request("Update", "Other", times=2)["ResourceProperties"]["Value"]


def test_the_response_url_has_its_date_and_lifetime(created: Created) -> None:
    """As in Signature V4; the date is that of the resource's status, in whole seconds."""
    made = created("url", R={"HoldUpdate": "later"})
    made.update(R={"HoldUpdate": "later", "Value": "2"})
    request = made.wait_for_request("Update", "R")

    url = urlsplit(request["ResponseURL"])
    query = parse_qs(url.query)
    issued = datetime.strptime(query["X-Amz-Date"][0], "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
    updated = made.resource("R")["LastUpdatedTimestamp"]
    assert ("https", ["7200"]) == (url.scheme, query["X-Amz-Expires"])
    assert -1.5 <= (issued - updated).total_seconds() <= 1.5
    assert 64 == len(query["X-Amz-Signature"][0])
    made.release("later")
    made.wait_until_done()


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ({"ResponseCreate": '{"Status": "FAILED"}'}, "Invalid Reason"),
        ({"SilentCreate": "true", "ServiceTimeout": 1}, "CloudFormation did not receive a response"),
    ],
)
def test_an_invalid_response_fails_the_resource(stack: Stack, script: dict[str, Any], reason: str) -> None:
    """With the reason; its Delete has a made-up id."""
    made = stack(f"bad-{len(reason)}")

    made.create(R=script)

    assert "ROLLBACK_COMPLETE" == made.wait_until_done()
    [failed] = [why for status, why in made.events("R") if status == "CREATE_FAILED"]
    assert failed.startswith(reason)
    assert made.sent()[-1][2].startswith(f"{made.name}-R-")


def test_a_crashed_invocation_is_retried_twice(stack: Stack) -> None:
    """As Lambda does with an asynchronous event."""
    made = stack("crash")

    made.create(R={"CrashCreate": "true", "ServiceTimeout": 8})

    made.wait(lambda: len(made.requests()) == 3)
    assert 1 == len({each["RequestId"] for each in made.requests()})
    assert "ROLLBACK_COMPLETE" == made.wait_until_done()


def test_an_unknown_response_url_is_expired(engine: Any, stack: Stack) -> None:
    """S3 returns 403."""
    request = urllib.request.Request(  # noqa: S310
        f"{engine.endpoint_url}/_ministack/cfn-response/unknown", data=b"{}", method="PUT"
    )
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(request, context=ssl.create_default_context(cafile=str(engine.ca_bundle)))  # noqa: S310
