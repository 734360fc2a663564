"""What can happen to a finished file: each function takes its bytes and gives the damaged ones.

The sizes and names that are changed are those of ISO/IEC 14496-12 (MP4), RIFF (AVI) and RFC 9559 (Matroska).
"""

from __future__ import annotations

import io
import random

import av

_CUES, _VOID = b"\x1c\x53\xbb\x6b", b"\xec"
_LENGTH_PREFIX = 4  # of a H.264 or HEVC unit in MP4 and Matroska: left whole, the units after it are found


def cut(content: bytes, percent: float) -> bytes:
    """The first so many percent: an upload that broke off."""
    return content[: int(len(content) * percent / 100)]


def scrambled_picture(content: bytes, number: int, seed: int = 1) -> bytes:
    """Noise in place of one picture's data, counted in decoding order; its neighbours stay whole."""
    with av.open(io.BytesIO(content)) as container:
        packets = [one for one in container.demux(video=0) if one.size]
        packet = packets[number]
        data = bytes(packet)
    start = content.find(data, packet.pos or 0)
    if start < 0:
        raise ValueError(f"picture {number} is not stored in one piece")
    noise = random.Random(seed).randbytes(len(data) - _LENGTH_PREFIX)
    return _replaced(content, start + _LENGTH_PREFIX, noise)


def flipped_bits(content: bytes, start: int, end: int, count: int, seed: int = 1) -> bytes:
    """So many single bits the other way round, somewhere in [start, end)."""
    damaged, chance = bytearray(content), random.Random(seed)
    for position in chance.sample(range(start, end), count):
        damaged[position] ^= 1 << chance.randrange(8)
    return bytes(damaged)


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


def twice(content: bytes) -> bytes:
    """The file after itself: a transport stream whose clock jumps back half way."""
    return content + content


def _replaced(content: bytes, start: int, new: bytes) -> bytes:
    return content[:start] + new + content[start + len(new) :]
