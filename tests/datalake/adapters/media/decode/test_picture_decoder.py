from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial
from itertools import islice

import pytest

from datalake.adapters.media.decode import picture_decoder
from datalake.adapters.media.decode.reader import Reader
from datalake.adapters.media.packets import packets
from tests.clips.damage import flipped_in_pictures, scrambled_picture

CODECS: list[tuple[dict[str, object], int]] = [  # and the picture that becomes noise, in decoding order
    ({"b_frames": 2}, 25),
    ({"b_frames": 3, "params": "open-gop=1:b-pyramid=normal"}, 25),
    ({"suffix": ".mkv", "codec": "libx265", "b_frames": 2}, 25),
    ({"suffix": ".mkv", "codec": "libx265", "b_frames": 2}, 26),
    ({"suffix": ".webm", "codec": "libvpx-vp9"}, 25),
    ({"codec": "libsvtav1"}, 25),
    ({"suffix": ".avi", "codec": "mpeg4"}, 25),
    ({"codec": "mpeg4", "b_frames": 2}, 26),
]
EVERY_US = [number * 1_000_000 // 30 + 2000 for number in range(60)]


@pytest.fixture
def blanks(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One for each blank picture that was decoded."""
    found: list[int] = []
    written = picture_decoder.blank_picture
    monkeypatch.setattr(picture_decoder, "blank_picture", lambda used: found.append(1) or written(used))
    return found


def shown(video: Reader, wanted_us: list[int] = EVERY_US) -> dict[int, bytes]:
    pictures = video.pictures(0, 10**9, wanted_us)
    return {one.time_us: video.upright(one.frame).tobytes() for one in pictures if one.frame is not None}


@pytest.mark.parametrize("threads", [1, 4])
@pytest.mark.parametrize(("recipe", "number"), CODECS, ids=str)
def test_noise_in_a_picture_is_noticed_and_the_rest_is_whole(
    read: Callable[..., Reader], recipe: dict[str, object], number: int, threads: int
) -> None:
    whole = shown(clean := read(**recipe, frames=60, gop=20))
    assert (len(whole), clean.damage) == (60, [])
    video = read(partial(scrambled_picture, number=number), threads, **recipe, frames=60, gop=20)
    found = shown(video)
    assert found.items() < whole.items()
    assert len(found) >= 40
    assert video.damage


@pytest.mark.parametrize(
    ("recipe", "most_unnoticed"),
    [
        ({"b_frames": 2, "codec_options": (("preset", "medium"), ("crf", "4"))}, 3),
        ({"suffix": ".webm", "codec": "libvpx-vp9"}, 3),
        ({"codec": "libsvtav1"}, 14),  # how much dav1d notices depends on its version
        ({"codec": "mpeg4", "b_frames": 2}, 3),
        ({"codec": "libx265", "b_frames": 2, "params": "hash=1"}, 3),  # without checksums HEVC hides flips
    ],
    ids=str,
)
def test_most_flipped_bytes_are_noticed(
    read: Callable[..., Reader], recipe: dict[str, object], most_unnoticed: int
) -> None:
    clip = {**recipe, "frames": 60, "gop": 20, "scale": 2}
    whole = shown(read(**clip))
    unnoticed = 0
    for seed in range(20):
        video = read(partial(_flipped, seed=seed), **clip)
        unnoticed += not shown(video).items() <= whole.items() and not video.damage
    assert unnoticed <= most_unnoticed


@pytest.mark.parametrize(("suffix", "more"), [(".mp4", ""), (".ts", ""), (".mp4", ":tff=1")])
def test_nothing_is_left_of_a_damaged_block(
    read: Callable[..., Reader], blanks: list[int], suffix: str, more: str
) -> None:
    """FFmpeg adds what it had read of it to the next block that it transforms, unless it is told to go."""
    clip = {"params": f"cabac=0:crf=4:ref=1{more}", "b_frames": 2, "frames": 40, "gop": 10, "suffix": suffix}
    whole, noticed = shown(read(**clip)), 0
    for seed in range(40):
        video = read(partial(_flipped, seed=seed), **clip)
        found = shown(video)
        ends_us = [one.end_us for one in video.damage]
        noticed += len(ends_us) == 1
        if len(ends_us) == 1:
            assert [time for time in found if time > ends_us[0] and found[time] != whole[time]] == []
    assert noticed > 10
    assert len(blanks) > 5


def test_nor_of_one_that_leads_a_keyframe(read: Callable[..., Reader], blanks: list[int]) -> None:
    """After a seek they refer to some that are missing: that is no damage, but theirs leaves a rest."""
    params = "open-gop=1:cabac=0:crf=4:b-adapt=0:b-pyramid=none:scenecut=0"
    clip = {"params": params, "b_frames": 3, "frames": 90, "gop": 24}
    whole = shown(read(**clip))
    behind_us = EVERY_US[49:]  # a keyframe that is decoded as the 46th, with three that lead it
    for seed in range(30):
        damage = partial(flipped_in_pictures, first=46, past=49, count=3, seed=seed)
        found = shown(read(damage, **clip), behind_us)
        assert found.items() <= whole.items()
    assert len(blanks) > 5


@pytest.mark.parametrize("threads", [1, 2])
def test_nor_where_it_was_met_before_a_seek(
    read: Callable[..., Reader], blanks: list[int], threads: int
) -> None:
    """Each of several threads may hold a rest of its own: they go on with nothing."""
    damage = partial(flipped_in_pictures, first=8, past=9, count=20, seed=2)
    video = read(damage, threads, frames=40, gop=20, b_frames=0, params="cabac=0:crf=4")
    coming, decoder = packets(video._container, video._stream), video._decoder
    decoder.restart()
    keyframe, following, *others = islice(coming, 10)
    for packet in (keyframe, following, *others):
        decoder.frames(packet)
    assert blanks == []
    for _ in range(2):
        decoder.restart()
        damage_ahead = [decoder.frames(packet).damage for packet in (keyframe, following)]
        assert damage_ahead == ([None] if threads == 1 else ["damage ahead of what was asked for"]) * 2
    assert len(blanks) == (threads == 1)


def test_a_hole_of_zeros_is_noticed_where_the_decoder_sees_nothing(read: Callable[..., Reader]) -> None:
    clip = {"codec": "libx265", "frames": 60, "gop": 20, "scale": 2}
    whole = shown(read(**clip))
    for part in (0.3, 0.4, 0.5, 0.6):
        video = read(partial(_holed, part=part), **clip)
        assert shown(video).items() < whole.items()
        assert video.damage


def _flipped(content: bytes, seed: int) -> bytes:
    """One byte changed, in the middle half of the file: in pictures, for the index is at an end."""
    chance, changed = random.Random(seed), bytearray(content)
    position = chance.randrange(len(content) // 4, len(content) * 3 // 4)
    changed[position] ^= chance.randrange(1, 256)
    return bytes(changed)


def _holed(content: bytes, part: float) -> bytes:
    """64 zeros somewhere in the middle: what an upload in pieces leaves behind."""
    start = int(len(content) * part)
    return content[:start] + bytes(64) + content[start + 64 :]
