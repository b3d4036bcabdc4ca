"""Deploys the app on the local engine and draws what `watch` shows meanwhile, as docs/pictures/watch.svg.

`.venv/bin/python tools/watch_picture.py` takes about a minute. The times in the picture differ from run to run.
"""

import fcntl
import io
import os
import pty
import re
import struct
import termios
import threading
import time
from pathlib import Path

from rich.console import CONSOLE_SVG_FORMAT, Console
from rich.text import Text

from appstream_local.cli import demo
from appstream_local.cli.live_view import LiveView
from appstream_local.process.cdk import Cdk
from appstream_local.process.engine import Engine

PICTURE = demo.PROJECT_DIR / "docs" / "pictures" / "watch.svg"
COMMAND = f"$ appstream-image-builder watch {demo.IMAGE_BUILDER}"
CONTEXT = {"imageBuilderName": demo.IMAGE_BUILDER, "timeoutMinutes": "2"}
COLUMNS, LINES = 92, 24
STARTING = b"PENDING"
START_SECONDS = 60
PAUSE = 40
"""Seconds from the start to the picture."""

PATIENCE = 300
"""Seconds until the builder must be starting."""

SVG = re.sub(r"@font-face \{\{.*?\}\}\s*", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
"""The library's own format, without fonts from the network."""


def screen(written: bytes) -> list[Text]:
    """Return the lines that a terminal shows: the library goes to a line's start and erases it to write it again."""
    lines = written.decode().replace("\r\n", "\n").split("\n")
    return [Text.from_ansi(line.rpartition("\x1b[2K")[2].rpartition("\r")[2]) for line in lines]


def waiting() -> bytes:
    """Return what `watch` has written to a terminal while a deploy waits for the builder."""
    terminal, output = pty.openpty()
    fcntl.ioctl(output, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
    written = bytearray()

    def read() -> None:
        while chunk := os.read(terminal, 4096):
            written.extend(chunk)

    with Engine() as engine:
        demo.seed(engine.admin, name=demo.IMAGE_BUILDER, start_seconds=START_SECONDS)
        cdk = Cdk(engine=engine, project_dir=demo.PROJECT_DIR)
        cdk.bootstrap().check()
        threading.Thread(target=read, daemon=True).start()
        deploy = threading.Thread(target=cdk.deploy, kwargs={"context": CONTEXT})
        with LiveView(engine, demo.IMAGE_BUILDER, output=output):
            deploy.start()
            end = time.monotonic() + PATIENCE
            while STARTING not in written and deploy.is_alive() and time.monotonic() < end:
                time.sleep(0.1)
            time.sleep(PAUSE)
            seen = bytes(written)
            deploy.join()
    return seen


def draw(written: bytes, target: Path) -> None:
    """Write the picture."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True)
    console.print(Text(COMMAND, style="bold"))
    for line in screen(written):
        console.print(line)
    # Below the last line, which the library cuts to the height of its letters.
    console.print()
    svg = console.export_svg(title="watch", code_format=SVG, unique_id="watch")
    target.parent.mkdir(exist_ok=True)
    target.write_text("".join(f"{line.rstrip()}\n" for line in svg.splitlines()), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    draw(waiting(), PICTURE)
