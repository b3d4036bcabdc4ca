"""Which goal a request has; decides nothing about how it is reached."""

from running_image_builder_function.ensure_ended import EnsureEnded
from running_image_builder_function.ensure_running import EnsureRunning
from running_image_builder_function.ensure_stopped import EnsureStopped
from running_image_builder_function.goal import Goal
from running_image_builder_function.journey import Journey
from running_image_builder_function.request import Request


def goal_of(request: Request, journey: Journey, *, deletes: bool, arn: str) -> Goal | None:
    """Return a request's goal; None for a Delete that has nothing to do.

    Args:
        request: What CloudFormation asks for.
        journey: The request's memory.
        deletes: Whether it is a Delete.
        arn: The builder's ARN.
    """
    if not deletes:
        return EnsureRunning(request, journey, arn=arn)
    if request.stop_on_delete and request.started_here:
        return EnsureStopped(request, journey, arn=arn)
    return EnsureEnded(request, journey, arn=arn) if request.schedule else None
