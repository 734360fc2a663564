"""A child that misbehaves on request: what a decoder may do to us, without a decoder."""

from __future__ import annotations

import mmap
import os
import signal
import sys
import time

from datalake.adapters.media.answer import Answer
from datalake.adapters.media.child import main
from datalake.errors import BadVideo
from datalake.findings import finding

reserved: mmap.mmap


def echo(value: object) -> Answer:
    return Answer(value)


def pixels(size: int) -> Answer:
    file = os.memfd_create("pixels", os.MFD_ALLOW_SEALING)
    os.write(file, bytes(number % 256 for number in range(size)))
    return Answer(size, file)


def shrinkable() -> Answer:
    file = os.memfd_create("pixels")  # sealing not allowed: could shrink under the reader
    os.write(file, b"x")
    return Answer(None, file)


def hang() -> Answer:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while True:
        time.sleep(60)


def spin() -> Answer:
    while True:
        pass


def eat() -> Answer:
    return Answer(len(bytearray(64 * 1024**3)))


def nibble() -> Answer:
    held = []
    while True:
        held.append(b"x" * 2 * 1024**2)
        time.sleep(0.01)


def reserve(size: int) -> Answer:
    global reserved
    reserved = mmap.mmap(-1, size)
    return Answer(len(reserved))


def crash() -> Answer:
    os.kill(os.getpid(), signal.SIGSEGV)
    return Answer(None)


def trip() -> Answer:
    raise ValueError("unheard-of pixel format")


def refuse() -> Answer:
    raise BadVideo(finding("decode_failed", "in the middle"))


def environment() -> Answer:
    return Answer(sorted(os.environ))


if __name__ == "__main__":
    handlers = (echo, pixels, shrinkable, hang, spin, eat, nibble, reserve, crash, trip, refuse, environment)
    main({handler.__name__: handler for handler in handlers}, sys.argv[1:])
