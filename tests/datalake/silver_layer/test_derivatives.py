from __future__ import annotations

import io
from pathlib import Path

from PIL import Image

from datalake.adapters.memory.lake import MemoryLake
from datalake.adapters.memory.media import MemoryMediaProbe
from datalake.adapters.memory.transcoder import MemoryTranscoder
from datalake.adapters.ports import Probe
from datalake.contracts import Assessment, Derivatives, QualityReport, VideoMetadata
from datalake.pipeline import run_layer
from tests.datalake.silver_layer.records import ASSET_ID, WORK, silver_video
from tests.datalake.silver_layer.rows import row, stored


def jpeg(width_px: int, height_px: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (width_px, height_px)).save(buffer, "JPEG")
    return buffer.getvalue()


def made(lake: MemoryLake, folder: Path, best_frame_us: int | None, *names: str) -> Derivatives:
    table = stored([row(0)], [row(1_000_000), row(2_000_000, duplicate_of_us=1_000_000, frame_key=None)])
    quality = QualityReport(overall=1, frame_count=3)
    result = run_layer(
        "derivatives",
        {
            "silver_video": silver_video(part_keys=tuple(table.parts)),
            "assessment": Assessment(
                asset_id=ASSET_ID, metadata=VideoMetadata(), quality=quality, best_frame_us=best_frame_us
            ),
            "derivative_names": names,
            "frame_table": table,
            "lake": lake,
            "transcoder": MemoryTranscoder(10.0),
            "media_probe": MemoryMediaProbe(Probe(None)),
            "scratch_folder": folder,
        },
    )
    assert isinstance(result, Derivatives)
    return result


def test_the_poster_is_the_image_that_the_lake_has(lake: MemoryLake, tmp_path: Path) -> None:
    key, data = "silver/images/1000000.jpg", jpeg(200, 150)
    lake.objects[key] = data
    result = made(lake, tmp_path, 1_000_000, "poster")
    (poster,) = result.items
    assert (poster.name, poster.key, poster.sha256) == ("poster", key, "cd" * 32)
    assert (poster.width_px, poster.height_px, poster.size_bytes) == (200, 150, len(data))
    assert (poster.time_us, poster.duration_s, poster.media_type) == (1_000_000, None, "image/jpeg")
    assert (poster.asset_id, poster.settings_hash) == (ASSET_ID, WORK.settings_hash)
    assert result.findings == ()
    assert lake.objects == {key: data}


def test_without_a_kept_frame_there_is_no_poster_and_a_reason(lake: MemoryLake, tmp_path: Path) -> None:
    result = made(lake, tmp_path, None, "poster")
    assert result.items == ()
    assert [found.evidence for found in result.findings] == ["poster: no frame was kept"]


def test_a_poster_nobody_asked_for_is_not_looked_up(lake: MemoryLake, tmp_path: Path) -> None:
    assert made(lake, tmp_path, 1_000_000) == Derivatives(asset_id=ASSET_ID)
