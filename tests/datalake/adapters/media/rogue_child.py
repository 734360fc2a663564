"""A child that misbehaves on request: what a decoder may do to us, without a decoder."""

from __future__ import annotations

import errno
import mmap
import os
import signal
import sys
import time
from io import FileIO

from av.error import InvalidDataError

from datalake.adapters.media.child import main
from datalake.adapters.media.refusals import Refusal

reserved: mmap.mmap


def echo(value: object, **_: object) -> object:
    return value


def pixels_from(first: int, size: int, pixels: FileIO) -> int:
    return pixels.write(bytes(number % 256 for number in range(first, first + size)))


def shrink(pixels: FileIO) -> None:
    pixels.write(b"x")
    pixels.truncate(0)  # reading the pixels would then kill the reader


def boast(pixels: FileIO) -> None:
    pixels.seek(1000)  # as if so much were written


def leave_a_hole(pixels: FileIO) -> None:
    pixels.truncate(2**40)
    pixels.seek(2**40)


def hang(**_: object) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while True:
        time.sleep(60)


def spin(**_: object) -> None:
    while True:
        pass


def eat() -> int:
    return len(bytearray(64 * 1024**3))


def nibble(**_: object) -> None:
    held = []
    while True:
        held.append(b"x" * 2 * 1024**2)
        time.sleep(0.01)


def reserve(size: int) -> int:
    global reserved
    reserved = mmap.mmap(-1, size)
    return len(reserved)


def crash() -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def trip(why: str = "unheard-of format", times: int = 1) -> None:
    raise ValueError(why * times)


def starve() -> None:
    raise OSError(errno.ENOSPC, "pixels")


def give_up() -> None:
    raise InvalidDataError(1, "")


def refuse() -> None:
    raise Refusal("decode_failed", "in the middle")


def babble(packet: str, **_: object) -> None:
    os.write(int(sys.argv[1]), packet.encode(errors="surrogateescape"))


def environment() -> list[str]:
    return sorted(os.environ)


if __name__ == "__main__":
    fine, writing = (echo, reserve, environment), (pixels_from, shrink, boast, leave_a_hole)
    handlers = (*fine, *writing, hang, spin, eat, nibble, crash, trip, starve, give_up, refuse, babble)
    main({handler.__name__: handler for handler in handlers}, sys.argv[1:])
