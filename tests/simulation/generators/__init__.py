"""Random scenarios, each named by its seed."""
