"""Rules: what this installation takes in, and what stops a video. Reads and writes nothing."""

from __future__ import annotations

from collections.abc import Sequence

from datalake.adapters.ports import KnownBytes
from datalake.contracts import BronzeVideo, Finding, MediaFacts, SourceFacts, ValidationMode, VideoStream
from datalake.findings import blocking as stopping
from datalake.findings import finding


def video_stream(media_facts: MediaFacts | None) -> VideoStream | None:
    """The picture track that would be read; None when there is none."""
    return media_facts.video if media_facts else None


def video_duration_s(media_facts: MediaFacts | None) -> float | None:
    """Duration as measured, else as the container states it; None when neither is known."""
    return media_facts.best_duration_s if media_facts else None


def duration_findings(video_duration_s: float | None, max_duration_s: float) -> tuple[Finding, ...]:
    """`too_long` for a longer video than is taken in."""
    if video_duration_s is None or video_duration_s <= max_duration_s:
        return ()
    return (finding("too_long", f"{video_duration_s:.1f} s, the limit is {max_duration_s:g} s"),)


def picture_size_findings(video_stream: VideoStream | None, min_side_px: int) -> tuple[Finding, ...]:
    """`too_small` for a picture whose shorter side is below the limit."""
    if video_stream is None or min(video_stream.width_px, video_stream.height_px) >= min_side_px:
        return ()
    size = f"{video_stream.width_px}x{video_stream.height_px}"
    return (finding("too_small", f"{size} pixels, the shorter side must have {min_side_px}"),)


def codec_findings(video_stream: VideoStream | None, allowed_codecs: Sequence[str]) -> tuple[Finding, ...]:
    """`codec_not_allowed` for pictures in a codec that is not on the list; an empty list allows all."""
    allowed = {codec.lower() for codec in allowed_codecs}
    if video_stream is None or not allowed or video_stream.codec.lower() in allowed:
        return ()
    return (finding("codec_not_allowed", f"{video_stream.codec}, allowed are {', '.join(allowed_codecs)}"),)


def findings(
    transfer_findings: tuple[Finding, ...],
    probe_findings: tuple[Finding, ...],
    name_findings: tuple[Finding, ...],
    duration_findings: tuple[Finding, ...],
    picture_size_findings: tuple[Finding, ...],
    codec_findings: tuple[Finding, ...],
) -> tuple[Finding, ...]:
    """Everything that was noticed: about the transfer, the bytes, their name, our limits."""
    return (
        *transfer_findings,
        *probe_findings,
        *name_findings,
        *duration_findings,
        *picture_size_findings,
        *codec_findings,
    )


def blocking(
    findings: tuple[Finding, ...],
    validation_mode: ValidationMode,
    video_stream: VideoStream | None,
    known_bytes: KnownBytes | None,
) -> tuple[str, ...]:
    """Codes of the findings that stop the video in its validation mode, each once; first what did before."""
    stops = stopping(findings, validation_mode, has_pictures=video_stream is not None)
    before = [known_bytes.stopped_by] if known_bytes and known_bytes.stopped_by else []
    return tuple(dict.fromkeys((*before, *(found.code for found in stops))))


def bronze_video(
    asset_id: str,
    size_bytes: int,
    raw_key: str,
    source_facts: SourceFacts,
    media_facts: MediaFacts | None,
    findings: tuple[Finding, ...],
    blocking: tuple[str, ...],
    rules_hash: str,
) -> BronzeVideo:
    """The record handed to silver."""
    return BronzeVideo(
        asset_id=asset_id,
        size_bytes=size_bytes,
        raw_key=raw_key,
        source=source_facts,
        media=media_facts,
        findings=findings,
        blocking=blocking,
        rules_hash=rules_hash,
    )
