"""NVDEC, the decoder of an NVIDIA GPU, in the child: it has the same packets and gives the same times.

FFmpeg reads the headers and orders the pictures as it always does; only their samples come from the GPU, and
are fetched from it at once. What the GPU does with damaged samples nobody says, so a file is left to software
at the first sign of trouble.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import cast

from av.codec.context import CodecContext
from av.codec.hwaccel import HWAccel
from av.container import InputContainer
from av.error import FFmpegError
from av.video.stream import VideoStream as AvStream

from datalake.adapters.media.containers import input_of
from datalake.adapters.media.decode.coded_video import CodedVideo

# of these two FFmpeg's own decoders read the headers; for others we use libraries, which know no GPU
CODECS = ("h264", "hevc")
_SHARED = {"primary_ctx": "1"}  # one context a process, whatever is opened in it


class Hardware:
    """The GPU's decoder as this process has it; `open` comes before any untrusted byte.

    Attributes:
        reserved_bytes: address space that the driver took; it takes much more than it uses.
    """

    def __init__(self) -> None:
        self.reserved_bytes = 0
        self._trouble = "nobody has opened NVDEC"
        self._kept: CodecContext | None = None  # keeps the shared context, which takes long to make

    def open(self) -> None:
        """Find out whether there is one."""
        before_bytes = _address_space_bytes()
        try:
            self._kept = CodecContext.create(CODECS[0], "r", self.accel())
        except FFmpegError as error:  # also for want of memory: software may do with less
            self._trouble = f"NVDEC cannot be opened: {error.strerror}"
        self.reserved_bytes = max(0, _address_space_bytes() - before_bytes)

    def refusal(self, codec: str) -> str | None:
        """Why streams of a codec are decoded in software; None where the GPU is tried."""
        if self._kept is None:
            return self._trouble
        return None if codec in CODECS else f"NVDEC is used for {' and '.join(CODECS)} only, not for {codec}"

    def accel(self) -> HWAccel:
        """What FFmpeg needs to decode there; changing to software by itself it would not tell."""
        return HWAccel("cuda", allow_software_fallback=False, options=dict(_SHARED))


class StreamOpener:
    """Opens one stream of a file again and again: for the GPU, until that is given up.

    Args:
        path: of the file.
        video: which stream.
        hardware: of this process; None where the GPU is not to be used.

    Attributes:
        on_cpu_because: why the GPU is not used though it was to be; None where it is, or was never to be.
    """

    def __init__(self, path: str, video: CodedVideo, hardware: Hardware | None) -> None:
        self._path, self._video, self._hardware = path, video, hardware
        self.on_cpu_because = hardware.refusal(video.codec) if hardware else None

    def give_up_hardware(self, reason: str) -> None:
        """Decode in software from the next time on."""
        stream = f"{self._video.codec}, {self._video.pixel_format}"
        self.on_cpu_because = f"NVDEC was given up on this stream ({stream}): {reason}"

    def __call__(self) -> tuple[InputContainer, AvStream]:
        """The file, and the stream that is to be decoded.

        Raises:
            av.error.FFmpegError: the file cannot be opened.
        """
        if self._hardware is not None and self.on_cpu_because is None:
            try:
                return self._opened(self._hardware.accel())
            except (FFmpegError, RuntimeError) as error:  # the GPU or the file: software will tell
                self.give_up_hardware(str(error))
        return self._opened(None)

    def _opened(self, accel: HWAccel | None) -> tuple[InputContainer, AvStream]:
        container = input_of(self._path, accel)
        return container, cast("AvStream", container.streams[self._video.index])


def _address_space_bytes() -> int:
    """What this process has mapped or reserved, as RLIMIT_AS counts it."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    return pages * os.sysconf("SC_PAGE_SIZE")
