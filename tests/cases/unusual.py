"""Videos that are fine, but of which something is to be said, and pictures that are poor."""

from __future__ import annotations

from functools import partial

from tests.cases.case import SIXTHS, Case, Shown, every, in_strict, unless_reported
from tests.datalake.adapters.media.decode.times import without_times

KEPT_NEGATIVE = (("avoid_negative_ts", "disabled"),)
VARIABLE_MS = (0, 40, 500, 520, 1400, 1500, 2000)
# at 0.4 s frame 1 is still on screen, from 0.6 to 1.2 s frame 3, at 1.8 s frame 5
VARIABLE = tuple(Shown(1000 * VARIABLE_MS[number], number) for number in (0, 1, 3, 4, 5, 6))
# half a second of 15 frames is before the beginning of the presentation
TRIMMED = every(200_000, 6, 8, first=15)

UNUSUAL = (
    Case("rotated_90", {"rotation_deg": 90}, found=("rotated",)),
    Case("rotated_180", {"rotation_deg": 180, "suffix": ".mov"}, found=("rotated",)),
    Case("rotated_270", {"rotation_deg": 270, "suffix": ".mkv"}, found=("rotated",)),
    Case("hdr10", {"codec": "libx265", "colour": "hdr10"}, found=("hdr",)),
    Case("hlg", {"codec": "libx265", "colour": "hlg", "suffix": ".mkv"}, found=("hdr",)),
    Case(
        "variable_rate", {"times_ms": VARIABLE_MS, "gop": 3}, found=("variable_frame_rate",), frames=VARIABLE
    ),
    Case("interlaced", {"interlaced": True, "params": "tff=1"}, found=("interlaced",)),
    Case(
        "interlaced_mpeg2",
        {"interlaced": True, "codec": "mpeg2video", "suffix": ".ts"},
        found=("interlaced",),
    ),
    Case("wide_pixels", {"pixel_aspect": (4, 3)}, found=("non_square_pixels",)),
    Case(
        "negative_times_ts",
        {"suffix": ".ts", "start_ms": -500, "muxer_options": KEPT_NEGATIVE},
        found=("negative_timestamps",),
    ),
    # Matroska rounds negative times to whole 33 ms: frame 15 comes 495 ms after frame 0
    Case(
        "negative_times_webm",
        {"suffix": ".webm", "codec": "libvpx-vp9", "start_ms": -500, "muxer_options": KEPT_NEGATIVE},
        found=("negative_timestamps",),
        frames=(
            *(Shown(198_000 * index, 6 * index) for index in range(3)),
            *(Shown(200_000 * index - 5_000, 6 * index) for index in range(3, 10)),
        ),
    ),
    # an edit list says that the presentation begins in the middle of the first second
    Case(
        "trimmed_mp4",
        {"start_ms": -500, "muxer_options": KEPT_NEGATIVE},
        found=("negative_timestamps",),
        frames=TRIMMED,
    ),
    # Matroska drops the times of H.264 packets before zero
    Case(
        "missing_times",
        {"suffix": ".mkv", "start_ms": -500, "muxer_options": KEPT_NEGATIVE},
        found=("missing_timestamps",),
        frames=TRIMMED,
        is_damaged=True,
    ),
    # AVI numbers the pictures in the order in which they are stored, and has no times
    Case(
        "h264_avi_b_frames",
        {"suffix": ".avi", "b_frames": 3},
        found=("missing_timestamps",),
        is_damaged=True,
    ),
    Case(
        "untimed_keyframes",
        {"suffix": ".ts", "gop": 10},
        damage=partial(without_times, is_untimed=lambda number: number % 10 == 0),
        message={"options": {"sampling": "keyframe"}},
        found=("missing_timestamps", "variable_frame_rate"),
        found_later=("keyframes_unknown",),
        frames=every(200_000, 6, 10, first=1),  # the first one that has a time
        is_damaged=True,
    ),
    Case("named_wrongly", suffix=".mkv", found=("extension_lies",)),
    Case("named_for_nothing", suffix=".dat"),
    Case(
        "too_long",
        config={"max_duration_s": 1.0},
        found=("too_long",),
        stopped=in_strict("too_long"),
        frames=SIXTHS[:5],
        frames_reported=SIXTHS,
    ),
    Case("too_small", config={"min_side_px": 128}, found=("too_small",), stopped=in_strict("too_small")),
    Case(
        "codec_not_allowed",
        config={"allowed_codecs": ("hevc", "av1")},
        found=("codec_not_allowed",),
        stopped=unless_reported("codec_not_allowed"),
    ),
    Case("black", {"look": "black"}, found_later=("black_video",)),
    Case("blank", {"look": "blank"}, found_later=("blank_video",)),
    Case("frozen", {"look": "frozen"}, found_later=("frozen_video",)),
    Case("blurred", {"look": "blurred"}, found_later=("blurred_video",)),
)
