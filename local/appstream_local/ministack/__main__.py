"""`python -m appstream_local.ministack`: ministack with AppStream; every setting is ministack's own."""

from __future__ import annotations

import os


def main() -> None:
    """Run the engine until it is told to stop."""
    # ministack listens on every interface, and on ports for IoT and SFTP, unless it is told not to.
    os.environ.setdefault("BIND_HOST", "127.0.0.1")
    os.environ.setdefault("IOT_MTLS_ENABLED", "0")
    os.environ.setdefault("SFTP_ENABLED", "0")
    # Only now: ministack reads its settings while it is imported.
    import ministack.app

    from .adapter import register

    register()
    ministack.app.main()


if __name__ == "__main__":
    main()
