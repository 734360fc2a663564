from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from io import BytesIO

import av
import numpy as np
import pytest

from datalake.adapters.media.proxy.sound import RATE_HZ, Sound, laid_on_clock

TONE = np.ones((2, 1000), np.float32)


def laid(begin: int | None, written: int) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    return np.concatenate([np.empty((2, 0), np.float32), *laid_on_clock(TONE, begin, written)], axis=1)


def test_sound_that_follows_is_taken_as_it_is() -> None:
    assert np.array_equal(laid(5000, 5000), TONE)


def test_sound_without_a_time_follows_what_was_there() -> None:
    assert np.array_equal(laid(None, 123_456), TONE)


@pytest.mark.parametrize("off_ms", [-50, -1, 1, 50])
def test_rounded_times_are_no_gaps(off_ms: int) -> None:
    assert np.array_equal(laid(RATE_HZ + off_ms * RATE_HZ // 1000, RATE_HZ), TONE)


def test_a_gap_becomes_silence() -> None:
    found = laid(RATE_HZ + 10_000, RATE_HZ)
    assert found.shape == (2, 11_000)
    assert not found[:, :10_000].any()
    assert np.array_equal(found[:, 10_000:], TONE)


def test_a_gap_of_hours_is_filled_piece_by_piece() -> None:
    pieces = laid_on_clock(TONE, 10 * 3600 * RATE_HZ, 0)
    assert [next(pieces).shape for _ in range(3)] == [(2, RATE_HZ)] * 3


def test_sound_from_before_the_first_picture_is_cut_off_exactly() -> None:
    assert laid(-400, 0).shape == (2, 600)
    assert laid(-1000, 0).shape == (2, 0)
    assert laid(-5000, 0).shape == (2, 0)


def test_what_overlaps_is_left_out() -> None:
    assert laid(RATE_HZ - 400, RATE_HZ).shape == (2, 1000)  # within what rounding does
    assert laid(RATE_HZ - 3000, RATE_HZ).shape == (2, 0)


def test_the_first_sound_begins_where_it_says() -> None:
    assert laid(480, 0).shape == (2, 1480)


def encoded_s(begins_s: Iterable[float], pictures_s: float) -> float:
    """How long the sound is that becomes of tenths of a second which begin so late."""
    with (
        av.open(BytesIO(), "w", format="wav") as source,
        av.open(BytesIO(), "w", format="matroska") as output,
    ):
        heard = source.add_stream("pcm_s16le", rate=RATE_HZ, layout="stereo")
        sound = Sound(output, heard, Fraction(0), pictures_s, limit_s=None)
        packets = []
        for begin_s in begins_s:
            frame = av.AudioFrame.from_ndarray(np.zeros((1, RATE_HZ // 5), np.int16), "s16", "stereo")
            frame.sample_rate, frame.time_base = RATE_HZ, Fraction(1, RATE_HZ)
            frame.pts = round(begin_s * RATE_HZ)
            packets += [packet for piece in sound.encoded(frame) for packet in piece]
        last = [*packets, *sound.flushed()][-1]
        return float((last.pts + last.duration) * last.time_base)


@pytest.mark.parametrize(
    ("begins_s", "pictures_s", "lasts_s"),
    [
        (range(0, 600, 100), 600.0, 500.1),  # silence between pictures is part of the video
        ((0, 5, 10), 1.0, 10.1),
        ((0, 3e9, 0.1), 1.0, 0.2),
        ([0, *(59 * number for number in range(1, 100))], 1.0, 59.1),  # each gap is short, all are not
        (np.arange(0, 200, 0.1), 1.0, 200.0),  # sound without gaps may be as long as it is
        ([0, *np.arange(0.14, 200, 0.1)], 1.0, 200.0),  # and a resampler is always a little behind
    ],
)
def test_behind_the_pictures_a_minute_of_silence_is_all_there_may_be(
    begins_s: Iterable[float], pictures_s: float, lasts_s: float
) -> None:
    assert encoded_s(begins_s, pictures_s) == pytest.approx(lasts_s, abs=0.05)
