"""The sample peak of a track, heard wholly up to a minute: silence is told from sound at any length.

It is the largest sample relative to full scale (dBFS), not the loudness that a person hears (LUFS).
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import av
import numpy as np
import numpy.typing as npt
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.error import FFmpegError

SILENCE_DBFS = -120.0
_AT_MOST_S = 60.0  # of sound in all
_LISTEN_S = 1.0  # at a time, of a longer track
_FIRST_S, _SELDOM_S = 30.0, 20.0  # of a track that may be long: all of its beginning, then 1 s in so many
_COUNTED_PLANES = 7  # PyAV 18 and 19 look for a NULL behind the planes, which eight need not have
_GIVEN_AS = {"s64": "dbl"}  # PyAV has no array for the first
_LOUDEST_DBFS = 120.0  # damaged floating point samples may be any number


class PeakMeter:
    """Listens to a track whose packets pass by: to a minute in all, spread over a longer one.

    Args:
        stream: the track; its packets are decoded with its own context.
        duration_s: about how long it is, where that is known.
    """

    def __init__(self, stream: AudioStream, duration_s: float | None) -> None:
        self._context: AudioCodecContext | None = stream.codec_context
        self._every_s = None if duration_s is None else max(_LISTEN_S, duration_s * _LISTEN_S / _AT_MOST_S)
        self._heard_s = 0.0
        self._is_listening = False
        self._peak: float | None = None

    @property
    def peak_dbfs(self) -> float | None:
        """The loudest sample, dB relative to full scale; SILENCE_DBFS for digital silence, None unheard."""
        if self._peak is None:
            return None
        if self._peak <= 0:
            return SILENCE_DBFS
        return round(min(max(20 * math.log10(self._peak), SILENCE_DBFS), _LOUDEST_DBFS), 2)

    def hear(self, packet: av.Packet[AudioStream], time_s: float) -> None:
        """Decode the packet if it is its turn; damage is passed over.

        Args:
            packet: the next one of the track.
            time_s: its time from the start of the track.
        """
        was_listening, self._is_listening = self._is_listening, self._is_turn(time_s)
        if not self._is_listening or self._context is None:
            return
        try:
            if not was_listening:  # nothing carries over from what was heard before
                self._context.flush_buffers()
            for frame in packet.decode():
                self._take(frame)
        except FFmpegError:  # even for want of memory: the picture does not depend on it
            if not self._context.is_open:  # it refused to start
                self._context = None

    def _is_turn(self, time_s: float) -> bool:
        every_s = self._every_s or (_LISTEN_S if time_s < _FIRST_S else _SELDOM_S)
        return self._heard_s < _AT_MOST_S and time_s % every_s < _LISTEN_S

    def _take(self, frame: AudioFrame) -> None:
        self._heard_s += frame.samples / (frame.sample_rate or 1)
        self._peak = max([self._peak or 0.0, *map(_peak, _samples(frame))])


def _samples(frame: AudioFrame) -> Iterator[npt.NDArray[np.generic]]:
    """The samples of all channels, in any order."""
    packed_name = frame.format.packed.name
    is_counted = not frame.format.is_planar or frame.layout.nb_channels <= _COUNTED_PLANES
    if is_counted and packed_name not in _GIVEN_AS:
        yield frame.to_ndarray()
        return
    for packed in AudioResampler(format=_GIVEN_AS.get(packed_name, packed_name)).resample(frame):
        yield packed.to_ndarray()


def _peak(samples: npt.NDArray[np.generic]) -> float:
    """The largest magnitude, 1.0 being full scale."""
    values = samples.astype(np.float64)
    if samples.dtype.kind == "u":
        values = (values - 128) / 128
    elif samples.dtype.kind == "i":
        values /= 2.0 ** (8 * samples.dtype.itemsize - 1)
    return float(np.abs(values[np.isfinite(values)]).max(initial=0.0))
