"""The construct of a running image builder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from aws_cdk import CustomResource, Duration, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from cdk_appstream_image_builder import validation
from cdk_appstream_image_builder.attributes import ImageBuilderAttributes
from cdk_appstream_image_builder.deploy_nonce import deploy_nonce
from cdk_appstream_image_builder.duplicate_builders import warn_of_duplicate_builders
from cdk_appstream_image_builder.iam.builder_policies import BuilderAccess
from cdk_appstream_image_builder.iam.scheduled_stop import ScheduledStop
from cdk_appstream_image_builder.on_delete import OnDelete
from cdk_appstream_image_builder.provider import RunningImageBuilderProvider
from running_image_builder_function import contract

if TYPE_CHECKING:  # each module of CDK takes time to import, and these serve for annotations only
    from aws_cdk import aws_cloudwatch as cloudwatch
    from aws_cdk.interfaces.aws_appstream import IImageBuilderRef


class RunningImageBuilder(ImageBuilderAttributes, Construct):
    """An existing AppStream 2.0 image builder that is RUNNING once the stack is deployed.

    Create and update start the builder if it is stopped, and the deploy continues when it is RUNNING. Resources that
    depend on this construct, by ``node.add_dependency`` or by using one of its attributes, come after that.

    Example::

        builder = RunningImageBuilder(stack, "Builder", image_builder_name="my-builder")
        CfnOutput(stack, "Address", value=builder.image_builder_eni_private_ip_address)
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        image_builder_name: str | None = None,
        image_builder: IImageBuilderRef | None = None,
        appstream_agent_version: str | None = None,
        restart_to_update_agent: bool = False,
        timeout: Duration | None = None,
        poll_interval: Duration | None = None,
        on_delete: OnDelete = OnDelete.LEAVE_RUNNING,
        stop_after: Duration | None = None,
        scheduler_role: iam.IRole | None = None,
        triggers: Mapping[str, str] | None = None,
        start_on_every_deploy: bool = False,
        provider: RunningImageBuilderProvider | None = None,
    ) -> None:
        """Define the running image builder.

        Args:
            scope: The stack, or a construct in it.
            construct_id: The id within the scope.
            image_builder_name: The name of an image builder in the stack's account and Region: 1 to 101 letters,
                digits, ``_``, ``.`` or ``-``; may be a token, looked up, or ``{{resolve:...}}``. Another name starts
                that builder and treats the old one by ``on_delete``. Specify exactly one of this and
                ``image_builder``.
            image_builder: An image builder of the same app, such as a ``CfnImageBuilder``, which is created first.
            appstream_agent_version: The AppStream agent's version to start the builder with, or ``LATEST``; 1 to 100
                characters. If the builder already runs with another version, the deploy fails. Default: the agent is
                not changed.
            restart_to_update_agent: Whether a builder that runs with another agent is stopped and started again
                instead. Has no effect without a version. Default: False.
            timeout: How long the builder may take to be RUNNING before the deploy fails, 1 to 59 minutes. AWS states 5
                to 10 minutes for a start; 25 have been seen. CloudFormation's own limit is a minute later, or an hour
                if this is a token. Default: 30 minutes.
            poll_interval: The pause between two descriptions of the builder, 1 to 60 seconds. Default: 2 seconds.
            on_delete: What deleting the resource does with the builder. If another resource of the same stack has the
                builder, the delete leaves it alone. The function doesn't know other stacks, so there a delete stops or
                leaves the builder by this option. Default: the builder is left as it is.
            stop_after: How long after each deploy that finds or makes the builder RUNNING it is stopped, by a one-time
                schedule of EventBridge Scheduler: 15 minutes to 30 days. Default: it runs until somebody stops it.
            scheduler_role: The role with which EventBridge Scheduler stops the builder. It must trust
                ``scheduler.amazonaws.com``, and exist as long as a builder may be left running. It gets the statement
                to stop the builder; a role that cannot be changed causes a warning at synth that lists it. Only with
                ``stop_after``. Default: a new one, which is retained if the builder may be left running.
            triggers: Any strings. If one changes, CloudFormation runs the update, which starts a builder that was
                stopped meanwhile. Default: an update runs only if another argument changes.
            start_on_every_deploy: Whether every deploy runs the update, even if nothing else has changed. Then every
                synth makes another template, so no diff is ever empty. Default: False.
            provider: The function to use; another app's by ``RunningImageBuilderProvider.from_service_token``.
                CloudFormation refuses another one for a deployed builder. Default: the one that the stack's builders
                share.

        Raises:
            TypeError: A value is of another type.
            ValueError: A value is out of its range.
        """
        super().__init__(validation.check_scope(scope), validation.check_construct_id(construct_id))
        self._name = validation.check_image_builder(image_builder_name, image_builder)
        seconds = validation.check_timeout(
            Duration.seconds(contract.DEFAULT_TIMEOUT_SECONDS) if timeout is None else timeout
        )
        # CloudFormation does not calculate, so its own limit for a timeout that is a token is the longest.
        known = seconds if isinstance(seconds, int) else contract.MAX_TIMEOUT_SECONDS
        properties: dict[str, object] = {
            contract.NAME: self._name,
            contract.TIMEOUT_SECONDS: seconds,
            contract.ON_DELETE: validation.check_on_delete(on_delete).value,
        }
        if poll_interval is not None:
            properties[contract.POLL_INTERVAL_SECONDS] = validation.check_poll_interval(poll_interval, timeout=seconds)
        if triggers is not None:
            properties[contract.TRIGGERS] = validation.check_triggers(triggers)
        if version := validation.check_agent_version(appstream_agent_version):
            properties[contract.APPSTREAM_AGENT_VERSION] = version
        restart = validation.check_flag("restart_to_update_agent", restart_to_update_agent)
        restart = restart and version is not None  # no version, nothing to restart for
        if restart:
            properties[contract.RESTART_TO_UPDATE_AGENT] = True
        if validation.check_flag("start_on_every_deploy", start_on_every_deploy):
            properties[contract.DEPLOY_NONCE] = deploy_nonce(self)
        name = validation.name_at_synth(self._name, image_builder)
        warn_of_duplicate_builders(self, name)
        self._arn = Stack.of(self).format_arn(service="appstream", resource="image-builder", resource_name=self._name)
        validation.check_role("scheduler_role", scheduler_role)
        if provider is not None and not isinstance(provider, RunningImageBuilderProvider):
            raise TypeError(f"provider is {provider!r}: specify a RunningImageBuilderProvider, or omit it")
        self._provider = provider or RunningImageBuilderProvider.of_stack(self)
        scheduled_stop: ScheduledStop | None = None
        if scheduler_role is not None and stop_after is None:
            raise ValueError("scheduler_role is given without stop_after: specify stop_after as well")
        if stop_after is not None:
            properties[contract.STOP_AFTER_SECONDS] = validation.check_stop_after(stop_after)
            scheduled_stop = ScheduledStop(
                self,
                image_builder_name=name,
                image_builder_arn=self._arn,
                retained=on_delete is OnDelete.LEAVE_RUNNING,
                given=scheduler_role,
                shared=self._provider._serves_unknown_builders,
            )
            properties[contract.SCHEDULE_NAME] = scheduled_stop.name
            properties[contract.SCHEDULER_ROLE_ARN] = scheduled_stop.role.role_arn
        self._resource = CustomResource(
            self,
            "Resource",
            resource_type=contract.RESOURCE_TYPE,
            service_token=self._provider.service_token,
            # Even if the function never answers, the stack waits no longer than this.
            service_timeout=Duration.seconds(known + contract.RESPONSE_MARGIN_SECONDS),
            removal_policy=RemovalPolicy.DESTROY,
            properties=properties,
        )
        access = BuilderAccess(
            arn=self._arn,
            name=name,
            restart=restart,
            stop_on_delete=on_delete is OnDelete.STOP,
            scheduled_stop=scheduled_stop,
        )
        self._provider._serve(self._resource, access)
        if scheduled_stop is not None and scheduled_stop.needed:
            self._resource.node.add_dependency(*scheduled_stop.needed)

    @property
    def provider(self) -> RunningImageBuilderProvider:
        """The provider of the function that starts the builder."""
        return self._provider

    @property
    def image_builder_name(self) -> str:
        """The builder's name; a resource that uses it waits for RUNNING."""
        return self._resource.ref

    @property
    def scheduled_stop_time(self) -> str:
        """The time of the scheduled stop, ISO 8601 in UTC; "" without ``stop_after``."""
        return self._attribute(contract.SCHEDULED_STOP_TIME)

    def grant(self, grantee: iam.IGrantable, *actions: str) -> iam.Grant:
        """Grant the given actions on the builder.

        Args:
            grantee: The principal to grant to.
            *actions: IAM actions on the builder, such as ``appstream:StartImageBuilder``.

        Raises:
            TypeError: The grantee is no principal, or an action is not a string.
            ValueError: No action is given, or IAM would not accept it.
        """
        validation.check_grantee(grantee)
        validation.check_actions(actions)
        # The ARN from its parts, because the attribute would make the grantee's policy wait for RUNNING.
        return iam.Grant.add_to_principal(grantee=grantee, actions=list(actions), resource_arns=[self._arn])

    def grant_stop(self, grantee: iam.IGrantable) -> iam.Grant:
        """Grant to stop the builder."""
        return self.grant(grantee, "appstream:StopImageBuilder")

    def grant_describe(self, grantee: iam.IGrantable) -> iam.Grant:
        """Grant to describe all image builders, because IAM knows no resource for that action."""
        validation.check_grantee(grantee)
        return iam.Grant.add_to_principal(
            grantee=grantee, actions=["appstream:DescribeImageBuilders"], resource_arns=["*"]
        )

    def grant_create_streaming_url(self, grantee: iam.IGrantable) -> iam.Grant:
        """Grant to create URLs that open a session on the builder."""
        return self.grant(grantee, "appstream:CreateImageBuilderStreamingURL")

    def add_running_past_alarm(self, after: Duration) -> cloudwatch.Alarm:
        """Create an alarm for a builder that has been running for some hours, whoever started it.

        The first such alarm adds a rule to the stack that invokes the function every 15 minutes to measure.

        Args:
            after: Whole hours, 1 to 168 (seven days, the longest that CloudWatch evaluates).

        Returns:
            The alarm, without an action: add one with ``add_alarm_action``.

        Raises:
            TypeError: The value is not a Duration.
            ValueError: The value is out of its range.
        """
        hours = validation.check_running_past(after)
        rule = self._provider._running_metric_rule(self)
        return rule.alarm(self, "RunningPastAlarm", name=self._name, hours=hours)

    def _attribute(self, name: str) -> str:
        return self._resource.get_att_string(name)
