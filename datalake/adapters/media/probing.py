"""The probe, in the child: what a file says it is, what is really there, and what is wrong with it.

The headers are looked at first, without a decoder; then one pass reads every packet; then the first picture
is decoded. Whatever fails on the way leaves the facts that were found.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import cast

from av.container import InputContainer
from av.error import FFmpegError
from av.video.frame import VideoFrame
from av.video.stream import VideoStream as AvStream

from datalake.adapters.media import containers
from datalake.adapters.media.answer import Answer
from datalake.adapters.media.container_index import avi_index, broken_index
from datalake.adapters.media.container_size import missing_part
from datalake.adapters.media.facts import audio_stream, container_facts, video_stream, with_video
from datalake.adapters.media.noticed import (
    ends_early,
    facts_noticed,
    index_noticed,
    packets_noticed,
    sound_noticed,
)
from datalake.adapters.media.protection import protection
from datalake.adapters.media.scanning import scanned
from datalake.contracts import Finding, MediaFacts
from datalake.errors import BadVideo
from datalake.findings import finding

_PACKETS_TO_A_PICTURE = 600  # a damaged beginning; some groups of pictures are that long


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
    truncated = _said_by(missing_part, "truncated", path)
    encrypted = _said_by(protection, "encrypted", path)
    unindexed = [] if truncated else _said_by(broken_index, "broken_index", path)
    known = truncated + encrypted + unindexed
    try:
        with containers.opened(str(path)) as container:
            media, findings = _described(container, is_encrypted=bool(encrypted))
    except MemoryError:
        raise
    except FFmpegError as error:
        return None, known or [finding("not_a_video", error.strerror or type(error).__name__)]
    codes = {one.code for one in known}
    return media, known + [one for one in findings if one.code not in codes]


def _said_by(header: Callable[[Path], str | None], code: str, path: Path) -> list[Finding]:
    evidence = header(path)
    return [finding(code, evidence)] if evidence else []


def _described(container: InputContainer, is_encrypted: bool) -> tuple[MediaFacts, list[Finding]]:
    """The facts of an open container; of an encrypted one without a look at its pictures."""
    stream = containers.picture_stream(container)
    sound = next(iter(container.streams.audio), None)
    index = avi_index(container, stream)
    scan = scanned(container, stream, sound)
    audio = audio_stream(sound, scan.sound) if sound is not None and scan.sound is not None else None
    facts = container_facts(container, audio)
    if stream is None or scan.picture is None:
        kinds = ", ".join(sorted({one.type for one in container.streams})) or "none"
        return facts, [finding("no_video_stream", f"streams: {kinds}")]
    if stream.codec_context is None:
        return facts, [finding("unsupported_codec", "no decoder for the picture track")]
    frame, findings = (None, []) if is_encrypted else _first_frame(container, stream)
    video = video_stream(stream, frame, scan.picture)
    if video is not None:
        facts = with_video(facts, video, scan.picture)
    if not is_encrypted:
        findings += [*ends_early(facts, stream, scan), *packets_noticed(facts, stream, scan.picture)]
        findings += index_noticed(scan.picture, index)
        findings += facts_noticed(video) if video is not None else ()
        findings += sound_noticed(scan.sound)
    return facts, findings


def _first_frame(container: InputContainer, stream: AvStream) -> tuple[VideoFrame | None, list[Finding]]:
    """The first picture that can be decoded, and `decode_failed` for what could not be before it."""
    damage: list[Finding] = []
    with containers.opened(container.name) as again:
        for packet in islice(again.demux(again.streams[stream.index]), _PACKETS_TO_A_PICTURE):
            try:
                with containers.decode_failures("at the first picture"):
                    frames = cast("list[VideoFrame]", packet.decode())
            except BadVideo as bad:
                damage = damage or [bad.finding]
            else:
                if frames:
                    return frames[0], damage
    return None, damage or [finding("decode_failed", "the picture track gives no picture")]
