"""Landing: bring the bytes into the lake under the name of their content. Decodes nothing."""

from __future__ import annotations

import hashlib

from hamilton.function_modifiers import tag

from datalake.adapters.ports import Lake, SourceReader
from datalake.bronze_layer.landed import LandedObject
from datalake.contracts import SourceFacts, VideoArrived


def source_uri(video_arrived: VideoArrived) -> str:
    """Where the sender says that the bytes are."""
    return video_arrived.uri


def expected_sha256(video_arrived: VideoArrived) -> str | None:
    """SHA-256 that the sender expects, hex; None when none was given."""
    return video_arrived.sha256


@tag(effect="writes")
def landed_object(source_uri: str, sources: SourceReader, lake: Lake) -> LandedObject:
    """The bytes in the lake: copied once, hashed on the way, published under their hash.

    Published whole or not at all, and only after the source has ended without a complaint.
    """
    digest, size_bytes = hashlib.sha256(), 0
    with lake.scratch() as folder:
        copy = folder / "raw"
        with sources.opened(source_uri) as source, copy.open("wb") as file:
            for chunk in source.chunks:
                digest.update(chunk)
                size_bytes += file.write(chunk)
        landed = LandedObject(digest.hexdigest(), size_bytes, source.facts)
        if not lake.exists(landed.key):
            lake.put_file(landed.key, copy)
    return landed


def asset_id(landed_object: LandedObject) -> str:
    """SHA-256 of the bytes, hex: the identity of the content."""
    return landed_object.sha256


def size_bytes(landed_object: LandedObject) -> int:
    """Size of the raw object."""
    return landed_object.size_bytes


def raw_key(landed_object: LandedObject) -> str:
    """Lake key of the raw object."""
    return landed_object.key


def source_facts(landed_object: LandedObject) -> SourceFacts:
    """What the source said about the bytes: size, ETag, modification, type, useful headers."""
    return landed_object.source
