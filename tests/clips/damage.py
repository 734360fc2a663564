"""What can happen to a finished file: each function takes its bytes and gives the damaged ones.

The sizes and names that are changed are those of ISO/IEC 14496-12 (MP4), RIFF (AVI) and RFC 9559 (Matroska).
"""

from __future__ import annotations

import io
import random
from collections.abc import Sequence

import av

_CUES, _VOID = b"\x1c\x53\xbb\x6b", b"\xec"
_TRANSPORT_PACKET = 188
_LENGTH_PREFIX = 4  # of a H.264 or HEVC unit in MP4 and Matroska: left whole, the units after it are found


def cut(content: bytes, percent: float) -> bytes:
    """The first so many percent: an upload that broke off."""
    return content[: int(len(content) * percent / 100)]


def cut_in_transport(content: bytes, percent: float) -> bytes:
    """As `cut`, of a transport stream, in the next packet of pictures or sound: a begun table is no loss."""
    first = int(len(content) * percent / 100) // 188
    number = next(n for n in range(first, len(content) // 188) if content[188 * n + 1] & 31 == 1)
    return content[: 188 * number + 100]


def scrambled_picture(content: bytes, number: int, seed: int = 1) -> bytes:
    """Noise in place of one picture's data, counted in decoding order; its neighbours stay whole."""
    place = _pictures(content)[number]
    noise = random.Random(seed).randbytes(len(place) - _LENGTH_PREFIX)
    return _replaced(content, place.start + _LENGTH_PREFIX, noise)


def flipped_bits(content: bytes, start: int, end: int, count: int, seed: int = 1) -> bytes:
    """So many single bits the other way round, somewhere in [start, end)."""
    return _flipped(content, range(start, end), count, seed)


def flipped_in_pictures(content: bytes, first: int, past: int, count: int, seed: int = 1) -> bytes:
    """So many single bits the other way round, anywhere in the data of pictures [first, past)."""
    places = [place for picture in _pictures(content)[first:past] for place in picture[_LENGTH_PREFIX:]]
    return _flipped(content, places, count, seed)


def without_avi_index(content: bytes) -> bytes:
    """The chunk `idx1` becomes filling."""
    position = content.rindex(b"idx1")
    return _replaced(content, position, b"JUNK")


def without_cues(content: bytes) -> bytes:
    """Matroska's index becomes filling; what points to it stays."""
    start = content.rindex(_CUES)
    width = 9 - content[start + 4].bit_length()
    coded = int.from_bytes(content[start + 4 : start + 4 + width], "big")
    whole = 4 + width + (coded & ((1 << 7 * width) - 1))  # bytes of the element, header and all
    size = (whole - 9) | 1 << 56  # a Void of the same length: one byte of name, eight of size
    return _replaced(content, start, _VOID + size.to_bytes(8, "big") + bytes(whole - 9))


def with_unknown_codec(content: bytes) -> bytes:
    """An MP4 whose picture track names a codec that does not exist."""
    return content.replace(b"avc1", b"zzzz").replace(b"avcC", b"zzzC")


def with_hole(content: bytes, lost_packets: int, zeros: int) -> bytes:
    """A transport stream with so many zeros in its middle, in place of so many packets."""
    start = len(content) // 2 // _TRANSPORT_PACKET * _TRANSPORT_PACKET
    return content[:start] + bytes(zeros) + content[start + lost_packets * _TRANSPORT_PACKET :]


def zeroed(content: bytes, start_percent: float, size: int) -> bytes:
    """So many zeros from there on, in place of what was there."""
    start = int(len(content) * start_percent / 100)
    return _replaced(content, start, bytes(size))


def twice(content: bytes) -> bytes:
    """The file after itself: a transport stream whose clock jumps back half way."""
    return content + content


def _pictures(content: bytes) -> list[range]:
    """Bytes that hold each picture, in decoding order, where they are stored in one piece."""
    with av.open(io.BytesIO(content)) as container:
        packets = [(packet.pos or 0, bytes(packet)) for packet in container.demux(video=0) if packet.size]
    starts = [content.index(data, position) for position, data in packets]
    return [range(start, start + len(data)) for start, (_, data) in zip(starts, packets, strict=True)]


def _flipped(content: bytes, places: Sequence[int], count: int, seed: int) -> bytes:
    damaged, chance = bytearray(content), random.Random(seed)
    for place in chance.sample(places, count):
        damaged[place] ^= 1 << chance.randrange(8)
    return bytes(damaged)


def _replaced(content: bytes, start: int, new: bytes) -> bytes:
    return content[:start] + new + content[start + len(new) :]
