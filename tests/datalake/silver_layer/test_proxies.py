from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from datalake.adapters.lake import open_lake
from datalake.adapters.media.children import MediaChildren
from datalake.adapters.memory.lake import MemoryLake
from datalake.adapters.memory.media import MemoryMediaProbe
from datalake.adapters.memory.transcoder import MemoryTranscoder
from datalake.adapters.ports import Lake, MediaProbe, Probe, Transcoder
from datalake.contracts import Assessment, Derivatives, MediaFacts, QualityReport, VideoMetadata
from datalake.errors import BadVideo
from datalake.findings import finding
from datalake.pipeline import run_layer
from datalake.silver_layer.proxies import ProxyWish, proxy_wishes
from tests.clips import clip, clips_folder
from tests.datalake.silver_layer.records import ASSET_ID, WORK, media, silver_video, stream
from tests.datalake.silver_layer.rows import stored
from tests.limits import ROOMY

PREFIX = f"{WORK.prefix}/derivatives"


def good(height_px: int = 480, **changes: Any) -> Probe:
    pictures = stream(height_px=height_px, width_px=854, frame_rate_fps=25.0)
    return Probe(media(video=pictures, **changes))


def made(
    lake: Lake,
    scratch_folder: Path,
    transcoder: Transcoder,
    probe: Probe | MediaProbe,
    names: tuple[str, ...] = ("proxy_480p",),
) -> Derivatives:
    quality = QualityReport(overall=1, frame_count=3)
    result = run_layer(
        "derivatives",
        {
            "silver_video": silver_video(),
            "assessment": Assessment(
                asset_id=ASSET_ID, metadata=VideoMetadata(height_px=1080), quality=quality
            ),
            "derivative_names": names,
            "frame_table": stored(),
            "lake": lake,
            "transcoder": transcoder,
            "media_probe": MemoryMediaProbe(probe) if isinstance(probe, Probe) else probe,
            "scratch_folder": scratch_folder,
        },
    )
    assert isinstance(result, Derivatives)
    return result


@pytest.fixture
def transcoder() -> MemoryTranscoder:
    return MemoryTranscoder(duration_s=10.0)


def test_wishes_are_the_proxies_each_once() -> None:
    names = ("proxy_720p", "poster", "proxy_480p", "proxy_720p")
    assert proxy_wishes(names) == [ProxyWish("proxy_720p", 720), ProxyWish("proxy_480p", 480)]
    assert proxy_wishes(("poster",)) == []


def test_a_proxy_is_published_under_its_content_and_says_where_it_is_from(
    lake: MemoryLake, tmp_path: Path, transcoder: MemoryTranscoder
) -> None:
    (proxy,) = made(lake, tmp_path, transcoder, good()).items
    assert proxy.key == f"{PREFIX}/proxy_480p-{proxy.sha256[:16]}.mp4"
    provenance = {"asset_id": ASSET_ID, "settings_hash": WORK.settings_hash, "pipeline_version": "2"}
    assert json.loads(lake.objects[proxy.key]) == {"height_px": 480, **provenance}
    assert proxy.model_dump(include=set(provenance)) == provenance
    assert (proxy.width_px, proxy.height_px, proxy.duration_s) == (854, 480, 10.0)
    assert proxy.size_bytes == len(lake.objects[proxy.key])
    assert list(tmp_path.iterdir()) == []


def test_running_twice_makes_nothing_and_says_the_same(
    lake: MemoryLake, tmp_path: Path, transcoder: MemoryTranscoder
) -> None:
    first = made(lake, tmp_path, transcoder, good())
    writes = lake.writes
    assert made(lake, tmp_path, transcoder, good()) == first
    assert transcoder.made == [480]
    assert lake.writes == writes


def test_only_what_is_missing_is_made(lake: MemoryLake, tmp_path: Path, transcoder: MemoryTranscoder) -> None:
    made(lake, tmp_path, transcoder, good())
    both = made(lake, tmp_path, transcoder, good(240), ("proxy_480p", "proxy_240p"))
    assert transcoder.made == [480, 240]
    assert [proxy.name for proxy in both.items] == ["proxy_240p", "proxy_480p"]


def test_a_record_whose_file_is_lost_is_not_believed(
    lake: MemoryLake, tmp_path: Path, transcoder: MemoryTranscoder
) -> None:
    (proxy,) = made(lake, tmp_path, transcoder, good()).items
    del lake.objects[proxy.key]
    assert made(lake, tmp_path, transcoder, good()).items == (proxy,)
    assert proxy.key in lake.objects


