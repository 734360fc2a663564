"""Decoding, in the child: the frames on screen at wanted times, upright, as RGB in a file."""

from __future__ import annotations

import errno
import gc
from collections.abc import Iterator
from io import FileIO
from typing import Any

from datalake.adapters.media.containers import decode_failures
from datalake.adapters.media.decode.coded_video import CodedVideo
from datalake.adapters.media.decode.damage import Damage, Picture
from datalake.adapters.media.decode.hardware import Hardware
from datalake.adapters.media.decode.reader import Reader
from datalake.adapters.media.decode.shots import first_of_shots
from datalake.adapters.media.refusals import Noticed

_MAX_FINDINGS = 3  # of one window


class Decoding:
    """The child's one open video; `open` replaces it."""

    def __init__(self, threads: int, hardware: Hardware | None = None) -> None:
        self._threads, self._hardware = threads, hardware
        self._reader: Reader | None = None
        self._has_told_device = False

    def open(self, path: str, stream: dict[str, Any]) -> None:
        """Open a file for the requests that follow.

        Raises:
            Refusal: it cannot be opened.
        """
        self.close()
        self._has_told_device = False
        with decode_failures("at opening the file"):
            self._reader = Reader(path, CodedVideo(**stream), self._threads, self._hardware)

    def close(self) -> None:
        """Let go of the file, and of what was decoded of it."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None
            gc.collect()  # PyAV's filters refer to each other, and hold pictures

    def keyframes(self, is_exact: bool, pixels: FileIO) -> int:
        """The number of keyframes; where pixels would be their times are written (int64, microseconds).

        Exact ones are read from the packets; else an index may say about when they are.
        """
        with decode_failures("at reading the packets"):
            if is_exact:
                self._opened.look_when_keyframes_are_shown()
            times = self._opened.keyframes_us
        _write(pixels, memoryview(times))
        return len(times)

    def frames(self, start_us: int, end_us: int, wanted_us: list[int], pixels: FileIO) -> dict[str, Any]:
        """{"frames": [time_us, pts] of each, "findings": damage met}.

        The pixels are written one picture after the other, (height, width, RGB).
        """
        return self._written(start_us, self._opened.pictures(start_us, end_us, wanted_us), pixels)

    def shots(self, start_us: int, end_us: int, interval_us: int, pixels: FileIO) -> dict[str, Any]:
        """As `frames`: those that a shot begins with, of each interval (from 0 on) the first."""
        return self._written(start_us, first_of_shots(self._opened, start_us, end_us, interval_us), pixels)

    def _written(self, start_us: int, pictures: Iterator[Picture], pixels: FileIO) -> dict[str, Any]:
        times = []
        with decode_failures(f"after {start_us / 1e6:.3f} s"):
            for picture in pictures:
                times.append((picture.time_us, picture.pts))
                if picture.frame is not None:
                    _write(pixels, self._opened.upright(picture.frame))
        noticed = [*_noticed(self._opened.damage), *self._device_noticed()]
        return {"frames": times, "findings": [one.as_json() for one in noticed]}

    def _device_noticed(self) -> list[Noticed]:
        """Once a file: that the GPU does not decode it."""
        reason = self._opened.opener.on_cpu_because
        if reason is None or self._has_told_device:
            return []
        self._has_told_device = True
        return [Noticed("decoded_on_cpu", reason)]

    @property
    def _opened(self) -> Reader:
        if self._reader is None:
            raise RuntimeError("`open` comes first")
        return self._reader


def _write(pixels: FileIO, data: memoryview) -> None:
    """All of it: the kernel takes less where memory is short."""
    written = pixels.write(data)
    if written != data.nbytes:
        raise OSError(errno.ENOMEM, f"{written} of {data.nbytes} bytes of pixels could be written")


def _noticed(damage: list[Damage]) -> list[Noticed]:
    """One for each stretch of damage; of many the last one says how many more there are."""
    told, more = damage[:_MAX_FINDINGS], damage[_MAX_FINDINGS:]
    texts = [str(one) for one in told]
    if more:
        texts[-1] += f"; and {len(more)} more stretches up to {more[-1].end_us / 1e6:.3f} s"
    return [Noticed("decode_failed", text) for text in texts]
