"""What the demo sends: real clips, and three things that must not get through."""

from __future__ import annotations

import hashlib
import json
import os
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from datalake.contracts import OutcomeKind

PLATFORM = "demo"


@dataclass(frozen=True)
class DemoMessage:
    """One message, and how it has to end."""

    video_id: str
    payload: bytes
    expected: tuple[OutcomeKind, ...]
    reason: str | None = None

    @property
    def sha256(self) -> str:
        """Finds the message's ledger row; the payload holds a random event id."""
        return hashlib.sha256(self.payload).hexdigest()


@dataclass(frozen=True)
class Query:
    """Words a person might type, and the video they must find first."""

    words: str
    video_id: str


QUERIES = (
    Query("a cartoon rabbit", "bunny"),
    Query("bicycle race", "bikes"),
    Query("person wearing a suit", "interview"),
)


def messages(clips: Sequence[Path], folder: Path) -> Iterator[DemoMessage]:
    """One message a clip, then a truncated file, a text file named .mp4 and a malformed message.

    Args:
        clips: real videos, in a folder that the pipeline may read.
        folder: where the broken files are written; also readable for the pipeline.
    """
    for clip in clips:
        yield DemoMessage(clip.stem, _arrived(clip.stem, clip), ("done", "duplicate"))
    truncated = folder / "broken-truncated.mp4"
    content = clips[0].read_bytes()
    _publish(truncated, content[: len(content) // 2])
    yield DemoMessage(truncated.stem, _arrived(truncated.stem, truncated), ("quarantined",), "truncated")
    text = folder / "broken-text.mp4"
    _publish(text, b"I am a text file, whatever my name says.\n" * 40)
    yield DemoMessage(text.stem, _arrived(text.stem, text), ("quarantined",), "not_a_video")
    cut_off = f'{{"event_id": "{uuid4()}", "video_id": "broken-message", "uri": '.encode()
    yield DemoMessage("broken-message", cut_off, ("rejected",), "not_json")


def fresh_clip(clip: Path, folder: Path) -> Path:
    """The same video under another content hash: a `free` box of random bytes at the end of the MP4."""
    unique = folder / f"fresh-{uuid4().hex[:8]}.mp4"
    _publish(unique, with_free_box(clip.read_bytes(), os.urandom(16)))
    return unique


def with_free_box(mp4: bytes, filling: bytes) -> bytes:
    """The same video under another content hash: every player skips a `free` box."""
    return mp4 + struct.pack(">I4s", 8 + len(filling), b"free") + filling


def arrived(video_id: str, path: Path) -> DemoMessage:
    """A message for one good clip."""
    return DemoMessage(video_id, _arrived(video_id, path), ("done",))


def _arrived(video_id: str, path: Path) -> bytes:
    message = {
        "event_id": str(uuid4()),
        "video_id": video_id,
        "uri": path.resolve().as_uri(),
        "platform": PLATFORM,
    }
    return json.dumps(message).encode()


def _publish(path: Path, content: bytes) -> None:
    part = path.with_suffix(".part")
    part.write_bytes(content)
    part.replace(path)
