"""The fixtures that the log queries' tests run the function with."""

from support.fixtures import appstream, harness, logging_as_before

__all__ = ["appstream", "harness", "logging_as_before"]
