"""Any number of messages from a few examples: the same for the same seed."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from uuid import UUID

from benchmarks.fuzz_suite.examples import PLACEHOLDER, WORK, Example, examples

LARGE_BYTES = 10 * 1024**2
_REMEMBERED = 1000  # earlier messages that one may repeat
_SHARES = {"example": 0.6, "broken bytes": 0.25, "repeat": 0.07, "event reused": 0.05, "no value": 0.03}
# Nobody's clock, the first and last day that Python's calendar has, and what no calendar has.
_TIMESTAMPS_MS = (1, 253_402_300_799_999, 253_402_300_800_000, 2**62, 2**63 - 1)
_KEYS = (None, b"", b"key", b"\x00\xff\xfe", "schlüssel".encode(), b"k" * 10_000)
_HEADERS: tuple[tuple[tuple[str, bytes | None], ...], ...] = (
    (),
    (("reason", b"mine"), ("reason", b"twice")),
    (("", None), ("\u202e", b"")),
    (("bytes", b"\x00\xff" * 100),),
)


@dataclass(frozen=True)
class Message:
    """One message, and what it must become; None where that is open."""

    kind: str
    key: bytes | None
    value: bytes | None = field(repr=False)
    headers: tuple[tuple[str, bytes | None], ...]
    timestamp_ms: int
    expected: str | None


def messages(count: int, seed: int, large: int, drawn: int) -> Iterator[Message]:
    """`count` messages in the order to send.

    Args:
        count: of all messages.
        seed: decides everything.
        large: how many of them are of about 10 MB, at even distances.
        drawn: examples that the others are made of.
    """
    random = Random(seed)
    known = examples(drawn, seed)
    sent: deque[tuple[Example, bytes]] = deque(maxlen=_REMEMBERED)
    every = count // large if large else count + 1
    for number in range(count):
        kind, value, expected = (
            _large(random) if number % every == every - 1 else _varied(random, known, sent)
        )
        yield Message(
            kind,
            random.choice(_KEYS),
            value,
            random.choice(_HEADERS),
            random.choice(_TIMESTAMPS_MS) if random.random() < 0.05 else 0,
            expected,
        )


def _varied(
    random: Random, known: list[Example], sent: deque[tuple[Example, bytes]]
) -> tuple[str, bytes | None, str | None]:
    (how,) = random.choices(list(_SHARES), list(_SHARES.values()))
    if how == "no value":
        return (how, None, "no_value") if random.random() < 0.5 else ("empty value", b"", "not_json")
    if how in ("repeat", "event reused") and sent:
        example, payload = random.choice(sent)
        return how, payload if how == "repeat" else payload + b" ", None
    example = random.choice(known)
    payload = example.payload.replace(str(PLACEHOLDER).encode(), str(_uuid(random)).encode())
    if how == "broken bytes":
        return how, _broken(random, payload), None
    if example.expected == WORK:
        sent.append((example, payload))
    return example.kind, payload, example.expected


def _large(random: Random) -> tuple[str, bytes, str]:
    """A good message, but for its size."""
    size = LARGE_BYTES + random.randrange(-1000, 1000)
    document = {
        "event_id": str(_uuid(random)),
        "video_id": "large",
        "uri": "file:///large.mp4",
        "x": "x" * size,
    }
    return "large", json.dumps(document).encode(), "too_large"


def _uuid(random: Random) -> UUID:
    return UUID(int=random.getrandbits(128), version=4)


def _broken(random: Random, payload: bytes) -> bytes:
    """The payload with a few bytes flipped, lost, doubled, or all after some place gone."""
    broken = bytearray(payload)
    for _ in range(random.randint(1, 3)):
        if not broken:
            break
        start = random.randrange(len(broken))
        end = min(len(broken), start + random.randint(1, 20))
        how = random.randrange(4)
        if how == 0:
            broken[start] ^= 1 << random.randrange(8)
        elif how == 1:
            del broken[start:end]
        elif how == 2:
            broken[start:start] = broken[start:end]
        else:
            del broken[end:]
    return bytes(broken)
