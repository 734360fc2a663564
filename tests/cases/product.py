"""A video through the steps that the tasks run, with a cheap embedder and leases in memory."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar
from uuid import NAMESPACE_URL, uuid5

from datalake import chunks
from datalake.adapters.embedders.batcher import MicroBatcher
from datalake.adapters.media.children import MediaChildren
from datalake.adapters.memory.attempts import MemoryKnownContent
from datalake.adapters.memory.leases import MemoryLeases
from datalake.contracts import (
    Chunk,
    ClaimedVideo,
    Finding,
    Options,
    ValidationMode,
    VideoArrived,
    VideoProgress,
)
from datalake.settings import (
    BronzeSettings,
    LakeSettings,
    QualitySettings,
    Settings,
    SettingsGroup,
    SilverSettings,
    SourceSettings,
)
from datalake.steps.bronze import bronze_step
from datalake.steps.silver import silver_step

Group = TypeVar("Group", bound=SettingsGroup)
INTERVAL_S = 0.2


def settings(folder: Path, changes: Mapping[str, Any]) -> Settings:
    """The product's settings with a lake in `folder`, which is the only one that files may lie in."""
    told = {
        "source_roots": (folder,),
        "lake_uri": f"file://{folder / 'lake'}",
        "interval_s": INTERVAL_S,
        **changes,
    }
    return Settings(
        source=_group(SourceSettings, told),
        lake=_group(LakeSettings, told),
        bronze=_group(BronzeSettings, told),
        silver=_group(SilverSettings, told),
        quality=_group(QualitySettings, told),
    )


def _group(group: type[Group], told: Mapping[str, Any]) -> Group:
    return group(**{name: value for name, value in told.items() if name in group.model_fields})


def arrived(path: Path, mode: ValidationMode, message: Mapping[str, Any]) -> VideoProgress:
    """The message about a file, claimed and on its way."""
    event = uuid5(NAMESPACE_URL, f"{path} {mode}")
    options = Options(**{"validation_mode": mode, **message.get("options", {})})
    told = {"uri": path.as_uri(), **message, "options": options}
    video = VideoArrived(event_id=event, video_id=path.stem, **told)
    claimed = ClaimedVideo(
        message_id=event, batch_id=event, attempt=1, run_id="cases", version=(0, 0, 0), arrived=video
    )
    return VideoProgress(claimed=claimed)


def through(
    video: VideoProgress, config: Settings, media: MediaChildren, embedder: MicroBatcher
) -> VideoProgress:
    """The video as gold would be given it."""
    chunk = Chunk(label="cases", batch_id=video.claimed.batch_id, attempt=1, videos=(video,))
    bronze = bronze_step(config, chunk.attempt, media, MemoryKnownContent())
    silver = silver_step(config, chunk, MemoryLeases(), media, embedder)
    return chunks.run(chunks.run(chunk, bronze, at_once=1), silver, at_once=1).videos[0]


def findings_of(video: VideoProgress) -> tuple[Finding, ...]:
    """Everything that was noticed, as the outcome or the layers say it."""
    if video.outcome is not None:
        return video.outcome.findings
    records = (video.bronze, video.silver, video.assessment, video.derivatives)
    return tuple(finding for record in records if record is not None for finding in record.findings)
