"""Stops the builder that a failed rename may have started, and that CloudFormation sends no Delete for."""

from dataclasses import replace

from running_image_builder_function.cloudformation.request import Request
from running_image_builder_function.custom_resource.invocation import Invocation
from running_image_builder_function.model.errors import RequestFailed
from running_image_builder_function.reconcile.callback_context import CallbackContext
from running_image_builder_function.reconcile.on_delete import desired_on_delete
from running_image_builder_function.timing import ABANDONED_BUILDER_TIME


def stop_abandoned(abandoned: Request, invocation: Invocation) -> bool:
    """Stop the builder, or leave it to its scheduled stop; what goes wrong is a warning.

    Args:
        abandoned: The Delete of the builder.
        invocation: The invocation for the Update that has followed the rename.

    Returns:
        Whether that is done; else another invocation must go on.
    """
    context = invocation.context
    context.abandoned_is_done = context.abandoned_is_done or _stop(abandoned, invocation)
    return context.abandoned_is_done


def _stop(abandoned: Request, invocation: Invocation) -> bool:
    context, now, name = invocation.context, invocation.clock.time(), abandoned.name
    if now > invocation.checks.last_call_at:
        context.warnings.append(f"{name}, which the failed update may have started, may still run")
        return True
    # A start that took all the time leaves enough for a description and a stop before ServiceTimeout.
    until = min(now + ABANDONED_BUILDER_TIME, invocation.checks.last_call_at)
    timeout = max(invocation.request.timeout, until - context.began_at)
    its_context = CallbackContext.from_json(context.abandoned or {"began_at": context.began_at, "delivered_at": now})
    its_context.invocation, its_context.dated = context.invocation, context.dated
    desired = desired_on_delete(
        replace(abandoned, timeout=timeout),
        its_context,
        invocation.checks,
        arn=invocation.arn(name),
        clock=invocation.clock,
        only_started=True,
    )
    if desired is None:
        context.warnings.append(f"{name}, which the failed update may have started, is left as it is")
        return True
    try:
        done = invocation.reconcile(desired)
    except RequestFailed as failure:
        context.warnings.append(f"what the failed update may have started may still run: {failure}")
        return True
    context.warnings.extend(its_context.warnings)
    return done
