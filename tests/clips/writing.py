"""Writes the video of a recipe with PyAV."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.codec.context import Flags

from tests.clips.pictures import Image, picture
from tests.clips.recipe import Recipe

MUXERS = {
    ".mp4": "mp4",
    ".mov": "mov",
    ".mkv": "matroska",
    ".webm": "webm",
    ".ts": "mpegts",
    ".avi": "avi",
    ".flv": "flv",
    ".h264": "h264",
    ".mka": "matroska",
}
_SOUND = {".webm": "libopus", ".avi": "mp2"}
_RATE_HZ = 48_000
_TRANSFER = {"hdr10": 16, "hlg": 18}  # ITU-T H.273: SMPTE ST 2084 (PQ), ARIB STD-B67 (HLG)
_BT2020, _BT2020_NCL = 9, 9
_MASTERING = (
    "hdr10=1:max-cll=1000,400:"
    "master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1)"
)


def write(path: Path, recipe: Recipe) -> None:
    """Encode and mux; leaves whatever half a file when an encoder or muxer refuses the recipe."""
    options = dict(recipe.muxer_options) | ({"movflags": recipe.movflags} if recipe.movflags else {})
    muxer = av.open(str(path), "w", format=MUXERS[recipe.suffix], options=options)
    with _unchanged_priority(), muxer as container:
        container.metadata.update(dict(recipe.tags))
        stream = _picture_stream(container, recipe) if recipe.has_picture else None
        length_ms = recipe.audio_ms or recipe.pts_ms[-1] - recipe.start_ms + 1000 / recipe.fps
        lengths_ms = [length_ms if recipe.audio else 0, recipe.second_audio_ms]
        sounds = [(_sound_stream(container, recipe), length) for length in lengths_ms if length]
        if stream is not None:
            _write_pictures(container, stream, recipe)
        for sound, length_ms in sounds:
            _write_sound(container, sound, recipe, length_ms)


@contextmanager
def _unchanged_priority() -> Iterator[None]:
    """SVT-AV1 makes the thread that starts it as root a real-time one; its children starve all others."""
    policy, parameters = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        yield
    finally:
        os.sched_setscheduler(0, policy, parameters)


def _picture_stream(container: av.container.OutputContainer, recipe: Recipe) -> av.VideoStream:
    stream = container.add_stream(recipe.codec, rate=recipe.fps)
    stream.height, stream.width = _stored(0, recipe).shape[:2]
    stream.pix_fmt = recipe.stored_format
    context = stream.codec_context
    context.time_base = recipe.time_base
    context.gop_size, context.max_b_frames = recipe.gop, recipe.b_frames
    context.thread_count = 1
    context.options = _encoder_options(recipe)
    context.sample_aspect_ratio = Fraction(*recipe.pixel_aspect)
    if recipe.interlaced:
        context.flags |= Flags.interlaced_dct | Flags.interlaced_me
    if recipe.colour:
        context.color_primaries, context.colorspace = _BT2020, _BT2020_NCL
        context.color_trc = _TRANSFER[recipe.colour]
    if recipe.rotation_deg:
        stream.set_display_rotation(-recipe.rotation_deg)  # counterclockwise
    return stream


def _write_pictures(container: av.container.OutputContainer, stream: av.VideoStream, recipe: Recipe) -> None:
    for number, time_ms in enumerate(recipe.pts_ms):
        frame = av.VideoFrame.from_ndarray(_stored(number, recipe), format="rgb24")
        frame.pts, frame.time_base = round(time_ms / 1000 / recipe.time_base), recipe.time_base
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def _stored(number: int, recipe: Recipe) -> Image:
    """The frame as stored: turned so that the display rotation makes it upright again."""
    upright = picture(number, recipe.scale, recipe.look)
    upright = np.pad(upright, ((0, recipe.extra_px), (0, recipe.extra_px), (0, 0)), mode="edge")
    return np.ascontiguousarray(np.rot90(upright, recipe.rotation_deg // 90))


def _encoder_options(recipe: Recipe) -> dict[str, str]:
    more = f":{recipe.params}" if recipe.params else ""
    known = {
        "libx264": {
            "preset": "ultrafast",
            "crf": "18",
            "x264-params": f"scenecut=0:bframes={recipe.b_frames}:keyint={recipe.gop}{more}",
        },
        "libx265": {
            "preset": "ultrafast",
            "x265-params": f"log-level=none:bframes={recipe.b_frames}:keyint={recipe.gop}:no-scenecut=1"
            f"{':' + _MASTERING if recipe.colour == 'hdr10' else ''}{more}",
        },
        "libvpx-vp9": {"deadline": "realtime", "cpu-used": "8"},
        "libsvtav1": {"preset": "10", "crf": "20", "svtav1-params": "lp=1"},
    }
    return known.get(recipe.codec, {}) | dict(recipe.codec_options)


def _sound_stream(container: av.container.OutputContainer, recipe: Recipe) -> av.AudioStream:
    return container.add_stream(_SOUND.get(recipe.suffix, "aac"), rate=_RATE_HZ, layout=recipe.audio_layout)


def _write_sound(
    container: av.container.OutputContainer, stream: av.AudioStream, recipe: Recipe, length_ms: float
) -> None:
    samples = np.arange(int(_RATE_HZ * length_ms / 1000))
    loudness = np.where(samples * 1000 < recipe.quiet_ms * _RATE_HZ, 0.0, 0.25 * (recipe.audio == "tone"))
    wave = (loudness * np.sin(2 * np.pi * 440 * samples / _RATE_HZ)).astype(np.float32)
    everywhere = np.repeat(wave, stream.codec_context.channels)
    frame = av.AudioFrame.from_ndarray(everywhere[np.newaxis], format="flt", layout=recipe.audio_layout)
    frame.sample_rate, frame.pts = _RATE_HZ, 0
    container.mux(stream.encode(frame))
    container.mux(stream.encode(None))
