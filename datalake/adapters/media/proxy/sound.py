"""The sound of a proxy, in the child: AAC, laid on the clock of the pictures."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import av
import numpy as np
import numpy.typing as npt
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream as AvStream
from av.container import OutputContainer
from av.packet import Packet

RATE_HZ = 48_000
_JITTER = RATE_HZ // 20  # a timestamp may be off by 50 ms: containers round them
_SILENCE_PIECE = RATE_HZ
_MOST_SILENCE = 60 * RATE_HZ  # behind the last picture, all of it together
_BIT_RATE_BPS = 128_000

Samples = npt.NDArray[np.float32]  # (channels, samples)


class Sound:
    """Encodes sound as it is decoded; gaps become silence, what comes before the pictures is cut off.

    Args:
        output: gets the stream.
        source: the stream to read.
        start_s: time of the first picture on the source's clock.
        duration_s: when the last picture ends: a damaged clock may say that sound follows years later.
        limit_s: sound from here on is left out; None: all is taken.
    """

    def __init__(
        self,
        output: OutputContainer,
        source: AvStream,
        start_s: Fraction,
        duration_s: float,
        limit_s: float | None,
    ) -> None:
        self._layout = "mono" if source.codec_context.channels == 1 else "stereo"
        self._stream = output.add_stream("aac", rate=RATE_HZ, layout=self._layout)
        self._stream.bit_rate = _BIT_RATE_BPS
        self._start_s = start_s
        self._pictures_end = round(duration_s * RATE_HZ)
        self._limit = None if limit_s is None else round(limit_s * RATE_HZ)
        self._written = 0
        self._silence_left = _MOST_SILENCE
        self._resampler: AudioResampler | None = None
        self._input: tuple[str, str, int] | None = None

    def encoded(self, frame: AudioFrame) -> Iterator[list[Packet[AvStream]]]:
        """What the encoder gives, piece by piece; nothing after a minute of silence behind the pictures."""
        begin = None
        if frame.pts is not None and frame.time_base is not None:
            begin = round((frame.pts * frame.time_base - self._start_s) * RATE_HZ)
            silence = begin - max(self._pictures_end, self._written)
            if silence > self._silence_left:
                return
            self._silence_left -= silence if silence > _JITTER else 0
        for resampled in self._resampled(frame):
            samples_there = np.asarray(resampled.to_ndarray(), np.float32)
            for samples in laid_on_clock(samples_there, begin, self._written):
                if self._limit is not None and self._written >= self._limit:
                    return
                yield self._encode(samples)
            begin = None  # the rest follows without a gap

    def flushed(self) -> list[Packet[AvStream]]:
        """What the encoder still holds."""
        return self._stream.encode(None) if self._written else []

    def _encode(self, samples: Samples) -> list[Packet[AvStream]]:
        if self._limit is not None:
            samples = samples[:, : max(0, self._limit - self._written)]
        if not samples.size:
            return []
        # a damaged packet may decode to anything, and the encoder gives up at a number that is none
        finite = np.clip(np.nan_to_num(samples), -1.0, 1.0)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(finite), format="fltp", layout=self._layout)
        frame.sample_rate, frame.pts, frame.time_base = RATE_HZ, self._written, Fraction(1, RATE_HZ)
        self._written += samples.shape[1]
        return self._stream.encode(frame)

    def _resampled(self, frame: AudioFrame) -> list[AudioFrame]:
        kind = (frame.format.name, frame.layout.name, frame.sample_rate)
        if self._resampler is None or kind != self._input:  # a resampler takes one kind only
            self._resampler = AudioResampler(format="fltp", layout=self._layout, rate=RATE_HZ)
            self._input = kind
        return self._resampler.resample(frame)


def laid_on_clock(samples: Samples, begin: int | None, written: int) -> Iterator[Samples]:
    """Samples so that they follow the `written` ones: after silence, or cut, where `begin` says so.

    Args:
        samples: (channels, samples).
        begin: where they belong, in samples from the first picture; None: where the last ones ended.
        written: how many samples there are already.
    """
    gap = 0 if begin is None else begin - written
    if abs(gap) <= _JITTER and written:
        gap = 0
    while gap > 0:
        piece = min(gap, _SILENCE_PIECE)
        yield np.zeros((len(samples), piece), np.float32)
        gap -= piece
    kept = samples[:, -gap:] if gap else samples
    if kept.size:
        yield kept
