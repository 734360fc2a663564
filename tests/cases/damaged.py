"""Files that something happened to on the way, or that never were videos."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from tests.cases.case import SIXTHS, Case, Shown, always, in_strict, unless_reported
from tests.clips import damage

NOISE_SEED = 7
INDEX_FIRST = {"movflags": "faststart"}
KEY = (
    ("encryption_scheme", "cenc-aes-ctr"),
    ("encryption_key", "00112233445566778899aabbccddeeff"),
    ("encryption_kid", "0123456789abcdef0123456789abcdef"),
)


def _cut(percent: float) -> partial[bytes]:
    return partial(damage.cut, percent=percent)


def _lost(name: str, code: str, **told: object) -> Case:
    """A file of which nothing can be used."""
    return Case(
        name,
        found=(code,),
        found_later=("no_frames",),
        stopped=unless_reported(code),
        frames=(),
        is_damaged=True,
        **told,
    )


def _never_read(name: str, code: str, **told: object) -> Case:
    """A file that bronze does not get."""
    return Case(name, stopped=always(code), frames=(), is_damaged=True, **told)


def _broken_off(
    name: str, recipe: dict[str, object], percent: float, frames: tuple[Shown, ...], *found_later: str
) -> Case:
    """A file whose beginning can be used."""
    return Case(
        name,
        recipe,
        damage=partial(
            damage.cut_in_transport if recipe.get("suffix") == ".ts" else damage.cut, percent=percent
        ),
        found=("truncated",),
        found_later=found_later,
        stopped=in_strict("truncated"),
        frames=frames,
        is_damaged=True,
    )


def _holed(name: str, suffix: str, hole: Callable[[bytes], bytes]) -> Case:
    """A file with a stretch in its middle that cannot be read; frames 30 to 44, a group, are lost with it."""
    return Case(
        name,
        {"suffix": suffix},
        damage=hole,
        found=("damaged_container",),
        found_later=("decode_failed",),
        stopped=in_strict("damaged_container"),
        frames=(*SIXTHS[:5], *SIXTHS[8:]),
        is_damaged=True,
    )


DAMAGED = (
    _lost("empty", "empty_file", content=b"", suffix=".mp4"),
    _lost("text", "not_a_video", content=b"To whom it may concern.\n" * 200, suffix=".mp4"),
    _lost("zeros", "not_a_video", content=bytes(50_000), suffix=".mp4"),
    _lost("header_only", "truncated", recipe=INDEX_FIRST, damage=lambda content: content[:100]),
    _lost("index_missing", "truncated", damage=_cut(50)),
    _lost("encrypted", "encrypted", recipe={"muxer_options": KEY}),
    _lost("unknown_codec", "unsupported_codec", damage=damage.with_unknown_codec),
    _lost("bare_stream", "no_timestamps", recipe={"suffix": ".h264", "audio": False}),
    _lost("mp4_cut_at_10", "truncated", recipe=INDEX_FIRST, damage=_cut(10)),  # inside of the index
    _broken_off("mkv_cut_at_10", {"suffix": ".mkv"}, 10, SIXTHS[:1]),
    _broken_off("mp4_cut_at_50", INDEX_FIRST, 50, SIXTHS[:5]),
    _broken_off("mp4_cut_at_99", INDEX_FIRST, 99, SIXTHS),
    _broken_off("mkv_cut_at_50", {"suffix": ".mkv"}, 50, SIXTHS[:5]),
    _broken_off("webm_cut_at_99", {"suffix": ".webm", "codec": "libvpx-vp9"}, 99, SIXTHS),
    # half of frame 30 is there, and it is wanted
    _broken_off("ts_cut_at_50", {"suffix": ".ts"}, 51, SIXTHS[:5], "decode_failed"),
    _broken_off("avi_cut_at_50", {"suffix": ".avi", "codec": "mpeg4"}, 50, SIXTHS[:5]),
    _broken_off("flv_cut_at_50", {"suffix": ".flv"}, 50, SIXTHS[:5]),
    # the group of frames 15 to 29 is lost with its keyframe
    Case(
        "keyframe_scrambled",
        damage=partial(damage.scrambled_picture, number=15, seed=NOISE_SEED),
        found_later=("decode_failed",),
        stopped=in_strict("decode_failed"),
        frames=(*SIXTHS[:3], *SIXTHS[5:]),
        is_damaged=True,
    ),
    Case(
        "bits_flipped",
        damage=partial(damage.flipped_in_pictures, first=30, past=45, count=300, seed=NOISE_SEED),
        found_later=("decode_failed",),
        stopped=in_strict("decode_failed"),
        frames=(*SIXTHS[:5], *SIXTHS[8:]),
        is_damaged=True,
    ),
    # frames 15 to 19 are whole, 20 is not, and 21 to 29 are built on it
    Case(
        "picture_scrambled",
        damage=partial(damage.scrambled_picture, number=20, seed=NOISE_SEED),
        found_later=("decode_failed",),
        stopped=in_strict("decode_failed"),
        frames=(*SIXTHS[:4], *SIXTHS[5:]),
        is_damaged=True,
    ),
    Case(
        "avi_without_index",
        {"codec": "mpeg4", "suffix": ".avi"},
        damage=damage.without_avi_index,
        found=("broken_index",),
    ),
    Case("mkv_without_cues", {"suffix": ".mkv"}, damage=damage.without_cues, found=("broken_index",)),
    Case(
        "clock_jumps_back",
        {"suffix": ".ts"},
        damage=damage.twice,
        found=("timestamps_jump",),
        stopped=in_strict("timestamps_jump"),
        is_damaged=True,
    ),
    _holed("ts_with_small_hole", ".ts", partial(damage.with_hole, lost_packets=20, zeros=20 * 188)),
    _holed("ts_with_large_hole", ".ts", partial(damage.with_hole, lost_packets=20, zeros=1600 * 188)),
    _holed("mkv_with_hole", ".mkv", partial(damage.zeroed, start_percent=50, size=2000)),
    Case(
        "other_bytes_than_announced",
        message={"sha256": "0" * 64},
        found=("hash_differs",),
        stopped=unless_reported("hash_differs"),
    ),
    _never_read("larger_than_allowed", "too_large", config={"source_max_bytes": 1000}),
    _never_read("missing", "source_missing", asks_for="another.mp4"),
    _never_read("outside_of_the_roots", "source_not_allowed", asks_for="../secret.mp4"),
)
