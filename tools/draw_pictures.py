"""Draws docs/pictures/*.mmd as SVG; --check compares instead. The sources are sequence diagrams in Mermaid's language.

Mermaid itself draws only in a browser, and a page on PyPI runs no script; so the few words of its language that these
pictures use (participant, the two arrows, note over, loop) are drawn here, into files that any browser shows.
"""

import re
import sys
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "pictures"

COLUMN, ROW, MARGIN, HEAD = 232, 38, 24, 36
"""Pixels between two participants, between two lines, around the picture, and of a participant's box."""

_STYLE = """
  .card { fill: #ffffff; stroke: #d0d7de; } text { fill: #1f2328; font: 13px ui-sans-serif, system-ui, sans-serif; }
  .words { stroke: #ffffff; stroke-width: 4; paint-order: stroke; }
  .who { fill: #eaf2ff; stroke: #4a7bd0; } .name { font-weight: 600; } .life { stroke: #b6bfca; stroke-dasharray: 3 4; }
  .line { stroke: #4a7bd0; stroke-width: 1.5; } .back { stroke-dasharray: 6 4; } .tip { fill: #4a7bd0; }
  .loop { fill: none; stroke: #8c959f; } .what { fill: #59636e; font-style: italic; }
  .note { fill: #fff6d6; stroke: #d4a72c; }
  @media (prefers-color-scheme: dark) {
    .card { fill: #161b22; stroke: #3d444d; } text { fill: #e6edf3; }
    .words { stroke: #161b22; } .who { fill: #1c2c4a; stroke: #6ea0f5; }
    .life { stroke: #57606a; } .line { stroke: #6ea0f5; } .tip { fill: #6ea0f5; } .loop { stroke: #7d8590; }
    .what { fill: #9198a1; } .note { fill: #3a3010; stroke: #bb8009; }
  }
"""


@dataclass
class Picture:
    """A diagram while it is read: where each participant stands, and what is drawn so far."""

    title: str = ""
    names: dict[str, str] = field(default_factory=dict)
    parts: list[str] = field(default_factory=list)
    loops: list[tuple[str, int]] = field(default_factory=list)
    y: int = MARGIN + HEAD + 30

    def x(self, who: str) -> int:
        """Return the middle of a participant's column."""
        return MARGIN + COLUMN // 2 + COLUMN * list(self.names).index(who)

    @property
    def width(self) -> int:
        """Return the whole width."""
        return 2 * MARGIN + COLUMN * len(self.names)

    def text(self, x: float, y: float, words: str, kind: str = "", anchor: str = "middle") -> None:
        """Add words."""
        self.parts.append(f'<text class="{kind}" x="{x:g}" y="{y:g}" text-anchor="{anchor}">{escape(words)}</text>')

    def arrow(self, sender: str, receiver: str, words: str, *, back: bool) -> None:
        """Add a message."""
        start, end = self.x(sender), self.x(receiver)
        way, kind = (1 if end > start else -1), ("line back" if back else "line")
        self.parts.append(
            f'<line class="{kind}" x1="{start}" y1="{self.y}" x2="{end - 7 * way}" y2="{self.y}"/>'
            f'<path class="tip" d="M{end} {self.y}l{-9 * way} -5v10z"/>'
        )
        self.text((start + end) / 2, self.y - 7, words, "words")
        self.y += ROW

    def note(self, who: str, words: str) -> None:
        """Add a note over one participant."""
        self.parts.append(
            f'<rect class="note" x="{self.x(who) - 105}" y="{self.y - 22}" width="210" height="26" rx="4"/>'
        )
        self.text(self.x(who), self.y - 5, words)
        self.y += ROW

    def end_loop(self) -> None:
        """Close the innermost loop with its frame."""
        words, top = self.loops.pop()
        self.parts.append(
            f'<rect class="loop" x="{MARGIN + 14}" y="{top}" width="{self.width - 2 * MARGIN - 28}"'
            f' height="{self.y - top - 18}" rx="6"/>'
        )
        self.text(MARGIN + 24, top + 17, f"loop: {words}", "what", "start")
        self.y += 12


def draw(source: str) -> str:
    """Return the SVG of a diagram.

    Raises:
        ValueError: A line is none that is understood.
    """
    picture = Picture()
    for line in [each.strip() for each in source.splitlines() if each.strip()]:
        if line == "sequenceDiagram":
            continue
        if found := re.fullmatch(r"title (.+)", line):
            picture.title = found[1]
        elif found := re.fullmatch(r"participant (\w+) as (.+)", line):
            picture.names[found[1]] = found[2]
        elif found := re.fullmatch(r"(\w+)(--?)>>(\w+): (.+)", line):
            picture.arrow(found[1], found[3], found[4], back=found[2] == "--")
        elif found := re.fullmatch(r"note over (\w+): (.+)", line):
            picture.note(found[1], found[2])
        elif found := re.fullmatch(r"loop (.+)", line):
            picture.loops.append((found[1], picture.y - 14))
            picture.y += 32
        elif line == "end":
            picture.end_loop()
        else:
            raise ValueError(f"{line!r} is not understood: see the words in tools/draw_pictures.py")
    return _framed(picture)


def _framed(picture: Picture) -> str:
    """Return the whole picture: a card of its own, so that it can be read on a page of any color."""
    width, height = picture.width, picture.y + MARGIN - 10
    heads = []
    for who, name in picture.names.items():
        x = picture.x(who)
        heads.append(f'<line class="life" x1="{x}" y1="{MARGIN + HEAD}" x2="{x}" y2="{height - MARGIN}"/>')
        heads.append(f'<rect class="who" x="{x - 92}" y="{MARGIN}" width="184" height="{HEAD}" rx="6"/>')
        heads.append(f'<text class="name" x="{x}" y="{MARGIN + 23}" text-anchor="middle">{escape(name)}</text>')
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 {width} {height}" width="{width}">',
            f"<title>{escape(picture.title)}</title><style>{_STYLE}</style>",
            f'<rect class="card" x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="10"/>',
            *heads,
            *picture.parts,
            "</svg>\n",
        ]
    )


def main() -> None:
    """Draw every picture, or with --check fail and name those that would change."""
    stale = []
    for path in sorted(FOLDER.glob("*.mmd")):
        target = path.with_suffix(".svg")
        now = draw(path.read_text(encoding="utf-8"))
        if not target.is_file() or target.read_text(encoding="utf-8") != now:
            stale.append(target.name)
            if "--check" not in sys.argv:
                target.write_text(now, encoding="utf-8", newline="\n")
    if stale and "--check" in sys.argv:
        sys.exit(f"pictures are stale: {', '.join(stale)}: run `make docs`")


if __name__ == "__main__":
    main()
