"""A decoder that does what the last bytes of a file say, and otherwise decodes."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from datalake.adapters.media.child import main
from datalake.adapters.media.decode.decoding import Decoding
from datalake.adapters.media.probe.probing import probe

_BOX = (20).to_bytes(4, "big") + b"free"  # players pass it over
_WISH_BYTES = 12


def rogue_file(good: Path, wish: str) -> Path:
    """The clip beside it whose decoding ends as wished: `hang`, `die` or `eat`."""
    path = good.with_name(f"{wish}.mp4")
    path.write_bytes(good.read_bytes() + _BOX + f"!{wish}".encode().rjust(_WISH_BYTES))
    return path


def hang() -> None:
    """Never end, whatever is asked politely."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while True:
        signal.pause()


def die() -> None:
    """End the process, as a damaged heap does."""
    os.kill(os.getpid(), signal.SIGSEGV)


def eat() -> None:
    """Take memory in small steps, none of which is too much."""
    held = []
    while True:
        held.append(b"x" * 1024**2)
        time.sleep(0.005)


WISHES: dict[bytes, Callable[[], None]] = {b"!hang": hang, b"!die": die, b"!eat": eat}


class RogueDecoding(Decoding):
    """Opens every file, and does over the frames of some what they say."""

    def open(self, path: str, stream: dict[str, object]) -> None:
        self.wish = WISHES.get(Path(path).read_bytes()[-_WISH_BYTES:].strip())
        super().open(path, stream)

    def frames(self, **request: Any) -> dict[str, Any]:
        if self.wish is not None:
            self.wish()
        return super().frames(**request)


if __name__ == "__main__":
    decoding = RogueDecoding(threads=1)
    handlers = (probe, decoding.open, decoding.keyframes, decoding.frames, decoding.close)
    main({handler.__name__: handler for handler in handlers}, sys.argv[1:])
