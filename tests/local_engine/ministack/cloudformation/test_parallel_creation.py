"""Custom resources that don't depend on each other are created in parallel."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from local_engine.custom_resource_stack import CustomResourceStack

pytestmark = pytest.mark.engine

Stack = Callable[[str], CustomResourceStack]


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


def test_a_failure_deletes_everything_that_was_created(stack: Stack) -> None:
    """A resource whose Create still runs, too."""
    made = stack("failure")
    made.create(
        Fails={"HoldCreate": "now", "ResponseCreate": '{"Status": "FAILED", "Reason": "as scripted"}'},
        Slow={"HoldCreate": "later"},
        ZFast={},
    )
    for logical_id in ("Fails", "Slow", "ZFast"):
        made.wait_for_request("Create", logical_id)

    made.release("now")

    assert "ROLLBACK_COMPLETE" == made.wait_until_done()
    assert {"DELETE_COMPLETE"} == {status for _, status in made.listed().values()}
    assert {"Fails", "Slow", "ZFast"} == {logical_id for kind, logical_id, _ in made.sent() if kind == "Delete"}
    made.release("later")
