"""What one case of the table is: a file, what is found in it, and how it ends in each validation mode."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from datalake.contracts import ValidationMode
from tests.clips import Recipe, clip, clips_folder

MODES: tuple[ValidationMode, ...] = ("strict", "lenient", "report-only")


class Shown(NamedTuple):
    """A stored frame: its time from the first picture, and the number in its bar code."""

    time_us: int
    number: int


def every(step_us: int, frames: int, count: int, first: int = 0) -> tuple[Shown, ...]:
    """`count` frames, `step_us` and `frames` numbers apart, the first one at 0."""
    return tuple(Shown(index * step_us, first + index * frames) for index in range(count))


# of 60 frames at 30 a second, those at 0, 0.2, 0.4 ... 1.8 s
SIXTHS = every(200_000, 6, 10)


@dataclass(frozen=True)
class Case:
    """One video and all that must come out of it.

    Args:
        name: of the test, and of the file.
        recipe: what is made; a tone is added, unless it says something else about sound.
        content: bytes in place of a recipe's.
        damage: what happens to the finished file.
        suffix: of the file's name; None: the recipe's.
        config: settings that differ from the defaults, by name.
        asks_for: path that the message names in place of the file, in its folder.
        message: fields of the message besides URI and mode.
        found: codes that bronze reports, sorted.
        found_later: codes that silver and the assessment add, where the video gets there.
        stopped: by validation mode, the code that quarantines; a mode that is not named ends `done`.
        frames: what is stored where it is not stopped.
        frames_reported: what `report-only` stores, where that is more.
        is_damaged: True when the frames cannot be compared with those of a plain decode of the whole file.
    """

    name: str
    recipe: Mapping[str, Any] = field(default_factory=dict)
    content: bytes | None = None
    damage: Callable[[bytes], bytes] | None = None
    suffix: str | None = None
    config: Mapping[str, Any] = field(default_factory=dict)
    asks_for: str | None = None
    message: Mapping[str, Any] = field(default_factory=dict)
    found: tuple[str, ...] = ()
    found_later: tuple[str, ...] = ()
    stopped: Mapping[str, str] = field(default_factory=dict)
    frames: tuple[Shown, ...] = SIXTHS
    frames_reported: tuple[Shown, ...] | None = None
    is_damaged: bool = False

    @property
    def parts(self) -> Recipe:
        """The whole recipe."""
        return Recipe(**{"audio": "tone", **self.recipe})

    @property
    def is_numbered(self) -> bool:
        """True when every frame shows its own number."""
        return self.parts.look in ("moving", "blurred", "letterbox")

    def file(self, folder: Path) -> Path:
        """The case's file in `folder`, named after the case; what a message about it names may not exist."""
        content = self._clip().read_bytes() if self.content is None else self.content
        path = folder / f"{self.name}{self.suffix or self.parts.suffix}"
        path.write_bytes(content if self.damage is None else self.damage(content))
        return path if self.asks_for is None else folder / self.asks_for

    def longer(self) -> Case:
        """The case with four times the frames, where it has a rate."""
        if "times_ms" in self.recipe or self.parts.frames == 1:
            return self
        return replace(self, name=f"{self.name}_longer", recipe={**self.recipe, "frames": 240})

    def ending(self, mode: ValidationMode) -> tuple[str | None, tuple[str, ...]]:
        """The code that stops it in this mode, and all codes that are reported, sorted."""
        stopped = self.stopped.get(mode)
        codes = {*self.found, stopped} - {None} if stopped else {*self.found, *self.found_later}
        return stopped, tuple(sorted(codes))

    def frames_in(self, mode: ValidationMode) -> tuple[Shown, ...]:
        """What is stored in this mode, where it is not stopped."""
        return self.frames_reported if mode == "report-only" and self.frames_reported else self.frames

    def _clip(self) -> Path:
        return clip(clips_folder(), **{"audio": "tone", **self.recipe})


def in_strict(code: str) -> Mapping[str, str]:
    """An error that the usable part survives."""
    return {"strict": code}


def unless_reported(code: str) -> Mapping[str, str]:
    """An error that leaves nothing to work on."""
    return {"strict": code, "lenient": code}


def always(code: str) -> Mapping[str, str]:
    """There are no bytes, so there is nothing to report on either."""
    return dict.fromkeys(MODES, code)
