"""Transport streams that do not say of every picture when it is shown."""

from __future__ import annotations

from collections.abc import Callable


def without_times(content: bytes, is_untimed: Callable[[int], bool]) -> bytes:
    """Some pictures, counted from 0 in decoding order, without a time (ISO/IEC 13818-1, 2.4.3.7)."""
    changed, number = bytearray(content), 0
    for start in range(0, len(content), 188):
        header = content.find(b"\0\0\1\xe0", start, start + 188)
        if header >= 0 and content[start + 1] & 0x40:
            if is_untimed(number):
                changed[header + 7] &= 0x3F
            number += 1
    return bytes(changed)
