"""Which goal a request has; decides nothing about how it is reached."""

from running_image_builder_function.ensure_ended import EnsureEnded
from running_image_builder_function.ensure_running import EnsureRunning
from running_image_builder_function.ensure_stopped import EnsureStopped
from running_image_builder_function.goal import Goal
from running_image_builder_function.journey import Journey
from running_image_builder_function.request import Request


def running_goal(request: Request, journey: Journey, *, arn: str) -> Goal:
    """Return the goal of a Create or an Update.

    Args:
        request: What CloudFormation asks for.
        journey: The request's memory.
        arn: The builder's ARN.
    """
    return EnsureRunning(request, journey, arn=arn)


def deleted_goal(
    request: Request, journey: Journey, *, arn: str, is_anothers: bool, only_started: bool = False
) -> Goal | None:
    """Return the goal of a Delete; None where it has nothing to do.

    Args:
        request: What CloudFormation asks for.
        journey: The request's memory.
        arn: The builder's ARN.
        is_anothers: Whether another resource of the stack has the builder.
        only_started: Whether only what a start may have led to is stopped.
    """
    stops = request.stop_on_delete and request.started_here and not is_anothers
    if stops:
        return EnsureStopped(request, journey, arn=arn, only_started=only_started)
    unwanted = is_anothers or request.stop_on_delete
    doubtful = request.doubtful or only_started
    return EnsureEnded(request, journey, arn=arn, unwanted=unwanted, doubtful=doubtful) if request.schedule else None
