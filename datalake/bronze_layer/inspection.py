"""Inspection: what the landed bytes are, as far as they say so themselves. Writes nothing."""

from __future__ import annotations

from hamilton.function_modifiers import tag

from datalake.adapters.ports import KnownBytes, KnownContent, Lake, MediaProbe, Probe
from datalake.bronze_layer.names import file_name_of, why_extension_lies
from datalake.contracts import Finding, MediaFacts, SourceFacts
from datalake.findings import finding


def known_bytes(asset_id: str, rules_hash: str, known_content: KnownContent) -> KnownBytes | None:
    """What was made of the same bytes under the same rules before; None: nobody has looked yet."""
    return known_content.find(asset_id, rules_hash)


@tag(effect="decodes")
def probed_media(raw_key: str, lake: Lake, media_probe: MediaProbe, known_bytes: KnownBytes | None) -> Probe:
    """What a probe in a killable child made of the raw object; known bytes are not opened again."""
    if known_bytes is not None:
        return known_bytes.probe
    with lake.local_path(raw_key) as path:
        return media_probe.probe(path)


def media_facts(probed_media: Probe) -> MediaFacts | None:
    """Container and stream facts; None when the bytes are no media file."""
    return probed_media.media


def file_name(source_facts: SourceFacts) -> str:
    """Name that the source gives the bytes; empty when it gives none."""
    return file_name_of(source_facts)


def probe_findings(probed_media: Probe) -> tuple[Finding, ...]:
    """What is wrong with, or unusual about, the bytes themselves."""
    return probed_media.findings


def transfer_findings(asset_id: str, expected_sha256: str | None) -> tuple[Finding, ...]:
    """`hash_differs` when these are not the bytes that the sender announced."""
    if expected_sha256 in (None, asset_id):
        return ()
    return (finding("hash_differs", f"expected {expected_sha256}, got {asset_id}"),)


def name_findings(file_name: str, media_facts: MediaFacts | None) -> tuple[Finding, ...]:
    """`extension_lies` when the name promises another kind of file than this is."""
    why = why_extension_lies(file_name, media_facts) if media_facts else None
    return (finding("extension_lies", why),) if why else ()
