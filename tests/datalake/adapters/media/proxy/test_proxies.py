from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from datalake.adapters.media.children import MediaChildren
from datalake.adapters.media.pool import ChildPool
from datalake.adapters.media.proxy.proxies import ChildTranscoder
from datalake.contracts import AudioStream, MediaFacts, VideoStream
from datalake.errors import BadVideo, MachineBusy, PipelineError
from tests.limits import ROOMY

ROGUE = "tests.datalake.adapters.media.rogue_transcoder"
STREAM = VideoStream(index=0, codec="h264", width_px=160, height_px=96, time_base=(1, 90_000))
MEDIA = MediaFacts(container="mov", measured_duration_s=2.0, video=STREAM)


@pytest.fixture
def rogues() -> Iterator[ChildPool]:
    with ChildPool(1, replace(ROOMY, timeout_s=4), entry=ROGUE) as pool:
        yield pool


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Ctrl-C raises, also where the shell that started us in the background has switched it off."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def pid(pool: ChildPool) -> int:
    with pool.lease() as child:
        return child.pid


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize(
    ("wish", "error", "why"),
    [
        ("crash", BadVideo, "decoder_died"),
        ("hang", BadVideo, "decoder_hung"),
        ("refuse", BadVideo, "in the middle"),
        ("fill the disk", MachineBusy, "No space left on device.*free space"),
        ("interrupt", KeyboardInterrupt, "^$"),
    ],
)
def test_whatever_happens_in_the_middle_no_file_and_no_child_is_left(
    wish: str, error: type[BaseException], why: str, rogues: ChildPool, tmp_path: Path
) -> None:
    before = pid(rogues)
    with pytest.raises(error, match=why):
        ChildTranscoder(rogues, Path("video.mp4"), MEDIA).proxy(480, tmp_path, {"wish": wish})
    assert list(tmp_path.iterdir()) == []
    assert pid(rogues) != before


def test_a_proxy_that_never_ends_is_given_up(tmp_path: Path) -> None:
    limits = replace(ROOMY, timeout_s=1, timeout_per_video_s=0.1)
    with (
        ChildPool(1, limits, entry=ROGUE) as pool,
        pytest.raises(BadVideo, match=r"no proxy after 1 s; given up"),
    ):
        ChildTranscoder(pool, Path("video.mp4"), MEDIA).proxy(480, tmp_path, {"wish": "go on for ever"})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("limit_s", "given_up_s"), [(None, 3), (5.0, 2)])
def test_long_sound_has_as_much_time_as_its_file_can_need(
    tmp_path: Path, limit_s: float | None, given_up_s: int
) -> None:
    """A picture that stands still for hours is one picture; a damaged clock says a century."""
    limits = replace(ROOMY, timeout_s=1, timeout_per_video_s=0.1)
    path = tmp_path / "video.mp4"
    path.write_bytes(bytes(5000))
    sounding = MEDIA.model_copy(update={"audio": AudioStream(index=1, duration_s=3e9)})
    with (
        ChildPool(1, limits, entry=ROGUE) as pool,
        pytest.raises(BadVideo, match=f"no proxy after {given_up_s} s; given up"),
    ):
        ChildTranscoder(pool, path, sounding, limit_s).proxy(480, tmp_path, {"wish": "go on for ever"})


def test_one_child_is_enough_to_make_and_to_probe(make_clip: Callable[..., Path], tmp_path: Path) -> None:
    path = make_clip()
    with MediaChildren(slots=1, limits=ROOMY) as children:
        facts = children.probe_port().probe(path).media
        assert facts is not None
        with children.transcoder(path, facts) as transcoder:
            made = transcoder.proxy(480, tmp_path, {})
            assert children.probe_port().probe(made).media is not None


def test_a_proxy_ends_with_the_video_or_at_the_limit(rogues: ChildPool) -> None:
    assert ChildTranscoder(rogues, Path("v"), MEDIA).duration_s == 2.0
    assert ChildTranscoder(rogues, Path("v"), MEDIA, limit_s=1.5).duration_s == 1.5
    assert ChildTranscoder(rogues, Path("v"), MEDIA, limit_s=3.0).duration_s == 2.0


@pytest.mark.parametrize("facts", [MediaFacts(container="mp3"), MediaFacts(container="mov", video=STREAM)])
def test_without_pictures_there_is_nothing_to_make(facts: MediaFacts, rogues: ChildPool) -> None:
    with pytest.raises(PipelineError, match="no_video_stream"):
        ChildTranscoder(rogues, Path("v"), facts)
