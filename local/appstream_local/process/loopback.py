"""Finds a free loopback port, and probes a URL on it."""

import socket
import ssl
import urllib.request
from pathlib import Path

from .environment import LOOPBACK
from .errors import EngineError

_HIGHEST = 65535
_TIMEOUT = 5.0


def usable_port(port: int | None = None) -> int:
    """Return `port` if it is free, or any free port.

    Raises:
        EngineError: it is taken, or isn't a port.
    """
    if port is not None and not 1 <= port <= _HIGHEST:
        raise EngineError(f"{port} is not a port: use a number from 1 to {_HIGHEST}")
    with socket.socket() as probe:
        # A closing connection of an earlier engine doesn't take the port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port or 0))
        except OSError as error:
            raise EngineError(
                f"port {port} on {LOOPBACK} cannot be used ({error.strerror}): end what uses it, or choose another port"
            ) from None
        return int(probe.getsockname()[1])


def responds(url: str, *, ca_bundle: Path) -> bool:
    """Return whether `url` responds, with the certificate in `ca_bundle`."""
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}),
        urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=ca_bundle)),
    )
    try:
        with opener.open(url, timeout=_TIMEOUT):
            return True
    except OSError:
        return False
