"""Runs ministack with AppStream: `python -m appstream_local.ministack`, with ministack's own settings."""

import os


def main() -> None:
    """Run the engine until it is told to stop."""
    # By default ministack listens on every interface, and on ports for IoT and SFTP.
    os.environ.setdefault("BIND_HOST", "127.0.0.1")
    os.environ.setdefault("IOT_MTLS_ENABLED", "0")
    os.environ.setdefault("SFTP_ENABLED", "0")
    # Imported here, because ministack reads its settings during import.
    import ministack.app

    from .adapter import register

    register()
    ministack.app.main()


if __name__ == "__main__":
    main()
