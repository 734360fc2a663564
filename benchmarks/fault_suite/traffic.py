"""What is sent: good videos, repeats of messages, and messages or files that must not get through."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import cycle, islice
from pathlib import Path
from uuid import UUID

from datalake.demo.messages import with_free_box

PLATFORM = "faults"
RECEIVER = "operator@example.com"
_SUBSCRIBERS = ("anna@example.com", "ben@example.com")
_LINKED_SHARE = 0.1  # of the good videos: their bytes came before, under another id
_NOTIFIED_SHARE = 0.2

Ending = tuple[str, str | None]
"""Outcome and reason."""
_DONE: Ending = ("done", None)
_SEEN: Ending = ("duplicate", "event_id_seen")


@dataclass(frozen=True)
class Message:
    """One message.

    Attributes:
        video_id: what it calls the video.
        payload: its bytes.
        first: how its first copy on the topic must end.
        again: how every other copy must end.
        clip: which clip the video shows, if it is a good one; all copies of a clip have the same frames.
    """

    video_id: str
    payload: bytes
    first: Ending
    again: Ending
    clip: str | None = None

    @property
    def key(self) -> bytes:
        """Messages about one video share a partition, so they stay in order."""
        return f"{PLATFORM}/{self.video_id}".encode()

    @property
    def sha256(self) -> str:
        """Finds its rows in the ledger."""
        return sha256(self.payload).hexdigest()


@dataclass(frozen=True)
class Traffic:
    """All messages, and the order in which they are sent, with the repeats."""

    messages: tuple[Message, ...]
    order: tuple[Message, ...]

    @property
    def by_sha256(self) -> dict[str, Message]:
        """Every message by the hash of its payload."""
        return {message.sha256: message for message in self.messages}


def plan(
    messages: int, repeats: float, poison: float, chance: random.Random, clips: Sequence[Path], folder: Path
) -> Traffic:
    """So many different messages, their files written to `folder`.

    Args:
        messages: different messages.
        repeats: share of them that is sent once more.
        poison: share of them that is bad.
        chance: decides everything.
        clips: good videos.
        folder: where the pipeline may read.
    """
    maker = _Maker(chance, clips, folder)
    bad_count = round(messages * poison)
    bad = [make(number) for number, make in enumerate(islice(cycle(maker.poisons), bad_count))]
    made = [*maker.good(messages - bad_count), *bad]
    chance.shuffle(made)
    order = list(made)
    for message in chance.sample(made, round(messages * repeats)):
        order.insert(chance.randint(order.index(message) + 1, len(order)), message)
    return Traffic(tuple(made), tuple(order))


class _Maker:
    """Makes files and the messages that name them."""

    def __init__(self, chance: random.Random, clips: Sequence[Path], folder: Path) -> None:
        self._chance, self._folder = chance, folder
        self._clips = {clip.stem: clip.read_bytes() for clip in clips}
        self.poisons: tuple[Callable[[int], Message], ...] = (
            self._truncated,
            self._not_json,
            self._text,
            self._unknown_version,
            self._missing,
            self._nan,
        )

    def good(self, count: int) -> Iterator[Message]:
        """Videos that must get through; some have the bytes of an earlier one."""
        before: list[tuple[Path, str]] = []
        for number in range(count):
            if before and self._chance.random() < _LINKED_SHARE:
                path, clip = self._chance.choice(before)
            else:
                clip = self._chance.choice(list(self._clips))
                path = self._file(f"good-{number}.mp4", self._clips[clip])
                before.append((path, clip))
            yield self._message(f"good-{number}", path, _DONE, clip=clip)

    def _truncated(self, number: int) -> Message:
        content = self._chance.choice(list(self._clips.values()))
        name = f"truncated-{number}"
        cut = content[: len(content) * self._chance.randint(40, 80) // 100]
        path = self._folder / f"{name}.mp4"
        path.write_bytes(cut)
        return self._message(name, path, ("quarantined", "truncated"))

    def _text(self, number: int) -> Message:
        path = self._folder / f"text-{number}.mp4"
        path.write_bytes(f"number {number}, whatever my name says\n".encode() * self._chance.randint(20, 99))
        return self._message(path.stem, path, ("quarantined", "not_a_video"))

    def _missing(self, number: int) -> Message:
        path = self._folder / f"missing-{number}.mp4"
        return self._message(path.stem, path, ("quarantined", "source_missing"))

    def _not_json(self, number: int) -> Message:
        whole = self._message(f"half-{number}", self._folder / "half.mp4", _DONE)
        cut = whole.payload[: len(whole.payload) // 2]
        return _refused(whole.video_id, cut, "not_json")

    def _unknown_version(self, number: int) -> Message:
        whole = self._message(f"later-{number}", self._folder / "later.mp4", _DONE)
        document = json.loads(whole.payload) | {"schema_version": 2}
        return _refused(whole.video_id, json.dumps(document).encode(), "unknown_version")

    def _nan(self, number: int) -> Message:
        whole = self._message(f"nan-{number}", self._folder / "nan.mp4", _DONE)
        return _refused(whole.video_id, whole.payload.replace(b"{", b'{"version": NaN, ', 1), "nan")

    def _file(self, name: str, content: bytes) -> Path:
        path = self._folder / name
        path.write_bytes(with_free_box(content, self._chance.randbytes(16)))
        return path

    def _message(self, video_id: str, path: Path, first: Ending, clip: str | None = None) -> Message:
        document: dict[str, object] = {
            "event_id": str(UUID(bytes=self._chance.randbytes(16), version=4)),
            "video_id": video_id,
            "uri": path.resolve().as_uri(),
            "platform": PLATFORM,
        }
        if self._chance.random() < _NOTIFIED_SHARE:
            document["notify"] = [self._chance.choice(_SUBSCRIBERS)]
        return Message(video_id, json.dumps(document).encode(), first, _SEEN, clip)


def _refused(video_id: str, payload: bytes, reason: str) -> Message:
    """Without a readable event id, every copy is refused anew."""
    return Message(video_id, payload, ("rejected", reason), ("rejected", reason))
