"""IAM: which AppStream calls a policy allows, and on which image builder."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from mypy_boto3_appstream import AppStreamClient

from appstream_local.process.admin_client import AdminClient
from appstream_local.process.engine import Engine

pytestmark = pytest.mark.engine

_ALLOWED, _OTHER = "cad-allowed", "cad-other"
_ALL = ("CreateImageBuilder", "DeleteImageBuilder", "StartImageBuilder", "StopImageBuilder")

_AsUser = Callable[..., AppStreamClient]


@pytest.fixture(autouse=True)
def _two_builders(admin: AdminClient) -> None:
    for name in (_ALLOWED, _OTHER):
        admin.put_image_builder(name)


@pytest.fixture
def arn(engine: Engine) -> str:
    """Return the ARN of the builder in the policies."""
    return f"arn:aws:appstream:{engine.region}:{engine.account}:image-builder/{_ALLOWED}"


def _policy(*actions: str, resource: str = "*", **condition: Any) -> str:
    statement: dict[str, Any] = {
        "Effect": "Allow",
        "Action": [f"appstream:{action}" for action in actions],
        "Resource": resource,
        **({"Condition": condition} if condition else {}),
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture
def as_user(engine_client: Callable[..., Any]) -> _AsUser:
    """Return a factory of clients of a new user with one policy."""
    iam = engine_client("iam")

    def make(name: str, policy: str) -> AppStreamClient:
        iam.create_user(UserName=name)
        iam.put_user_policy(UserName=name, PolicyName="only", PolicyDocument=policy)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        made: AppStreamClient = engine_client("appstream", key["AccessKeyId"], key["SecretAccessKey"])
        return made

    return make


def test_a_user_may_start_only_the_builder_in_its_policy(as_user: _AsUser, admin: AdminClient, arn: str) -> None:
    """Calls on another builder are denied in IAM's words, and don't reach AppStream."""
    user = as_user("starter", _policy(*_ALL, resource=arn))
    assert "PENDING" == user.start_image_builder(Name=_ALLOWED)["ImageBuilder"]["State"]
    admin.clear_calls()

    calls: list[Callable[[], object]] = [
        lambda: user.start_image_builder(Name=_OTHER),
        lambda: user.stop_image_builder(Name=_OTHER),
        lambda: user.delete_image_builder(Name=_OTHER),
        lambda: user.create_image_builder(Name=_OTHER, InstanceType="t", ImageName="i"),
    ]
    for call in calls:
        with pytest.raises(ClientError, match=f"on resource: arn:aws:.*:image-builder/{_OTHER} because") as denied:
            call()
        assert "AccessDeniedException" == denied.value.response["Error"]["Code"]
        assert 400 == denied.value.response["ResponseMetadata"]["HTTPStatusCode"]
    assert [] == admin.calls()


def test_describe_needs_a_policy_on_every_resource(as_user: _AsUser, arn: str) -> None:
    """It has no resource-level permission, so a policy on an ARN doesn't allow it."""
    narrow = as_user("narrow-reader", _policy("DescribeImageBuilders", resource=arn))
    wide = as_user("wide-reader", _policy("DescribeImageBuilders"))

    with pytest.raises(ClientError, match=r"on resource: \* because"):
        narrow.describe_image_builders(Names=[_ALLOWED])
    assert 1 == len(wide.describe_image_builders(Names=[_ALLOWED])["ImageBuilders"])


def test_a_role_is_checked_like_a_user(
    engine: Engine, engine_client: Callable[..., Any], admin: AdminClient, arn: str
) -> None:
    """It may start only its builder, and the log has the session."""
    iam, sts = engine_client("iam"), engine_client("sts")
    trust = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = iam.create_role(RoleName="starter", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    iam.put_role_policy(RoleName="starter", PolicyName="only", PolicyDocument=_policy(*_ALL, resource=arn))
    session = sts.assume_role(RoleArn=role, RoleSessionName="night")["Credentials"]
    keys = (session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"])
    assumed = engine_client("appstream", *keys)

    assumed.start_image_builder(Name=_ALLOWED)
    with pytest.raises(ClientError, match="AccessDeniedException"):
        assumed.start_image_builder(Name=_OTHER)
    [call] = admin.calls()
    assert f"arn:aws:sts::{engine.account}:assumed-role/starter/night" == call.principal


def test_a_tag_can_decide_who_may_stop(as_user: _AsUser, engine_client: Callable[..., Any], admin: AdminClient) -> None:
    """A policy on aws:ResourceTag is evaluated against the tags a builder was created with."""
    admin.set_durations(create=0)
    root = engine_client("appstream")
    for name, team in (("ours", "cad"), ("theirs", "crm")):
        root.create_image_builder(Name=name, InstanceType="t", ImageName="i", Tags={"team": team})
    user = as_user("tagged", _policy("StopImageBuilder", StringEquals={"aws:ResourceTag/team": "cad"}))

    assert "STOPPING" == user.stop_image_builder(Name="ours")["ImageBuilder"]["State"]
    with pytest.raises(ClientError, match="AccessDeniedException"):
        user.stop_image_builder(Name="theirs")


def test_an_explicit_deny_says_that_it_is_one(as_user: _AsUser) -> None:
    """The refusal is AccessDeniedException, and tells a Deny from a missing Allow."""
    denied = as_user("denied", _policy("StartImageBuilder").replace("Allow", "Deny"))

    with pytest.raises(ClientError, match=r"AccessDeniedException.*with an explicit deny"):
        denied.start_image_builder(Name=_ALLOWED)


def test_a_user_cannot_use_the_admin_operations(as_user: _AsUser) -> None:
    """What is being tested cannot change its own test: only the account's root can."""
    user = as_user("meddler", _policy(*_ALL))

    def retarget(request: Any, **_: Any) -> None:
        request.headers.replace_header("X-Amz-Target", "AppStreamLocal.Reset")

    user.meta.events.register("before-sign.appstream", retarget)
    with pytest.raises(ClientError, match="not authorized to perform: appstream:Reset"):
        user.start_image_builder(Name=_ALLOWED)
