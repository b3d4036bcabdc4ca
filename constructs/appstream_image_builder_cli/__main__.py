"""Runs a command, or says how to install what the commands need."""

import io
import sys

from appstream_image_builder_cli import exit_codes

_EXTRA = ("boto3", "botocore", "jmespath", "rich", "yaml")


def main() -> int:
    """Run a command and return its exit code."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # Names and messages are in any language; a Windows console or a C locale can't show every character.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        from appstream_image_builder_cli.main import main as run
    except ModuleNotFoundError as error:
        library = str(error.name).partition(".")[0]
        if library not in _EXTRA:
            raise
        sys.stderr.write(f"error: {library} is not installed: pip install 'cdk-appstream-image-builder[cli]'\n")
        return exit_codes.CONFIGURATION
    except KeyboardInterrupt:
        # While Python loads the libraries, which takes a moment.
        return exit_codes.INTERRUPTED
    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
