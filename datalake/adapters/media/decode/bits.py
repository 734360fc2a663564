"""Bits of a coded unit, read and written."""

from __future__ import annotations


class BitReader:
    """Reads a unit bit by bit, without the bytes that only keep start codes out of it.

    Attributes:
        left: how many bits are still to be read.
    """

    def __init__(self, unit: bytes) -> None:
        content = unit.replace(b"\0\0\3", b"\0\0")
        self._value, self.left = int.from_bytes(content, "big"), 8 * len(content)

    def take(self, count: int) -> int:
        """The next bits as a number.

        Raises:
            EOFError: there are not so many.
        """
        self.left -= count
        if self.left < 0:
            raise EOFError("the unit breaks off")
        return self._value >> self.left & (1 << count) - 1

    def golomb(self, count: int = 1) -> int:
        """The last of so many Exp-Golomb numbers (ITU-T H.264, 9.1).

        Raises:
            EOFError: they break off.
        """
        number = 0
        for _ in range(count):
            rest = self._value & (1 << self.left) - 1
            zeros = self.left - rest.bit_length()
            self.take(zeros)
            number = self.take(zeros + 1) - 1
        return number

    def signed(self) -> int:
        """An Exp-Golomb number with a sign (9.1.1).

        Raises:
            EOFError: it breaks off.
        """
        number = self.golomb()
        return (number + 1) // 2 if number & 1 else -(number // 2)

    def again(self, left: int) -> tuple[int, int]:
        """What was read since so many bits were left, and how many bits that is."""
        count = left - self.left
        return self._value >> self.left & (1 << count) - 1, count


class BitWriter:
    """Writes what `BitReader` reads."""

    def __init__(self) -> None:
        self._value = self._count = 0

    def put(self, value: int, count: int) -> None:
        """So many bits of a number."""
        self._value = self._value << count | value
        self._count += count

    def golomb(self, number: int) -> None:
        """An Exp-Golomb number."""
        self.put(number + 1, 2 * (number + 1).bit_length() - 1)

    def signed(self, number: int) -> None:
        """An Exp-Golomb number with a sign."""
        self.golomb(2 * number - 1 if number > 0 else -2 * number)

    def align(self, bit: int) -> None:
        """Up to a whole byte with the same bit."""
        while self._count % 8:
            self.put(bit, 1)

    def unit(self) -> bytes:
        """Whole bytes, with those between that keep start codes out (ITU-T H.264, 7.4.1)."""
        out, zeros = bytearray(), 0
        for byte in self._value.to_bytes(self._count // 8, "big"):
            if zeros == 2 and byte <= 3:
                out.append(3)
                zeros = 0
            out.append(byte)
            zeros = zeros + 1 if byte == 0 else 0
        return bytes(out)
