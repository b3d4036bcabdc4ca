"""The stacks of the end-to-end tests, all in one app so that one synth serves them; a stack is one step of a test.

Two stacks with the same name are two versions of it: deploying the second one updates the first.
"""

from typing import Any

import jsii
from aws_cdk import App, Aspects, CfnOutput, CfnResource, CfnWaitConditionHandle, Duration, IAspect, Stack
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import IConstruct

from cdk_appstream_image_builder import OnDelete, RunningImageBuilder, RunningImageBuilderProvider

app = App()


@jsii.implements(IAspect)
class NamedByPath:
    """An organization's aspect that names policies by their construct paths, without the step's own id."""

    def visit(self, node: IConstruct) -> None:
        """Name an inline policy."""
        if isinstance(node, CfnResource) and node.cfn_resource_type == "AWS::IAM::Policy":
            node.add_property_override("PolicyName", node.node.path.partition("/")[2].replace("/", "-"))


def step(
    step_id: str,
    stack_name: str,
    *builder_names: str,
    construct_id: str = "Builder",
    function_limit: int | None = None,
    configured: dict[str, Any] | None = None,
    **options: Any,
) -> RunningImageBuilder:
    """Add one version of a stack, with builders and, for the first of them, its outputs; return the first."""
    options.setdefault("timeout", Duration.minutes(1))
    stack = Stack(app, step_id, stack_name=stack_name)
    if configured is not None:
        options["provider"] = RunningImageBuilderProvider(stack, "Configured", **configured)
    builders = [
        RunningImageBuilder(
            stack, f"{construct_id}{number}" if number else construct_id, image_builder_name=name, **options
        )
        for number, name in enumerate(builder_names)
    ]
    first = builders[0]
    CfnOutput(stack, "Arn", value=first.image_builder_arn)
    CfnOutput(stack, "State", value=first.image_builder_state)
    CfnOutput(stack, "EniPrivateIpAddress", value=first.image_builder_eni_private_ip_address)
    if step_id.startswith("Ends"):
        CfnOutput(stack, "ScheduledStopTime", value=first.scheduled_stop_time)
    if function_limit is not None:
        function = first.provider.function.node.default_child
        assert isinstance(function, lambda_.CfnFunction)
        function.timeout = function_limit
    return first


step("Created", "life", "life")
step("Updated", "life", "life", timeout=Duration.minutes(2))
step("AlreadyRunning", "running", "already-running")
step("BeforeRename", "rename", "old-name", on_delete=OnDelete.STOP)
step("AfterRename", "rename", "new-name", on_delete=OnDelete.STOP)
step("Unknown", "unknown", "no-such-builder")
step("FailingStart", "failing-start", "failing-start", on_delete=OnDelete.STOP)
step("NeverRunning", "never", "never-running")
step("LongStart", "long-start", "long-start", function_limit=8)
step("MayNotStart", "may-not-start", "may-not-start", timeout=Duration.minutes(3))
step("MayNotDescribe", "may-not-describe", "may-not-describe", timeout=Duration.minutes(3))
step("MayNotSelfInvoke", "may-not-self-invoke", "may-not-self-invoke", function_limit=8)
step("Throttled", "throttled", "throttled")
step("DeniedAtFirst", "denied-at-first", "denied-at-first")
step("DeletedMeanwhile", "deleted-meanwhile", "deleted-meanwhile")
step("StoppedOnDelete", "stopped-on-delete", "stopped-on-delete", on_delete=OnDelete.STOP)
CfnWaitConditionHandle(Stack(app, "BeforeCancel", stack_name="cancelled"), "Before")
cancelled = step("Cancelled", "cancelled", "cancelled", on_delete=OnDelete.STOP)
CfnWaitConditionHandle(Stack.of(cancelled), "Before")
CfnWaitConditionHandle(Stack.of(cancelled), "After").node.add_dependency(cancelled)
step("AgentUpdate", "agent", "agent", appstream_agent_version="LATEST", restart_to_update_agent=True)
shared = RunningImageBuilderProvider(Stack(app, "Shared", stack_name="shared"), "Provider")
step("SharedLeft", "shared-left", "shared-left", on_delete=OnDelete.STOP, provider=shared)
step("SharedRight", "shared-right", "shared-right", provider=shared)
step("SharedRightUpdated", "shared-right", "shared-right", timeout=Duration.minutes(2), provider=shared)
watched = step("Watched", "watched", "watched")
watched.add_running_past_alarm(Duration.hours(10))
watched.provider.add_failed_starts_alarm()
step("EveryDeploy", "every-deploy", "every-deploy", start_on_every_deploy=True)
step("EveryDeployAgain", "every-deploy", "every-deploy", start_on_every_deploy=True)
quarter = Duration.minutes(15)
step("Ends", "ends", "ends", stop_after=quarter)
step("EndsSoon", "ends-stopped", "ends-stopped", stop_after=quarter, on_delete=OnDelete.STOP)
step("MayNotSchedule", "may-not-schedule", "may-not-schedule", timeout=Duration.minutes(3), stop_after=quarter)
step("EndsLater", "ends", "ends", stop_after=Duration.hours(2))
step("EndsNever", "ends-stopped", "ends-stopped", on_delete=OnDelete.STOP)
# Plans that change: each second step of a stack is cancelled, fails or is deleted on its way.
step("PlanA", "plan-renamed", "plan-a", stop_after=quarter)
step("PlanB", "plan-renamed", "plan-b", stop_after=quarter)
step("SiblingA", "plan-sibling", "plan-sibling-a", "plan-sibling-c")
step("SiblingB", "plan-sibling", "plan-sibling-b", "no-such-sibling")
step("EightHours", "plan-hours", "plan-hours", stop_after=Duration.hours(8))
step("Quarter", "plan-hours", "plan-hours", stop_after=quarter)
step("AgentOne", "plan-agent", "plan-agent", appstream_agent_version="10-06-2026", restart_to_update_agent=True)
step("AgentTwo", "plan-agent", "plan-agent", appstream_agent_version="11-06-2026", restart_to_update_agent=True)
step("DeletedOnItsWay", "plan-deleted", "plan-deleted", on_delete=OnDelete.STOP)
step("DeletedBefore", "plan-deleted-before", "plan-deleted-before", on_delete=OnDelete.STOP)
step("UnreachableLater", "plan-back", "plan-back")
step("UnreachableNow", "plan-back", "no-such-builder-at-all")
for step_id, name in (("NamedBefore", "named-before"), ("NamedAfter", "named-after")):
    Aspects.of(Stack.of(step(step_id, "named", name, on_delete=OnDelete.STOP))).add(NamedByPath())
step("Placed", "placed", "placed", on_delete=OnDelete.STOP)
configuration = {"memory_size": 512, "log_retention": logs.RetentionDays.ONE_WEEK, "description": "Ours"}
step(
    "PlacedConfigured",
    "placed",
    "placed",
    on_delete=OnDelete.STOP,
    timeout=Duration.minutes(2),
    configured=configuration,
)
step("PlacedAgain", "placed", "placed", on_delete=OnDelete.STOP)
step("LogicalOld", "plan-logical", "plan-logical", on_delete=OnDelete.STOP, stop_after=quarter)
step("LogicalNew", "plan-logical", "plan-logical", on_delete=OnDelete.STOP, stop_after=quarter, construct_id="Renamed")
app.synth()
