"""Seeking that loses no header."""

from __future__ import annotations

from av.container import InputContainer
from av.error import FFmpegError
from av.video.stream import VideoStream as AvStream

from datalake.adapters.media.decode.picture_decoder import PictureDecoder
from datalake.adapters.media.packets import packets


def seek(container: InputContainer, stream: AvStream, ticks: int, decoder: PictureDecoder) -> None:
    """Stand at the keyframe before a time.

    MP4 sends a header with the first packet of its part that is read, be it only to find out what streams
    there are. So before the first seek the packet at the start is read once more: what follows is sent again.

    Raises:
        av.error.FFmpegError: there is no way there.
    """
    if decoder.may_lack_header and "mp4" in container.format.name:
        try:
            container.seek(stream.start_time or 0, stream=stream)
            first = next(packets(container, stream), None)
            if first is not None:
                decoder.meet(first)
        except MemoryError:
            raise
        except FFmpegError:
            pass  # nothing is lost by it: the seek that was asked for follows
    decoder.may_lack_header = False
    container.seek(ticks, stream=stream)
