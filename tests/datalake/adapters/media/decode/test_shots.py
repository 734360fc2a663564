from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from datalake.adapters.media.children import MediaChildren
from datalake.adapters.media.decode.shots import ShotDetector
from datalake.adapters.ports import Sampling
from tests.clips import HEIGHT_PX, WIDTH_PX, frame_number
from tests.clips.pictures import picture

CUTS = (0, 20, 65, 70, 110)  # numbers of the frames that a shot begins with
FRAMES, RATE_FPS = 120, 30
COLOURS = ((230, 60, 60), (20, 60, 20), (90, 90, 240), (40, 30, 10), (240, 240, 240))
FRAME_BYTES = WIDTH_PX * HEIGHT_PX * 3


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Shots of one colour each; the numbers on top stay readable."""
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=RATE_FPS)
        stream.width, stream.height = WIDTH_PX, HEIGHT_PX
        stream.codec_context.gop_size, stream.codec_context.max_b_frames = 48, 2
        for number in range(FRAMES):
            image = picture(number).copy()
            image[HEIGHT_PX // 3 :] = COLOURS[sum(cut <= number for cut in CUTS) - 1]
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode(None))
    return path


def found(
    film: Path, media: MediaChildren, interval_s: float, window_frames: int, step: int = 1
) -> list[int]:
    """The numbers of the frames that are sampled; with step -1 the last window is asked for first."""
    facts = media.probe_port().probe(film).media
    assert facts is not None
    sampling = Sampling(interval_s, 1000, window_frames * FRAME_BYTES, mode="scene")
    with media.frame_source(film, facts) as source:
        decoded = [source.decoded(window) for window in source.windows(sampling)[::step]]
    assert [one.findings for one in decoded] == [()] * len(decoded)
    return sorted(frame_number(frame.image) for one in decoded for frame in one.frames)


def test_the_first_frame_of_each_shot(film: Path, media: MediaChildren) -> None:
    assert found(film, media, interval_s=0.1, window_frames=100) == list(CUTS)


def test_one_shot_in_each_interval(film: Path, media: MediaChildren) -> None:
    """65 and 70 are both in the third second."""
    assert found(film, media, interval_s=1.0, window_frames=100) == [0, 65, 110]


@pytest.mark.parametrize("window_frames", [1, 3])
@pytest.mark.parametrize("step", [1, -1])
def test_windows_do_not_change_what_is_found(
    film: Path, media: MediaChildren, window_frames: int, step: int
) -> None:
    assert found(film, media, 0.1, window_frames, step) == list(CUTS)


def test_so_many_intervals_are_looked_at(film: Path, media: MediaChildren) -> None:
    facts = media.probe_port().probe(film).media
    assert facts is not None
    with media.frame_source(film, facts) as source:
        windows = source.windows(Sampling(1.0, 2, FRAME_BYTES, mode="scene"))
    assert [(window.start_us, window.end_us) for window in windows] == [
        (0, 1_000_000),
        (1_000_000, 2_000_000),
    ]


def plain(width_px: int, height_px: int, brightness: int = 0) -> av.VideoFrame:
    return av.VideoFrame.from_ndarray(np.full((height_px, width_px, 3), brightness, np.uint8), "rgb24")


def test_a_stream_may_change_the_size_of_its_pictures() -> None:
    detector = ShotDetector()
    frames = [plain(64, 48), plain(64, 64), plain(48, 96, brightness=200), plain(64, 48, brightness=200)]
    assert [detector.begins_shot(frame) for frame in frames] == [True, False, True, False]


@pytest.mark.parametrize(
    ("size_px", "small_px"),
    [((1920, 1080), (256, 144)), ((1080, 1920), (256, 455)), ((2, 2000), (256, 1024)), ((4000, 2), (256, 1))],
)
def test_small_pictures_are_small(size_px: tuple[int, int], small_px: tuple[int, int]) -> None:
    detector = ShotDetector()
    detector.begins_shot(plain(*size_px))
    assert detector._size_px == small_px
