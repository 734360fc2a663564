"""Where shots begin, in the child. The detector is PySceneDetect's for cuts, fed with small pictures."""

from __future__ import annotations

from collections.abc import Iterator

from av.video.frame import VideoFrame

from datalake.adapters.media.decode.damage import Picture
from datalake.adapters.media.decode.reader import Reader

_WIDTH_PX = 256  # as PySceneDetect makes them by default
_MOST_HEIGHT_PX = 1024  # of a picture that is much higher than wide
_RATE_FPS = 25.0  # the detector wants times; it is only asked about one picture and the next


def first_of_shots(video: Reader, start_us: int, end_us: int, interval_us: int) -> Iterator[Picture]:
    """Pictures in [start_us, end_us) that a shot begins with; of each interval, counted from 0, the first."""
    detector = ShotDetector()
    last_interval = -1
    for picture in video.every_picture(max(0, start_us - 1), end_us):
        assert picture.frame is not None
        is_begin = detector.begins_shot(picture.frame) and (picture.time_us >= start_us or start_us == 0)
        interval = max(0, picture.time_us) // interval_us
        if is_begin and interval > last_interval:
            last_interval = interval
            yield picture


class ShotDetector:
    """Tells of each picture whether a shot begins with it; pictures come in order of time.

    Castellano, PySceneDetect's ContentDetector: mean change of hue, saturation and brightness from picture to
    picture, at the threshold that it has by default. Nothing but the picture before counts, so that windows
    can be looked through in any order. All are made as small as the first, whatever size they have.
    """

    def __init__(self) -> None:
        # costs half a second, and only this way of sampling needs it
        from scenedetect import FrameTimecode
        from scenedetect.detectors import ContentDetector

        self._detector = ContentDetector(min_scene_len=0)
        self._time = FrameTimecode(0, _RATE_FPS)
        self._size_px: tuple[int, int] | None = None

    def begins_shot(self, frame: VideoFrame) -> bool:
        """True for the first picture, and for one that is another scene than the one before."""
        is_first = self._size_px is None
        width_px, height_px = self._size_px = self._size_px or _small_px(frame)
        small = frame.reformat(width=width_px, height=height_px, format="bgr24").to_ndarray()
        is_cut = bool(self._detector.process_frame(self._time, small))
        self._time += 1
        return is_first or is_cut


def _small_px(frame: VideoFrame) -> tuple[int, int]:
    height_px = round(_WIDTH_PX * frame.height / frame.width)
    return _WIDTH_PX, min(max(1, height_px), _MOST_HEIGHT_PX)
