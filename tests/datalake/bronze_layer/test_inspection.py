from __future__ import annotations

import pytest

from datalake.adapters.memory.lake import MemoryLake
from datalake.adapters.memory.media import MemoryMediaProbe
from datalake.adapters.ports import Probe
from datalake.bronze_layer import inspection
from datalake.contracts import MediaFacts, SourceFacts
from datalake.errors import StoreUnavailable
from datalake.findings import finding

FACTS = MediaFacts(container="matroska,webm", duration_s=2.0)
HDR = finding("hdr", "PQ")


def test_the_probe_looks_at_the_raw_object() -> None:
    lake = MemoryLake()
    lake.put_bytes("raw", b"a video")
    probe = MemoryMediaProbe(Probe(None), {b"a video": Probe(FACTS, (HDR,))})
    probed = inspection.probed_media("raw", lake, probe, None)
    assert inspection.media_facts(probed) == FACTS
    assert inspection.probe_findings(probed) == (HDR,)


def test_an_object_that_the_lake_has_lost_is_not_the_videos_fault() -> None:
    with pytest.raises(StoreUnavailable):
        inspection.probed_media("raw", MemoryLake(), MemoryMediaProbe(Probe(None)), None)


def test_another_hash_than_announced() -> None:
    right, wrong = "ab" * 32, "00" * 32
    assert inspection.transfer_findings(right, None) == ()
    assert inspection.transfer_findings(right, right) == ()
    (found,) = inspection.transfer_findings(right, wrong)
    assert (found.code, found.fatal) == ("hash_differs", True)
    assert right in found.evidence
    assert wrong in found.evidence


def test_a_name_that_lies() -> None:
    name = inspection.file_name(SourceFacts(uri="https://host/clip.mp4"))
    (found,) = inspection.name_findings(name, FACTS)
    assert (found.code, found.severity) == ("extension_lies", "warning")
    assert inspection.name_findings("clip.mkv", FACTS) == ()
    assert inspection.name_findings(name, None) == ()
