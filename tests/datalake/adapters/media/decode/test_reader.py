from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.frame import VideoFrame

from datalake.adapters.media.children import MediaChildren
from datalake.adapters.media.decode.coded_video import CodedVideo
from datalake.adapters.media.decode.left_out import OutOfOrder, SeekMisled
from datalake.adapters.media.decode.look_ahead import Upcoming
from datalake.adapters.media.decode.picture_decoder import Decoded
from datalake.adapters.media.decode.pictures import PictureStream
from datalake.adapters.media.decode.reader import Reader
from tests.clips import frame_number
from tests.clips.damage import scrambled_picture

Read = Callable[..., Reader]
FAR_US = 10**12
OPEN: dict[str, object] = {"b_frames": 3, "params": "open-gop=1"}


def numbers(video: Reader, wanted_us: list[int], start_us: int = 0, end_us: int = FAR_US) -> list[int]:
    """The bar codes of the frames at the wanted times."""
    pictures = video.pictures(start_us, end_us, wanted_us)
    return [frame_number(np.asarray(video.upright(one.frame))) for one in pictures if one.frame is not None]


def decoded_frames(video: Reader) -> list[VideoFrame]:
    """Fills with the pictures that the decoder gives from now on, wanted or not."""
    given: list[VideoFrame] = []
    decode = video._decoder.frames

    def frames(packet: av.Packet) -> Decoded:
        decoded = decode(packet)
        given.extend(decoded.frames)
        return decoded

    video._decoder.frames = frames
    return given


def test_groups_that_nobody_wants_are_not_decoded(read: Read) -> None:
    video = read(frames=600, gop=12, b_frames=2)
    decoded = decoded_frames(video)
    assert numbers(video, [0, 5_000_000, 10_000_000, 15_000_000]) == [0, 150, 300, 450]
    assert 4 <= len(decoded) < 100


def test_what_a_seek_leaves_behind_is_no_garbage_that_holds_a_picture(read: Read) -> None:
    video = read(frames=600, gop=12, b_frames=2)
    gc.collect()
    gc.disable()
    try:
        numbers(video, [0, 5_000_000, 10_000_000, 15_000_000])
        left = [type(one) for one in gc.get_objects() if type(one) in (PictureStream, Upcoming)]
    finally:
        gc.enable()
    assert Counter(left) == {PictureStream: 1, Upcoming: 1}


def test_near_frames_are_decoded_on_without_a_seek(read: Read) -> None:
    video = read(frames=60, gop=12)
    decoded = decoded_frames(video)
    assert len(numbers(video, [number * 100_000 for number in range(20)])) == 20
    assert 20 <= len(decoded) <= 60


def test_a_frame_is_handed_out_in_the_span_it_begins_in(read: Read) -> None:
    video = read(times_ms=(0, 3000, 6000))
    assert numbers(video, [0, 2_000_000], end_us=2_500_000) == [0]
    assert numbers(video, [2_900_000], start_us=2_500_000, end_us=3_000_000) == []
    assert numbers(video, [4_000_000], start_us=3_000_000) == [1]


@pytest.mark.parametrize("threads", [1, 3])
def test_damage_costs_the_rest_of_its_group(read: Read, threads: int) -> None:
    video = read(partial(scrambled_picture, number=20), threads, frames=60, gop=15, b_frames=2)
    every = [number * 1_000_000 // 30 + 5 for number in range(60)]
    found = numbers(video, every)
    assert found == [*range(19), 21, *range(30, 60)]  # 21 was decoded before, what lies between refers to 20
    assert [str(one).split(":")[0] for one in video.damage] == ["10 pictures between 0.633 s and 0.967 s"]


def test_damage_is_told_where_it_begins_and_where_it_is_wanted(read: Read) -> None:
    video = read(partial(scrambled_picture, number=5), frames=60, gop=30)
    told = []
    for start_us in (0, 300_000, 600_000, 900_000, 1_200_000):
        numbers(video, [start_us, start_us + 50_000], start_us, start_us + 300_000)
        told.append(len(video.damage))
    assert told == [0, 1, 1, 1, 0]  # it lasts from 0.167 s to 0.967 s


def test_a_damaged_keyframe_is_damage_from_wherever_it_is_reached(read: Read) -> None:
    damage = partial(scrambled_picture, number=300)
    assert numbers(video := read(damage, frames=600, gop=30), [10_200_000]) == []
    assert [str(one).split(":")[0] for one in video.damage] == ["30 pictures between 10.000 s and 10.967 s"]
    assert numbers(video, [9_900_000, 11_000_000]) == [297, 330]


def test_a_file_without_a_whole_picture_is_damage(read: Read) -> None:
    video = read(partial(scrambled_picture, number=0), frames=1)
    assert numbers(video, [0]) == []
    assert len(video.damage) == 1


def test_a_recording_that_begins_in_the_middle_of_a_group_is_not_damaged(
    make_clip: Callable[..., Path], media: MediaChildren, tmp_path: Path
) -> None:
    """Pictures before the first keyframe, and those that lead it, cannot be had; nobody damaged them."""
    path = tmp_path / "cut.ts"
    path.write_bytes(make_clip(suffix=".ts", frames=90, gop=30, **OPEN).read_bytes()[188 * 60 :])
    facts = media.probe_port().probe(path).media
    assert facts is not None
    assert facts.video is not None
    video = Reader(str(path), CodedVideo.of(facts.video), threads=1)
    found = numbers(video, [number * 100_000 for number in range(10)])
    video.close()
    assert found == list(range(found[0], found[0] + 30, 3))
    assert found[0] in (30, 60)
    assert video.damage == []


def test_a_clock_that_jumps_back_loses_what_it_repeats(read: Read) -> None:
    video = read(lambda content: content + content, suffix=".ts", frames=600, gop=30)
    every = [number * 500_000 for number in range(40)]
    assert numbers(video, every) == [number * 15 for number in range(40)]
    assert numbers(video, every) == [number * 15 for number in range(40)]


def test_memory_of_keyframes_is_eight_bytes_each(read: Read) -> None:
    video = read(frames=600, gop=1)
    assert len(video.keyframes_us) == 600
    assert video.keyframes_us.itemsize == 8


def test_what_is_found_out_while_the_file_is_opened_anew_is_believed_as_well(
    read: Callable[..., Reader], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A seek misled; from the start pictures come out of order; then they do not."""
    video = read(b_frames=3)
    moves, openings = iter([SeekMisled, None]), iter([OutOfOrder, None])

    def next_of(troubles: Iterator[type[Exception] | None]) -> None:
        if (trouble := next(troubles)) is not None:
            raise trouble

    monkeypatch.setattr(video, "_move_to", lambda time_us: next_of(moves))
    monkeypatch.setattr(video, "_reopen", lambda: next_of(openings))
    video._move_as_planned(0)
    assert (next(moves, "all"), next(openings, "all")) == ("all", "all")
    assert (video._can_seek, video._planner.leaves_out) == (False, False)
