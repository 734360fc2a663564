"""The probe, in the child: what a file says it is, what is really there, and what is wrong with it.

The headers are looked at first, without a decoder; then one pass reads every packet; then the first picture
is decoded. Whatever fails on the way leaves the facts that were found.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from pathlib import Path
from typing import Any, cast

from av.container import InputContainer
from av.error import FFmpegError
from av.video.frame import VideoFrame
from av.video.stream import VideoStream as AvStream

from datalake.adapters.media import containers
from datalake.adapters.media.decode.decoder_log import DecoderLog
from datalake.adapters.media.packets import packets
from datalake.adapters.media.probe.container_index import avi_index, broken_index
from datalake.adapters.media.probe.container_size import missing_part
from datalake.adapters.media.probe.facts import (
    audio_stream,
    container_facts,
    video_stream,
    with_measures,
    with_video,
)
from datalake.adapters.media.probe.probe_findings import (
    ends_early,
    facts_noticed,
    holes_noticed,
    index_noticed,
    packets_noticed,
    sound_noticed,
)
from datalake.adapters.media.probe.protection import protection
from datalake.adapters.media.probe.scanning import PictureTrack, scanned
from datalake.adapters.media.refusals import Refusal
from datalake.adapters.media.transport_holes import Hole, holes_of
from datalake.contracts import Finding, MediaFacts
from datalake.findings import finding

_BEGIN_ANYWHERE = ("mpegts", "mpeg")  # recordings of what was on air: the first keyframe may come later


def probe(path: str) -> dict[str, Any]:
    """MediaFacts (or null) and the findings, as JSON."""
    media, findings = _examined(Path(path))
    return {
        "media": media.model_dump(mode="json") if media else None,
        "findings": [one.model_dump(mode="json") for one in findings],
    }


def _examined(path: Path) -> tuple[MediaFacts | None, list[Finding]]:
    if path.stat().st_size == 0:
        return None, [finding("empty_file", "0 bytes")]
    truncated = _said_by(missing_part, "truncated", path)
    known = truncated or _said_by(broken_index, "broken_index", path)
    try:
        with DecoderLog() as log, containers.opened(str(path)) as container:
            media, findings = _described(container, log)
    except MemoryError:
        raise
    except FFmpegError as error:
        return None, known or [finding("not_a_video", error.strerror or type(error).__name__)]
    if any(one.code == "damaged_container" for one in findings):  # its elements cannot be walked to the index
        known = [one for one in known if one.code != "broken_index"]
    said = {one.code for one in known} | (_consequences(media) if truncated else set())
    return media, known + [one for one in findings if one.code not in said]


def _said_by(header: Callable[[Path], str | None], code: str, path: Path) -> list[Finding]:
    evidence = header(path)
    return [finding(code, evidence)] if evidence else []


def _consequences(media: MediaFacts) -> set[str]:
    """What goes without saying of a file that was cut off."""
    if media.video is not None:
        return {"broken_index"}
    return {"broken_index", "decode_failed"} | ({"no_video_stream"} if media.audio is None else set())


def _described(container: InputContainer, log: DecoderLog) -> tuple[MediaFacts, list[Finding]]:
    """The facts of an open container; of an encrypted one neither its pictures nor how loud it is."""
    stream = containers.picture_stream(container)
    sound = next(iter(container.streams.audio), None)
    audio, index = audio_stream(sound) if sound is not None else None, avi_index(container, stream)
    scan = scanned(container, stream, sound)
    log.leave()  # before a decoder with threads is freed: one that logs meanwhile would wait for us
    evidence = None if stream is None else protection(Path(container.name), stream.id)
    if audio is not None and scan.sound is not None:
        audio = with_measures(audio, scan.sound, is_encrypted=evidence is not None)
    facts = container_facts(container, audio)
    if stream is None or scan.picture is None:
        kinds = ", ".join(sorted({one.type for one in container.streams})) or "none"
        return facts, [finding("no_video_stream", f"streams: {kinds}")]
    if evidence:
        return facts, [finding("encrypted", evidence)]
    if stream.codec_context is None:
        return facts, [finding("unsupported_codec", "no decoder for the picture track")]
    frame, findings = _first_frame(container, stream)
    if frame is not None:
        facts = with_video(
            facts, video_stream(stream, frame, scan.picture, is_damaged=bool(findings)), scan.picture
        )
    holes = _holes(container, scan.picture, log)
    findings += [*ends_early(facts, stream, scan), *holes_noticed(facts, scan.picture, holes)]
    findings += packets_noticed(facts, stream, scan.picture, holes)
    findings += index_noticed(scan.picture, index)
    if facts.video is not None and not any(one.fatal for one in findings):
        findings += [*facts_noticed(facts.video), *sound_noticed(scan.sound)]
    return facts, findings


def _holes(container: InputContainer, track: PictureTrack, log: DecoderLog) -> list[Hole]:
    """Stretches in which nothing can be read: of a transport stream, or of Matroska up to a picture."""
    behind = ((start, track.positions[track.positions > start]) for start in log.hole_starts)
    return holes_of(container) or [Hole(start, int(after[0])) for start, after in behind if len(after)]


def _first_frame(container: InputContainer, stream: AvStream) -> tuple[VideoFrame | None, list[Finding]]:
    """The first picture that can be decoded, and `decode_failed` for what could not be before it."""
    damage: list[Finding] = []
    can_begin = container.format.name not in _BEGIN_ANYWHERE
    with containers.opened(container.name) as again:
        picture = cast("AvStream", again.streams[stream.index])
        picture.codec_context.thread_count = 1  # each more takes memory, and a large machine has many
        for packet in chain(packets(again, picture), [None]):
            can_begin = can_begin or packet is None or packet.is_keyframe
            try:
                with containers.decode_failures("at the first picture"):
                    frames = picture.codec_context.decode(packet)
            except Refusal as refusal:
                damage = damage or [finding(refusal.noticed.code, refusal.noticed.evidence)] * can_begin
                if not picture.codec_context.is_open:  # it refused to start
                    break
            else:
                if frames:
                    return frames[0], damage
    return None, damage or [finding("decode_failed", "the picture track gives no picture")]
