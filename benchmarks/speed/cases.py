"""What is measured: `cases.toml`, as records."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.clips import Recipe, clip, long_clip

_ENCODED_S = 100
_FILE = Path(__file__).with_name("cases.toml")


@dataclass(frozen=True)
class Clips:
    """The files of a case: so many different ones of one kind; those of more than 100 s repeat a minute."""

    count: int
    seconds: int
    size: tuple[int, int]
    gop_frames: int

    @property
    def video_s(self) -> int:
        """Seconds of all together."""
        return self.count * self.seconds

    def paths(self) -> list[Path]:
        """The files; made if they are not there."""
        recipe = Recipe(self.size, self.gop_frames, is_moving=True)
        make = clip if self.seconds <= _ENCODED_S else long_clip
        return [make(self.seconds, seed, recipe) for seed in range(self.count)]


@dataclass(frozen=True)
class Case:
    """One case: its contenders are measured in turn, on the same input.

    Attributes:
        name: its key in the file.
        about: one line for people.
        contenders: names in `contenders`.
        clips: what they work on; None where there is no video.
        counts: what each has to come to; a contender that says another number is wrong.
        least: what the first contender has to reach: `share_of_limit`, `batch_fill`, or how many
            times as fast as another.
        most_s: how long the first contender may take; None: as long as it does.
        options: for the contenders; `batch`: images in one call of the model.
        needs_gpu: models run on one; in the others on processors.
    """

    name: str
    about: str
    contenders: tuple[str, ...]
    clips: Clips | None = None
    counts: dict[str, int] = field(default_factory=dict)
    least: dict[str, float] = field(default_factory=dict)
    most_s: float | None = None
    options: dict[str, Any] = field(default_factory=dict)
    needs_gpu: bool = False


def cases() -> dict[str, Case]:
    """All cases by name, in the order of the file."""
    return {name: _case(name, table) for name, table in tomllib.loads(_FILE.read_text("utf-8")).items()}


def _case(name: str, table: dict[str, Any]) -> Case:
    clips = table.get("clips")
    return Case(
        name=name,
        about=table["about"],
        contenders=tuple(table["contenders"]),
        clips=Clips(**{**clips, "size": tuple(clips["size"])}) if clips else None,
        counts=table.get("counts", {}),
        least=table.get("least", {}),
        most_s=table.get("most_s"),
        options=table.get("options", {}),
        needs_gpu=table.get("needs_gpu", False),
    )
