from __future__ import annotations

import pytest

from datalake.adapters.media.decode.bits import BitReader, BitWriter


def test_what_is_written_is_read() -> None:
    numbers, signed = [0, 1, 2, 6, 7, 254, 255, 65_534], [0, 1, -1, 2, -2, 51, -26]
    bits = BitWriter()
    bits.put(0b101, 3)
    for number in numbers:
        bits.golomb(number)
    for number in signed:
        bits.signed(number)
    bits.align(0)
    read = BitReader(bits.unit())
    assert read.take(3) == 0b101
    assert [read.golomb() for _ in numbers] == numbers
    assert [read.signed() for _ in signed] == signed


def test_the_last_of_some_numbers() -> None:
    bits = BitWriter()
    for number in (3, 4, 5):
        bits.golomb(number)
    bits.align(0)
    assert BitReader(bits.unit()).golomb(3) == 5


def test_start_codes_are_kept_out() -> None:
    bits = BitWriter()
    bits.put(0x00_00_01_00_00_00_00_00_04, 72)
    unit = bits.unit()
    assert unit == bytes.fromhex("000003010000030000030004")
    assert BitReader(unit).take(72) == 0x00_00_01_00_00_00_00_00_04


def test_bits_are_read_again() -> None:
    read = BitReader(b"\xa5")
    read.take(1)
    left = read.left
    read.take(3)
    assert read.again(left) == (0b010, 3)


@pytest.mark.parametrize("unit", [b"", b"\0", b"\x01", bytes(100)])
def test_numbers_that_break_off(unit: bytes) -> None:
    read = BitReader(unit)
    with pytest.raises(EOFError):
        read.golomb(9)
