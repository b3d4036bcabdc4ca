"""Owns what is known of sockets on this machine's loopback; knows no engine."""

from __future__ import annotations

import socket
import ssl
import urllib.request
from pathlib import Path

from .environment import LOOPBACK

_HIGHEST = 65535
_ANSWER_TIMEOUT = 5.0


class PortError(Exception):
    """A port cannot be used; the text is one line for a person."""


def usable_port(port: int | None = None) -> int:
    """Return `port` if it is free, or any free port.

    Raises:
        PortError: it is taken, or no port at all.
    """
    if port is not None and not 1 <= port <= _HIGHEST:
        raise PortError(f"{port} is no port: give one from 1 to {_HIGHEST}")
    with socket.socket() as probe:
        # A connection of an earlier engine that is still closing does not make a port taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port or 0))
        except OSError as error:
            raise PortError(
                f"port {port} on {LOOPBACK} cannot be used ({error.strerror}): end what uses it, or choose another port"
            ) from None
        return int(probe.getsockname()[1])


def answers(url: str, *, ca_bundle: Path) -> bool:
    """Return whether `url` answers with the key that `ca_bundle` vouches for."""
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}),
        urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=ca_bundle)),
    )
    try:
        with opener.open(url, timeout=_ANSWER_TIMEOUT):
            return True
    except OSError:
        return False