def test_one_that_cannot_be_made_is_a_finding_and_the_others_are_made(
    lake: MemoryLake, tmp_path: Path
) -> None:
    fails: Mapping[int, BadVideo] = {720: BadVideo(finding("decoder_hung", "no answer"))}
    transcoder = MemoryTranscoder(10.0, fails_at=fails)
    result = made(lake, tmp_path, transcoder, good(), ("proxy_720p", "proxy_480p"))
    assert [proxy.name for proxy in result.items] == ["proxy_480p"]
    (found,) = result.findings
    assert (found.code, found.severity) == ("derivative_failed", "warning")
    assert found.evidence == "proxy_720p: no answer"


@pytest.mark.parametrize(
    ("fails", "probe"),
    [(True, good()), (False, Probe(None, (finding("code_failed", "ValueError: unheard-of format"),)))],
)
def test_an_error_of_our_own_over_a_proxy_ends_the_video_and_not_only_the_proxy(
    lake: MemoryLake, tmp_path: Path, fails: bool, probe: Probe
) -> None:
    failed = BadVideo(finding("code_failed", "ValueError: unheard-of format"))
    transcoder = MemoryTranscoder(10.0, fails_at={480: failed} if fails else {})
    with pytest.raises(BadVideo, match="code_failed: ValueError: unheard-of format"):
        made(lake, tmp_path, transcoder, probe)
    assert lake.objects == {}


@pytest.mark.parametrize(
    ("probe", "why"),
    [
        (Probe(media(), (finding("truncated", "the end is missing"),)), "the end is missing"),
        (Probe(None), "no pictures"),
        (Probe(MediaFacts(container="mov")), "no pictures"),
        (good(482), "482 px high instead of 480"),
        (good(478), "478 px high instead of 480"),
        (good(measured_duration_s=9.8), "lasts 9.80 s instead of 10.00"),
        (good(measured_duration_s=10.2), "lasts 10.20 s instead of 10.00"),
    ],
)
def test_a_file_that_is_not_as_it_has_to_be_is_refused(
    probe: Probe, why: str, lake: MemoryLake, tmp_path: Path, transcoder: MemoryTranscoder
) -> None:
    result = made(lake, tmp_path, transcoder, probe)
    assert result.items == ()
    assert [found.code for found in result.findings] == ["derivative_failed"]
    assert why in result.findings[0].evidence
    assert lake.objects == {}
    assert list(tmp_path.iterdir()) == []


def test_a_warning_about_a_proxy_does_not_stop_it(
    lake: MemoryLake, tmp_path: Path, transcoder: MemoryTranscoder
) -> None:
    unusual = Probe(good(measured_duration_s=10.1).media, (finding("variable_frame_rate", ""),))
    assert len(made(lake, tmp_path, transcoder, unusual).items) == 1


def test_a_video_is_not_enlarged(lake: MemoryLake, tmp_path: Path, transcoder: MemoryTranscoder) -> None:
    (proxy,) = made(lake, tmp_path, transcoder, good(1080), ("proxy_2160p",)).items
    assert proxy.height_px == 1080


def test_nothing_asked_for_nothing_made(
    lake: MemoryLake, tmp_path: Path, transcoder: MemoryTranscoder
) -> None:
    assert made(lake, tmp_path, transcoder, good(), ()) == Derivatives(asset_id=ASSET_ID)


def test_a_real_video_has_a_proxy_that_the_probe_finds_nothing_wrong_with(tmp_path: Path) -> None:
    lake = open_lake((tmp_path / "lake").as_uri(), tmp_path, "")
    path = clip(clips_folder(), scale=6, rotation_deg=90, b_frames=2, audio="tone")
    with (
        MediaChildren(slots=1, limits=ROOMY) as children,
        lake.scratch() as scratch,
    ):
        facts = children.probe_port().probe(path).media
        assert facts is not None
        with children.transcoder(path, facts) as transcoder:
            result = made(lake, scratch, transcoder, children.probe_port())
        (proxy,) = result.items
        assert (proxy.width_px, proxy.height_px, proxy.duration_s) == (800, 480, 2.0)
        with lake.local_path(proxy.key) as published:
            assert [found.code for found in children.probe_port().probe(published).findings] == []
