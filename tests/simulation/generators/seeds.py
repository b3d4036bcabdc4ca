"""Chance that can be replayed: independent streams from one seed, and the token that names a run; nothing else."""

from dataclasses import dataclass
from random import Random

_WITHOUT = "-without-"


@dataclass(frozen=True)
class Token:
    """What names one run: a number, and what was left out of it."""

    number: int
    without: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> "Token":
        """Return the token that a text shows, such as ``17`` or ``17-without-kills,people``."""
        number, _, without = text.partition(_WITHOUT)
        return cls(int(number), tuple(each.replace("_", " ") for each in without.split(",") if each))

    def __str__(self) -> str:
        """Return the text, as one word for a command line."""
        left_out = ",".join(each.replace(" ", "_") for each in self.without)
        return f"{self.number}{_WITHOUT}{left_out}" if left_out else str(self.number)


class Dice:
    """Streams of chance by name: what one part of the simulation draws does not shift what another draws."""

    def __init__(self, seed: str) -> None:
        """Begin all streams."""
        self._seed = seed
        self._streams: dict[str, Random] = {}

    def __getitem__(self, name: str) -> Random:
        """Return the stream of that name."""
        if name not in self._streams:
            self._streams[name] = Random(f"{self._seed}/{name}")
        return self._streams[name]
