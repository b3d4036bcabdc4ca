"""The fixtures that the log queries' tests run the function with."""

from support.fixtures import logging_as_before, side, world

__all__ = ["logging_as_before", "side", "world"]
