"""A permission that never comes fails the deploy, after the time that IAM is given; alone, since it waits for that."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from appstream_local.process.admin_client import AdminClient
from support.deployer import Deployer

ARN = "arn:aws:appstream:us-east-1:000000000000:image-builder/may-not-start"


def test_a_role_without_a_permission_fails_the_deploy_with_action_and_arn(
    deployer: Deployer, admin: AdminClient, tmp_path: Path
) -> None:
    """Without one to start, to describe or to schedule the stop it fails; the reason names action and resource."""
    cases = {
        ("MayNotStart", "may-not-start"): (
            "appstream:StartImageBuilder",
            f"access denied. Allow the function's role appstream:StartImageBuilder. Resource: {ARN}",
        ),
        ("MayNotDescribe", "may-not-describe"): (
            "appstream:DescribeImageBuilders",
            "access denied. Allow the function's role appstream:DescribeImageBuilders. Resource: *",
        ),
        ("MayNotSchedule", "may-not-schedule"): (
            "iam:PassRole",
            "access denied. Allow the function's role iam:PassRole. Resource: arn:aws:iam::000000000000:role/",
        ),
    }
    for _, name in cases:
        admin.put_image_builder(name)

    def deploy(case: tuple[tuple[str, str], tuple[str, str]]) -> int:
        (step, name), (action, _) = case
        return int(deployer.without(action, tmp_path / name).deploy(step).exit_code)

    with ThreadPoolExecutor() as pool:
        codes = list(pool.map(deploy, cases.items()))

    assert 0 not in codes
    for (_, name), (_, reason) in cases.items():
        assert reason in deployer.failure(name)[1]
        assert admin.image_builder(name).starts == 0
