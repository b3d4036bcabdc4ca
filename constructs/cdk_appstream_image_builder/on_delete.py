"""What becomes of a builder when its resource is deleted; the names only."""

from enum import Enum

from running_image_builder_function import contract


class OnDelete(Enum):
    """What deleting the resource (or its stack) does with the image builder."""

    LEAVE_RUNNING = contract.LEAVE_RUNNING
    """The builder is left as it is."""

    STOP = contract.STOP
    """The builder is stopped, and the delete waits until it is STOPPED."""
