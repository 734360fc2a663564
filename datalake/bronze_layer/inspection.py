"""Inspection: what landed, and what is wrong with it. Writes nothing."""

from __future__ import annotations

from hamilton.function_modifiers import tag

from datalake.adapters.ports import Lake, MediaProbe, Probe
from datalake.contracts import BronzeVideo, Finding, MediaFacts


def probed_media(raw_key: str, lake: Lake, media_probe: MediaProbe) -> Probe:
    """What a probe in a killable child made of the raw object."""
    with lake.local_path(raw_key) as path:
        return media_probe.probe(path)


def media_facts(probed_media: Probe) -> MediaFacts | None:
    """Container and stream facts; None when the bytes are no media file."""
    return probed_media.media


def hash_findings(asset_id: str, expected_sha256: str | None) -> tuple[Finding, ...]:
    """`hash_differs` when these are not the bytes that the sender announced."""
    if expected_sha256 in (None, asset_id):
        return ()
    evidence = f"expected {expected_sha256}, got {asset_id}"
    remedy = "Upload the file again, or correct `sha256` in the message."
    return (Finding(code="hash_differs", severity="error", evidence=evidence, remedy=remedy),)


def findings(hash_findings: tuple[Finding, ...], probed_media: Probe) -> tuple[Finding, ...]:
    """Everything that was noticed, about the transfer first."""
    return hash_findings + probed_media.findings


@tag(layer="bronze", role="output")
def bronze_video(
    asset_id: str,
    size_bytes: int,
    raw_key: str,
    media_facts: MediaFacts | None,
    findings: tuple[Finding, ...],
) -> BronzeVideo:
    """The record handed to silver."""
    return BronzeVideo(
        asset_id=asset_id, size_bytes=size_bytes, raw_key=raw_key, media=media_facts, findings=findings
    )
