"""A decoder that ends as often as the files beside the video say, and otherwise decodes.

`VIDEO.OP` holds a number of deaths for that request, `VIDEO.OP.START_US` for one window's; `VIDEO.hang` makes
them hangs. `VIDEO.lie.START_US` makes it say too few bytes of a window, `VIDEO.babble.OP` something else than
was asked for. `VIDEO.asked` notes every request.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from io import FileIO
from pathlib import Path
from typing import Any

from datalake.adapters.media.child import main
from datalake.adapters.media.decode.decoding import Decoding
from datalake.adapters.media.probe.probing import probe


class RogueDecoding(Decoding):
    """Ends before it does what it was asked."""

    def probe(self, path: str) -> dict[str, Any]:
        self.video = Path(path)
        self._end_if_told("probe")
        return probe(path) | self._babbled("probe")

    def open(self, path: str, stream: dict[str, object]) -> None:
        self.video = Path(path)
        self._end_if_told("open")
        super().open(path, stream)

    def keyframes(self, is_exact: bool, pixels: FileIO) -> int:
        self._end_if_told("keyframes")
        return super().keyframes(is_exact, pixels)

    def frames(self, start_us: int, **request: Any) -> dict[str, Any]:
        self._end_if_told(f"frames.{start_us}")
        answer = super().frames(start_us, **request)
        if self.video.with_suffix(f".lie.{start_us}").exists():
            request["pixels"].seek(-1, os.SEEK_CUR)  # as if one byte less had been written
        return answer | self._babbled(f"frames.{start_us}")

    def _babbled(self, request: str) -> dict[str, Any]:
        told = self.video.with_suffix(f".babble.{request}")
        return dict(json.loads(told.read_text())) if told.exists() else {}

    def _end_if_told(self, request: str) -> None:
        with self.video.with_suffix(".asked").open("a") as notes:
            notes.write(f"{request}\n")
        plan = self.video.with_suffix(f".{request}")
        deaths = int(plan.read_text()) if plan.exists() else 0
        if not deaths:
            return
        plan.write_text(str(deaths - 1))
        if self.video.with_suffix(".hang").exists():
            signal.pause()
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    decoding = RogueDecoding(threads=1)
    handlers = (decoding.probe, decoding.open, decoding.keyframes, decoding.frames, decoding.close)
    main({handler.__name__: handler for handler in handlers}, sys.argv[1:])
