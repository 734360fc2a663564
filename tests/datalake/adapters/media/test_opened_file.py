"""What the death of a child costs: nothing where the next one lives, one window where it does not."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from datalake.adapters.media.children import MediaChildren
from datalake.adapters.media.frames import DecodedFrames
from datalake.adapters.media.opened_file import OpenedFile
from datalake.adapters.media.pool import ChildPool
from datalake.adapters.ports import DecodedWindow, Sampling
from datalake.contracts import MediaFacts
from datalake.errors import BadVideo
from tests.clips import HEIGHT_PX, WIDTH_PX, frame_number
from tests.limits import ROOMY

ROGUE = "tests.datalake.adapters.media.rogue_decoder"
SAMPLING = Sampling(0.2, 1000, 2 * WIDTH_PX * HEIGHT_PX * 3)
STARTS_US = (0, 200_001, 600_001, 1_000_001, 1_400_001)
WHOLE = [[0, 6], [12, 18], [24, 30], [36, 42], [48, 54]]


@pytest.fixture
def video(make_clip: Callable[..., Path], tmp_path: Path) -> Path:
    return Path(shutil.copy(make_clip(), tmp_path / "video.mp4"))


@pytest.fixture
def facts(media: MediaChildren, video: Path) -> MediaFacts:
    found = media.probe_port().probe(video).media
    assert found is not None
    return found


@pytest.fixture
def pool() -> Iterator[ChildPool]:
    with ChildPool(1, ROOMY, entry=ROGUE) as pool:
        yield pool


def told(video: Path, request: str, deaths: int) -> None:
    video.with_suffix(f".{request}").write_text(str(deaths))


def asked(video: Path, request: str) -> int:
    return video.with_suffix(".asked").read_text().splitlines().count(request)


def decoded(pool: ChildPool, video: Path, facts: MediaFacts) -> list[DecodedWindow]:
    assert facts.video is not None
    assert facts.measured_duration_s is not None
    with closing(OpenedFile(pool, video, facts.video)) as file:
        file.open()
        frames = DecodedFrames(file, facts.video, facts.measured_duration_s)
        windows = frames.windows(SAMPLING)
        assert [window.start_us for window in windows] == list(STARTS_US)
        return [frames.decoded(window) for window in windows]


def numbers(windows: list[DecodedWindow]) -> list[list[int]]:
    return [[frame_number(frame.image) for frame in window.frames] for window in windows]


def evidence(windows: list[DecodedWindow]) -> list[list[str]]:
    return [[f"{found.code}: {found.evidence}" for found in window.findings] for window in windows]


@pytest.mark.parametrize("request_", ["open", "keyframes", *(f"frames.{start_us}" for start_us in STARTS_US)])
def test_one_death_loses_nothing(pool: ChildPool, video: Path, facts: MediaFacts, request_: str) -> None:
    told(video, request_, deaths=1)
    windows = decoded(pool, video, facts)
    assert numbers(windows) == WHOLE
    assert evidence(windows) == [[]] * 5
    assert (asked(video, request_), asked(video, "open")) == (2, 2)


def test_one_hang_loses_nothing(video: Path, facts: MediaFacts) -> None:
    told(video, f"frames.{STARTS_US[2]}", deaths=1)
    video.with_suffix(".hang").touch()
    with ChildPool(1, replace(ROOMY, timeout_s=2, timeout_per_video_s=0), entry=ROGUE) as pool:
        windows = decoded(pool, video, facts)
    assert numbers(windows) == WHOLE
    assert evidence(windows) == [[]] * 5


def test_a_window_that_ends_two_children_is_lost_alone_and_named(
    pool: ChildPool, video: Path, facts: MediaFacts
) -> None:
    told(video, f"frames.{STARTS_US[1]}", deaths=99)
    windows = decoded(pool, video, facts)
    assert numbers(windows) == [WHOLE[0], [], *WHOLE[2:]]
    told_of = ["decoder_died: between 0.200 s and 0.600 s: SIGKILL: no last words"]
    assert evidence(windows) == [[], told_of, [], [], []]
    assert asked(video, f"frames.{STARTS_US[1]}") == 2


def test_pixels_that_are_no_pictures_cost_the_child_and_the_window(
    pool: ChildPool, video: Path, facts: MediaFacts
) -> None:
    video.with_suffix(f".lie.{STARTS_US[1]}").touch()
    windows = decoded(pool, video, facts)
    assert numbers(windows) == [WHOLE[0], [], *WHOLE[2:]]
    (told_of,) = evidence(windows)[1]
    assert told_of.startswith(
        "decoder_died: between 0.200 s and 0.600 s: it gave an answer that cannot be true"
    )
    assert asked(video, "open") == 2  # by another child


@pytest.mark.parametrize(
    "babble",
    [
        {"frames": 1},
        {"frames": [["now", 0]]},
        {"findings": [{"code": "decode_failed"}]},
        {"findings": [{"code": "not_a_video", "evidence": ""}]},
        {"findings": [{"code": "decode_failed", "evidence": "", "severity": "info"}]},
    ],
)
def test_an_answer_of_another_shape_costs_the_child_and_the_window(
    pool: ChildPool, video: Path, facts: MediaFacts, babble: dict[str, object]
) -> None:
    video.with_suffix(f".babble.frames.{STARTS_US[1]}").write_text(json.dumps(babble))
    windows = decoded(pool, video, facts)
    assert numbers(windows) == [WHOLE[0], [], *WHOLE[2:]]
    (told_of,) = evidence(windows)[1]
    assert "it gave an answer that cannot be true" in told_of
    assert asked(video, "open") == 2  # by another child


def test_a_file_ends_so_many_children_and_no_more(pool: ChildPool, video: Path, facts: MediaFacts) -> None:
    for start_us in STARTS_US[1:]:
        told(video, f"frames.{start_us}", deaths=99)
    windows = decoded(pool, video, facts)
    assert numbers(windows) == [WHOLE[0], [], [], [], []]
    assert [asked(video, f"frames.{start_us}") for start_us in STARTS_US] == [1, 2, 2, 2, 0]
    assert evidence(windows)[4] == [
        "decoder_died: between 1.400 s and 2.000 s: "
        "not tried after 6 decoders ended; the last one: SIGKILL: no last words"
    ]


@pytest.mark.parametrize("request_", ["open", "keyframes"])
def test_a_file_over_which_two_children_end_at_the_start_is_a_bad_video(
    pool: ChildPool, video: Path, facts: MediaFacts, request_: str
) -> None:
    told(video, request_, deaths=2)
    with pytest.raises(BadVideo, match="decoder_died"):
        decoded(pool, video, facts)
    assert asked(video, request_) == 2
    assert numbers(decoded(pool, video, facts)) == WHOLE  # the pool's slot is free again


def test_a_death_ahead_for_nobody_is_not_told_of_the_window_that_is_wanted(
    pool: ChildPool, video: Path, facts: MediaFacts
) -> None:
    assert facts.video is not None
    told(video, f"frames.{STARTS_US[1]}", deaths=1)
    with closing(OpenedFile(pool, video, facts.video)) as file:
        frames = DecodedFrames(file, facts.video, 2.0)
        windows = frames.windows(SAMPLING)
        asked_for = [frames.decoded(windows[index]) for index in (0, 3)]
    assert numbers(asked_for) == [WHOLE[0], WHOLE[3]]


def test_a_refusal_is_not_asked_again(pool: ChildPool, video: Path, facts: MediaFacts) -> None:
    video.write_text("no video any more")
    with pytest.raises(BadVideo, match="decode_failed"):
        decoded(pool, video, facts)
    assert asked(video, "open") == 1
