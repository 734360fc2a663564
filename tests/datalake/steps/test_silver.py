"""Silver's step: the settings of every group reach the dataflow that they are for."""

from __future__ import annotations

from pathlib import Path

from datalake import chunks
from datalake.adapters.embedders.batcher import MicroBatcher
from datalake.adapters.media.children import MediaChildren
from datalake.adapters.memory.attempts import MemoryKnownContent
from datalake.adapters.memory.embedder import MemoryEmbedder
from datalake.adapters.memory.leases import MemoryLeases
from datalake.contracts import Chunk
from datalake.steps.bronze import bronze_step
from datalake.steps.silver import silver_step
from tests.cases.product import arrived, settings
from tests.clips import clip
from tests.limits import ROOMY


def test_settings_reach_silver_the_assessment_and_the_derivatives(tmp_path: Path) -> None:
    changes = {"interval_s": 0.5, "dark_max": 255, "derivatives": ("poster", "proxy_144p")}
    config = settings(tmp_path, changes)
    video = arrived(clip(tmp_path, frames=45), "strict", {})
    chunk = Chunk(label="test", batch_id=video.claimed.batch_id, attempt=1, videos=(video,))
    with (
        MediaChildren(slots=1, limits=ROOMY) as media,
        MicroBatcher(MemoryEmbedder(), batch_size=8) as embedder,
    ):
        landed = chunks.run(chunk, bronze_step(config, 1, media, MemoryKnownContent()), at_once=1)
        step = silver_step(config, chunk, MemoryLeases(), media, embedder)
        (done,) = chunks.run(landed, step, at_once=1).videos
    assert (done.outcome, done.error) == (None, None)
    assert done.silver is not None and done.assessment is not None and done.derivatives is not None
    assert done.silver.frame_count == 3
    assert done.assessment.quality.is_black
    assert [item.name for item in done.derivatives.items] == ["poster", "proxy_144p"]
