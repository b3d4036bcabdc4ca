"""Stops the builder that a failed rename may have started, and that CloudFormation sends no Delete for."""

from dataclasses import replace

from running_image_builder_function.cloudformation.request import Request
from running_image_builder_function.custom_resource.invocation import Invocation
from running_image_builder_function.model.errors import RequestFailed
from running_image_builder_function.reconcile.callback_context import CallbackContext
from running_image_builder_function.reconcile.on_delete import desired_on_delete
from running_image_builder_function.timing import ABANDONED_BUILDER_TIME


def stop_abandoned(abandoned: Request, invocation: Invocation, *, reserve: float) -> bool:
    """Stop the builder, or leave it to its scheduled stop; what goes wrong is a warning.

    Args:
        abandoned: The Delete of the builder.
        invocation: The invocation for the Update that has followed the rename.
        reserve: Seconds before the Update's deadline that are kept for what it does after that.

    Returns:
        Whether that is done; else another invocation must go on.
    """
    context = invocation.context
    context.abandoned_is_done = context.abandoned_is_done or _stop(abandoned, invocation, reserve=reserve)
    return context.abandoned_is_done


def _stop(abandoned: Request, invocation: Invocation, *, reserve: float) -> bool:
    context, now, name = invocation.context, invocation.clock.time(), abandoned.name
    if now > invocation.checks.last_call_at:
        context.warnings.append(f"{name}, which the failed update may have started, may still run")
        return True
    its_context = CallbackContext.from_json(context.abandoned or {"began_at": context.began_at, "delivered_at": now})
    its_context.invocation, its_context.dated = context.invocation, context.dated
    desired = desired_on_delete(
        replace(abandoned, timeout=invocation.request.timeout - reserve),
        its_context,
        invocation.checks,
        arn=invocation.arn(name),
        clock=invocation.clock,
        only_started=True,
    )
    # A start that took all the time leaves enough for a description and a stop before ServiceTimeout.
    until = min(invocation.clock.time() + ABANDONED_BUILDER_TIME, invocation.checks.last_call_at)
    if desired is not None and until > desired.deadline:
        desired.request = replace(desired.request, timeout=until - context.began_at)
    if desired is None:
        _warn(context, its_context.warnings, name)
        context.warnings.append(f"{name}, which the failed update may have started, is left as it is")
        return True
    try:
        done = invocation.reconcile(desired)
    except RequestFailed as failure:
        _warn(context, its_context.warnings, name)
        context.warnings.append(f"what the failed update may have started may still run: {failure}")
        return True
    if done:
        _warn(context, its_context.warnings, name)
    return done


def _warn(context: CallbackContext, warnings: list[str], name: str) -> None:
    """Remember warnings, which the log shows under the name of the request's own builder."""
    new = [each if name in each else f"{name}, which the failed update may have started: {each}" for each in warnings]
    context.warnings.extend(each for each in new if each not in context.warnings)
