"""What deleting a resource does with its image builder."""

from enum import Enum

from running_image_builder_function import contract


class OnDelete(Enum):
    """What deleting the resource or its stack does with the image builder."""

    LEAVE_RUNNING = contract.LEAVE_RUNNING
    """Leave the builder as it is."""

    STOP = contract.STOP
    """Stop the builder, and wait until it is STOPPED."""
