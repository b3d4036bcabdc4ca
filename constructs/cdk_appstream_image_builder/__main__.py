"""Runs the commands of ``appstream-image-builder``, as ``python -m cdk_appstream_image_builder``."""

import sys

from appstream_image_builder_cli.__main__ import main

if __name__ == "__main__":
    sys.exit(main())
