from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from datalake.adapters.media.probe.peak_level import SILENCE_DBFS, PeakMeter
from tests.clips import damage

RATE_HZ = 8000
FORMATS = {"pcm_u8": "u8", "pcm_s16le": "s16", "pcm_s32le": "s32", "pcm_f32le": "flt", "pcm_f64le": "dbl"}


def recording(path: Path, wave: np.ndarray, codec: str = "pcm_s16le") -> Path:
    """A Matroska file with this sound (-1 ... 1), 100 ms a packet."""
    with av.open(str(path), "w", format="matroska") as container:
        stream = container.add_stream(codec, rate=RATE_HZ, layout="mono")
        for start in range(0, len(wave), RATE_HZ // 10):
            part = np.ascontiguousarray(_samples(wave[start : start + RATE_HZ // 10], FORMATS[codec]))
            frame = av.AudioFrame.from_ndarray(part[np.newaxis], format=FORMATS[codec], layout="mono")
            frame.sample_rate, frame.pts = RATE_HZ, start
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def _samples(wave: np.ndarray, kind: str) -> np.ndarray:
    if kind == "u8":
        return (wave * 127 + 128).astype(np.uint8)
    if kind.startswith("s"):
        return (wave * (2.0 ** (int(kind[1:]) - 1) - 1)).astype(f"int{kind[1:]}")
    return wave.astype(np.float32 if kind == "flt" else np.float64)


def listened(path: Path, is_length_known: bool = True) -> tuple[float | None, float]:
    """The peak, and how many seconds were heard."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        assert container.duration is not None
        meter = PeakMeter(stream, container.duration / av.time_base if is_length_known else None)
        for packet in container.demux(stream):
            if packet.pts is not None:
                meter.hear(packet, float(packet.pts * stream.time_base))
        return meter.peak_dbfs, round(meter._heard_s, 6)


@pytest.mark.parametrize("codec", FORMATS)
@pytest.mark.parametrize(("height", "peak_dbfs"), [(0.0, SILENCE_DBFS), (0.5, -6.02), (-1.0, 0.0)])
def test_full_scale_is_zero_in_every_format(
    tmp_path: Path, codec: str, height: float, peak_dbfs: float
) -> None:
    path = recording(tmp_path / "sound", np.full(RATE_HZ, height), codec)
    assert listened(path)[0] == pytest.approx(peak_dbfs, abs=0.2)


def test_numbers_of_64_bits_are_heard(tmp_path: Path) -> None:
    path = tmp_path / "sound.nut"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s64le", rate=RATE_HZ, layout="mono")
        frame = av.AudioFrame.from_ndarray(
            np.full((1, RATE_HZ), 0.5, np.float32), format="flt", layout="mono"
        )
        frame.sample_rate, frame.pts = RATE_HZ, 0
        container.mux([*stream.encode(frame), *stream.encode(None)])
    assert listened(path)[0] == pytest.approx(-6.02, abs=0.1)


@pytest.mark.parametrize("layout", ["5.1", "6.1", "7.1"])
def test_every_channel_is_heard(tmp_path: Path, layout: str) -> None:
    channels = av.AudioLayout(layout).nb_channels
    wave = np.zeros((RATE_HZ, channels), np.float32)
    wave[:, 2] = 0.5 * np.sin(np.arange(RATE_HZ) / 4)
    path = tmp_path / "sound.mka"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=RATE_HZ, layout=layout)
        frame = av.AudioFrame.from_ndarray(wave.reshape(1, -1), format="flt", layout=layout)
        frame.sample_rate, frame.pts = RATE_HZ, 0
        container.mux([*stream.encode(frame), *stream.encode(None)])
    assert listened(path)[0] == pytest.approx(-6, abs=1)


@pytest.mark.parametrize("length_s", [2, 9, 60])
def test_all_of_a_minute_is_heard(tmp_path: Path, length_s: int) -> None:
    wave = np.zeros(length_s * RATE_HZ)
    wave[-RATE_HZ // 2 :] = 0.1
    assert listened(recording(tmp_path / "sound", wave)) == (pytest.approx(-20.0, abs=0.01), length_s)


def test_one_second_in_ten_of_ten_minutes_is_heard(tmp_path: Path) -> None:
    wave = np.zeros(600 * RATE_HZ)
    wave[12 * RATE_HZ : 19 * RATE_HZ] = 1.0  # between two turns
    wave[20 * RATE_HZ : 21 * RATE_HZ] = 0.1
    assert listened(recording(tmp_path / "sound", wave)) == (pytest.approx(-20.0, abs=0.01), 60)


def test_the_beginning_and_then_one_second_in_twenty_is_heard_of_who_knows_how_much(tmp_path: Path) -> None:
    wave = np.zeros(100 * RATE_HZ)
    wave[42 * RATE_HZ : 59 * RATE_HZ] = 1.0  # between two turns
    wave[60 * RATE_HZ : 61 * RATE_HZ] = 0.1
    heard = listened(recording(tmp_path / "sound", wave), is_length_known=False)
    assert heard == (pytest.approx(-20.0, abs=0.01), 30 + 3)


def test_a_minute_is_heard_of_any_length(tmp_path: Path) -> None:
    path = recording(tmp_path / "sound", np.full(1800 * RATE_HZ, 0.5), "pcm_u8")
    assert listened(path) == (pytest.approx(-6.0, abs=0.2), 60)


def test_numbers_that_are_none_are_not_loud(tmp_path: Path) -> None:
    wave = np.array([np.nan, np.inf, -np.inf, 0.1] * 200)
    assert listened(recording(tmp_path / "sound", wave, "pcm_f32le"))[0] == pytest.approx(-20, abs=0.01)


def test_sound_that_cannot_be_decoded_is_not_judged(tmp_path: Path) -> None:
    path = recording(tmp_path / "sound", np.full(RATE_HZ, 0.5))
    path.write_bytes(path.read_bytes().replace(b"A_PCM/INT/LIT", b"A_AAC\x00\x00\x00\x00\x00\x00\x00\x00"))
    assert listened(path)[0] is None


def test_damage_is_passed_over(tmp_path: Path) -> None:
    whole = tmp_path / "whole.mka"
    with av.open(str(whole), "w") as container:
        stream = container.add_stream("aac", rate=48_000, layout="mono")
        wave = 0.5 * np.sin(np.arange(48_000, dtype=np.float32) / 10)
        frame = av.AudioFrame.from_ndarray(wave[np.newaxis], format="fltp", layout="mono")
        frame.sample_rate, frame.pts = 48_000, 0
        container.mux([*stream.encode(frame), *stream.encode(None)])
    content = whole.read_bytes()
    whole.write_bytes(damage.flipped_bits(content, len(content) // 2, len(content) - 200, 40))
    assert listened(whole)[0] is not None
