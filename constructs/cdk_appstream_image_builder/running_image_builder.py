"""The construct: properties in, the builder's attributes out; knows nothing of how the function is made."""

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
from cdk_appstream_image_builder.iam.scheduled_stop import ScheduledStop
from cdk_appstream_image_builder.on_delete import OnDelete
from cdk_appstream_image_builder.provider import RunningImageBuilderProvider
from cdk_appstream_image_builder.provider_validation import check_role
from running_image_builder_function import contract

if TYPE_CHECKING:  # each module of CDK takes its time to import, and these serve for annotations only
    from aws_cdk import aws_cloudwatch as cloudwatch
    from aws_cdk.interfaces.aws_appstream import IImageBuilderRef


class RunningImageBuilder(ImageBuilderAttributes, Construct):
    """An existing AppStream 2.0 image builder that is RUNNING once the stack is deployed.

    On create and on update the builder is started if it is stopped, and the deploy goes on when it is RUNNING.
    Whatever depends on this construct (``node.add_dependency``, or by using one of its attributes) comes after that.

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
                that builder and treats the old one by ``on_delete``. Exactly one of this and ``image_builder`` is
                given.
            image_builder: An image builder of the same app, such as a ``CfnImageBuilder``; it is created before this.
            appstream_agent_version: The AppStream agent's version to start the builder with, or ``LATEST``; 1 to 100
                characters. A builder that already runs with another one fails the deploy. Default: the agent stays.
            restart_to_update_agent: Whether a builder that runs with another agent is stopped and started again
                instead; without a version it has no effect. Default: False.
            timeout: How long the builder may take to be RUNNING before the deploy fails, 1 to 59 minutes. AWS's own
                figures for a start are 5 to 10 minutes; 25 have been seen. A token leaves CloudFormation's own limit,
                otherwise a minute later, at an hour. Default: 30 minutes.
            poll_interval: How long to pause between two looks at the builder, 1 to 60 seconds. Default: 2 seconds.
            on_delete: What deleting the resource does with the builder. A builder that another resource of the same
                stack has is left to that one. Of another stack the function cannot know, so there a delete stops or
                leaves the builder by this option, whoever needs it. Default: it is left as it is.
            stop_after: How long after each deploy that finds or makes it RUNNING the builder is stopped by itself, by a
                one-time schedule of EventBridge Scheduler: 15 minutes to 30 days. Default: it runs until somebody
                stops it.
            scheduler_role: The role that EventBridge Scheduler stops the builder with: it must trust
                ``scheduler.amazonaws.com``, and stay as long as a builder may be left running. It gets the statement to
                stop the builder; one that cannot be changed draws a warning at synth that lists it. Only with
                ``stop_after``. Default: a new one, which a builder that is left running keeps.
            triggers: Any strings. When one changes, CloudFormation runs the update, which starts a builder that was
                stopped meanwhile. Default: an update runs only when another argument changes.
            start_on_every_deploy: Whether every deploy runs the update, even where nothing else has changed. Every
                synth then makes another template, so no diff is ever empty. Default: False.
            provider: The function to use; another app's by ``RunningImageBuilderProvider.from_service_token``.
                CloudFormation refuses another one for a deployed builder. Default: the one that the stack's builders
                share.

        Raises:
            TypeError: A value is of another type; the message names it and the remedy.
            ValueError: A value is out of its range; the message names it and the remedy.
        """
        super().__init__(validation.check_scope(scope), validation.check_construct_id(construct_id))
        self._name = validation.check_image_builder(image_builder_name, image_builder)
        seconds = validation.check_timeout(
            Duration.seconds(contract.DEFAULT_TIMEOUT_SECONDS) if timeout is None else timeout
        )
        # CloudFormation does not calculate: a timeout that is a token leaves it at the longest.
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
        name_at_synth = validation.name_at_synth(self._name, image_builder)
        warn_of_duplicate_builders(self, name_at_synth)
        self._permission_arn = Stack.of(self).format_arn(
            service="appstream", resource="image-builder", resource_name=self._name
        )
        check_role("scheduler_role", scheduler_role)
        if provider is not None and not isinstance(provider, RunningImageBuilderProvider):
            raise TypeError(f"provider is {provider!r}: give a RunningImageBuilderProvider, or leave it out")
        self._provider = provider or RunningImageBuilderProvider.of_stack(self)
        schedule: ScheduledStop | None = None
        if scheduler_role is not None and stop_after is None:
            raise ValueError("scheduler_role is given without stop_after: give stop_after as well")
        if stop_after is not None:
            properties[contract.STOP_AFTER_SECONDS] = validation.check_stop_after(stop_after)
            schedule = ScheduledStop(
                self,
                image_builder_name=name_at_synth,
                image_builder_arn=self._permission_arn,
                outlives=on_delete is OnDelete.LEAVE_RUNNING,
                given=scheduler_role,
                shared=self._provider._serves_unknown_builders,
            )
            properties[contract.SCHEDULE_NAME] = schedule.name
            properties[contract.SCHEDULER_ROLE_ARN] = schedule.role.role_arn
        self._resource = CustomResource(
            self,
            "Resource",
            resource_type=contract.RESOURCE_TYPE,
            service_token=self._provider.service_token,
            # Even a function that never answers holds the stack no longer than this.
            service_timeout=Duration.seconds(known + contract.ANSWER_MARGIN_SECONDS),
            removal_policy=RemovalPolicy.DESTROY,
            properties=properties,
        )
        self._provider._serve(
            self._resource,
            self._permission_arn,
            name_at_synth=name_at_synth,
            restart=restart,
            stop_on_delete=on_delete is OnDelete.STOP,
            schedule=schedule,
        )
        if schedule is not None and schedule.needed:
            self._resource.node.add_dependency(*schedule.needed)

    @property
    def provider(self) -> RunningImageBuilderProvider:
        """The function that starts the builder, shared by the stack."""
        return self._provider

    @property
    def image_builder_name(self) -> str:
        """The builder's name; using it makes the user wait for RUNNING."""
        return self._resource.ref

    @property
    def scheduled_stop_time(self) -> str:
        """When the builder will be stopped by itself, as ISO 8601 in UTC; "" without ``stop_after``."""
        return self._attribute(contract.SCHEDULED_STOP_TIME)

    def grant(self, grantee: iam.IGrantable, *actions: str) -> iam.Grant:
        """Let somebody do something to the builder.

        Args:
            grantee: Who is let.
            *actions: IAM actions on the builder, such as ``appstream:StartImageBuilder``.

        Raises:
            TypeError: The grantee is none, or an action is no text.
            ValueError: No action is given, or one that IAM would not take.
        """
        validation.check_grantee(grantee)
        validation.check_actions(actions)
        # The ARN from its parts: the attribute would make the grantee's policy wait for RUNNING.
        return iam.Grant.add_to_principal(grantee=grantee, actions=list(actions), resource_arns=[self._permission_arn])

    def grant_stop(self, grantee: iam.IGrantable) -> iam.Grant:
        """Let somebody stop the builder."""
        return self.grant(grantee, "appstream:StopImageBuilder")

    def grant_describe(self, grantee: iam.IGrantable) -> iam.Grant:
        """Let somebody describe image builders: all of them, since IAM knows no resource for that action."""
        validation.check_grantee(grantee)
        return iam.Grant.add_to_principal(
            grantee=grantee, actions=["appstream:DescribeImageBuilders"], resource_arns=["*"]
        )

    def grant_create_streaming_url(self, grantee: iam.IGrantable) -> iam.Grant:
        """Let somebody create URLs that open a session on the builder."""
        return self.grant(grantee, "appstream:CreateImageBuilderStreamingURL")

    def add_running_past_alarm(self, after: Duration) -> cloudwatch.Alarm:
        """Make an alarm that goes off when the builder has been running for a time, whoever started it.

        From the first such alarm on, a rule of the stack lets the function look at its builders every 15 minutes.

        Args:
            after: Whole hours, 1 to 168 (seven days, the longest that CloudWatch looks back).

        Returns:
            The alarm, without an action: give it one with ``add_alarm_action``.

        Raises:
            TypeError: The value is no Duration.
            ValueError: The value is out of its range; the message names it and the remedy.
        """
        hours = validation.check_running_past(after)
        measurement = self._provider._measurement(self)
        return measurement.alarm(self, "RunningPastAlarm", name=self._name, hours=hours)

    def _attribute(self, name: str) -> str:
        return self._resource.get_att_string(name)
