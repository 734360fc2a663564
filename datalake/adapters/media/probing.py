"""The probe, in the child: what a file says it is, what is really there, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.video.frame import VideoFrame
from av.video.stream import VideoStream as AvStream

from datalake.adapters.media import containers
from datalake.adapters.media.answer import Answer
from datalake.adapters.media.container_size import missing_part
from datalake.contracts import Finding, MediaFacts, VideoStream
from datalake.errors import BadVideo
from datalake.findings import finding

# Containers whose duration is written by the muxer; the others' is guessed from what is there.
_STATES_DURATION = ("mov", "matroska", "avi", "flv", "asf")


@dataclass(frozen=True)
class _Scan:
    """What the packets say, without decoding: ticks of the first and past the last picture."""

    packets: int
    start_pts: int | None
    end_pts: int | None


def probe(path: str) -> Answer:
    """MediaFacts (or null) and the findings, as JSON."""
    media, findings = _examined(Path(path))
    return Answer(
        {
            "media": media.model_dump(mode="json") if media else None,
            "findings": [one.model_dump(mode="json") for one in findings],
        }
    )


def _examined(path: Path) -> tuple[MediaFacts | None, list[Finding]]:
    if path.stat().st_size == 0:
        return None, [finding("empty_file", "0 bytes")]
    missing = missing_part(path)
    truncated = [finding("truncated", missing)] if missing else []
    try:
        with containers.opened(str(path)) as container:
            media, findings = _facts(container)
    except MemoryError:
        raise
    except FFmpegError as error:
        return None, truncated or [finding("not_a_video", error.strerror or type(error).__name__)]
    return media, truncated + [one for one in findings if not (truncated and one.code == "truncated")]


def _facts(container: InputContainer) -> tuple[MediaFacts, list[Finding]]:
    stream = containers.picture_stream(container)
    facts = MediaFacts(
        container=container.format.name,
        duration_s=None if container.duration is None else container.duration / av.time_base,
        bit_rate_bps=container.bit_rate or None,
        has_audio=bool(container.streams.audio),
    )
    if stream is None:
        kinds = ", ".join(sorted({one.type for one in container.streams})) or "none"
        return facts, [finding("no_video_stream", f"streams: {kinds}")]
    if stream.codec_context is None:
        return facts, [finding("unsupported_codec", "no decoder for the picture track")]
    scan, frame = _scanned(container, stream), _first_frame(container, stream)
    if isinstance(frame, Finding):
        return facts, [frame, *_short(facts, stream, scan)]
    video = _video_stream(stream, frame, scan)
    measured = facts.model_copy(
        update={"video": video, "measured_duration_s": _seconds(scan.end_pts, video.start_pts, stream)}
    )
    if scan.end_pts is None:
        return measured, [finding("no_timestamps", f"{scan.packets} packets without a presentation time")]
    return measured, _short(measured, stream, scan)


def _scanned(container: InputContainer, stream: AvStream) -> _Scan:
    """Read every packet of the stream; stops quietly where the file breaks off."""
    packets, start, end = 0, None, None
    usual = _usual_duration(stream)
    for packet in _packets(container, stream):
        if packet.is_discard or not packet.size:
            continue
        packets += 1
        if packet.pts is None:
            continue
        start = packet.pts if start is None else min(start, packet.pts)
        past = packet.pts + (packet.duration or usual)
        end = past if end is None else max(end, past)
    return _Scan(packets, start, end)


def _packets(container: InputContainer, stream: AvStream) -> Iterator[av.Packet[AvStream]]:
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except MemoryError:
            raise
        except FFmpegError:
            return
        if packet is None:
            return
        yield packet


def _first_frame(container: InputContainer, stream: AvStream) -> VideoFrame | Finding:
    """The first picture, decoded: the proof that the codec and its data are usable."""
    with containers.opened(container.name) as again:
        try:
            with containers.decode_failures("at the first picture"):
                frame = next(again.decode(cast("AvStream", again.streams[stream.index])), None)
        except BadVideo as bad:
            return bad.finding
    return frame or finding("decode_failed", "the picture track gives no picture")


def _video_stream(stream: AvStream, frame: VideoFrame, scan: _Scan) -> VideoStream:
    rotation = round(-frame.rotation / 90) * 90 % 360  # clockwise, to be seen upright
    width, height = frame.width, frame.height
    start = next((pts for pts in (frame.pts, scan.start_pts, stream.start_time) if pts is not None), None)
    return VideoStream(
        index=stream.index,
        codec=stream.codec_context.name,
        width_px=height if rotation in (90, 270) else width,
        height_px=width if rotation in (90, 270) else height,
        rotation_deg=rotation,
        time_base=(stream.time_base.numerator, stream.time_base.denominator),
        start_pts=start,
        frame_rate_fps=float(stream.average_rate) if stream.average_rate else None,
        nominal_frames=stream.frames or None,
        pixel_format=frame.format.name,
    )


def _short(facts: MediaFacts, stream: AvStream, scan: _Scan) -> list[Finding]:
    """`truncated`, where the pictures end well before the container says."""
    if not facts.container.startswith(_STATES_DURATION) or not facts.duration_s:
        return []
    there_s = _seconds(scan.end_pts, 0, stream) or 0.0
    if stream.duration and stream.start_time is not None:  # the track's own end, where it is stated
        stated_s = float((stream.start_time + stream.duration) * stream.time_base)
    else:
        stated_s = facts.duration_s
    fps = float(stream.average_rate) if stream.average_rate else 25.0
    if stated_s - there_s <= max(0.5, 2 / fps, stated_s / 100):
        return []
    return [finding("truncated", f"the container states {stated_s:.2f} s, pictures end at {there_s:.2f} s")]


def _usual_duration(stream: AvStream) -> int:
    rate = stream.average_rate or stream.guessed_rate
    return round(1 / (rate * stream.time_base)) if rate else 0


def _seconds(ticks: int | None, start: int | None, stream: AvStream) -> float | None:
    return None if ticks is None else float((ticks - (start or 0)) * stream.time_base)
