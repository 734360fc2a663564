"""What one child may use, and how long a request to it may take; nobody else works that out."""

from __future__ import annotations

from dataclasses import dataclass

from datalake.adapters.ports import Window

TRIES = 2  # of a step over which its child ends
_READ_BYTES_PER_S = 20 * 1024**2  # what a slow disk still gives


@dataclass(frozen=True)
class Limits:
    """Of one child. CPU time follows: as many seconds as the request may take, for each thread.

    Args:
        timeout_s: wall seconds for any request.
        timeout_per_video_s: seconds more for each second of video that a request decodes.
        memory_bytes: address space, mapped or used; asking for more fails at once.
        resident_bytes: memory in use, without what is only mapped from files. Pixels lie in
            files of the parent's (`pixel_files`), two a child, as large as its largest windows.
        threads: of the decoder.
        uses_gpu: True where NVDEC is to decode what it can.
    """

    timeout_s: float
    timeout_per_video_s: float
    memory_bytes: int
    resident_bytes: int
    threads: int = 1
    uses_gpu: bool = False

    def reading_s(self, size_bytes: int) -> float:
        """Wall seconds for a request that may read the whole file, or copy it."""
        return self.timeout_s + size_bytes / _READ_BYTES_PER_S

    def decoding_s(self, window: Window) -> float:
        """Wall seconds for the frames of a window, also by a child that has not decoded what is before it."""
        return self.timeout_s + window.decoding_span_s * self.timeout_per_video_s

    def transcoding_s(self, span_s: float) -> float:
        """Wall seconds for a proxy of so much video, decoded and encoded, until it is given up."""
        return self.timeout_s + 2 * span_s * self.timeout_per_video_s

    def opened_within_s(self, size_bytes: int) -> float:
        """Wall seconds until a file is open and its windows are known, or it is given up."""
        return TRIES * 2 * self.reading_s(size_bytes)

    def decoded_within_s(self, size_bytes: int, window: Window) -> float:
        """Wall seconds until a window is decoded or given up; its file may have to be opened again."""
        return TRIES * (self.reading_s(size_bytes) + self.decoding_s(window))
