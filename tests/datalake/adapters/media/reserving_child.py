"""A child whose GPU cannot be opened, but takes a lot of address space first."""

from __future__ import annotations

import mmap
import resource
import sys

from av.codec.hwaccel import HWAccel
from av.error import ExternalError

from datalake.adapters.media.child import main
from datalake.adapters.media.decode.hardware import Hardware

RESERVED_BYTES = 64 * 1024**3


class Reserving(Hardware):
    def accel(self) -> HWAccel:
        self.reserved = mmap.mmap(-1, RESERVED_BYTES, flags=mmap.MAP_PRIVATE, prot=0)
        raise ExternalError(1, "out of memory")


def limit() -> int:
    return resource.getrlimit(resource.RLIMIT_AS)[0]


if __name__ == "__main__":
    main({"limit": limit}, sys.argv[1:], Reserving())
