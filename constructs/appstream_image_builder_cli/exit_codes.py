"""The commands' exit codes; those above 250 mean the same as in the AWS CLI."""

from typing import Final

RUNNING: Final = 0
"""The builder is RUNNING; from ``status`` without ``--wait``: the builder was described."""

NOT_RUNNING: Final = 1
"""The builder is not going to be RUNNING: it or its deploy has failed, or it is gone."""

TIMED_OUT: Final = 124
"""It was not RUNNING within ``--timeout``; the code of ``timeout(1)``."""

INTERRUPTED: Final = 130
"""Ctrl-C."""

USAGE: Final = 252
"""An argument is missing, unknown or malformed."""

CONFIGURATION: Final = 253
"""Credentials, profile, Region or an installed library are missing."""

SERVICE_ERROR: Final = 254
"""AWS answered with an error; an unknown builder is one."""

OTHER_ERROR: Final = 255
"""Anything else, such as an endpoint that cannot be reached."""
