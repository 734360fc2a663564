"""A video through bronze, silver and the assessment as the tasks take it, with a cheap embedder.

Only Postgres is left out: leases are kept in memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from uuid import NAMESPACE_URL, uuid5

from datalake import chunks, factory
from datalake.adapters.embedders.batcher import MicroBatcher
from datalake.adapters.media.children import MediaChildren
from datalake.adapters.memory.leases import MemoryLeases
from datalake.contracts import (
    BronzeVideo,
    Chunk,
    ClaimedVideo,
    Finding,
    Options,
    ValidationMode,
    VideoArrived,
    VideoProgress,
)
from datalake.pipeline import run_layer
from datalake.refinement import Refinement
from datalake.settings import (
    BronzeSettings,
    LakeSettings,
    QualitySettings,
    Settings,
    SettingsGroup,
    SilverSettings,
    SourceSettings,
)
from datalake.silver_layer.identity import SilverOptions, effective_options
from datalake.work import Workshop

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
    told = {"uri": path.as_uri(), "options": Options(validation_mode=mode), **message}
    video = VideoArrived(event_id=event, video_id=path.stem, **told)
    claimed = ClaimedVideo(
        message_id=event, batch_id=event, attempt=1, run_id="cases", version=(0, 0, 0), arrived=video
    )
    return VideoProgress(claimed=claimed)


@dataclass(frozen=True)
class Product:
    """What the three steps share."""

    config: Settings
    media: MediaChildren
    embedder: MicroBatcher

    def through(self, video: VideoProgress) -> VideoProgress:
        """The video as gold would be given it."""
        chunk = Chunk(label="cases", batch_id=video.claimed.batch_id, attempt=1, videos=(video,))
        for step in (self._bronze, self._silver(chunk).silver_of, self._refinement().refined):
            chunk = chunks.run(chunk, step, at_once=1)
        return chunk.videos[0]

    def _bronze(self, video: VideoProgress) -> VideoProgress:
        config, message = self.config, video.claimed.arrived
        inputs = {
            **config.bronze.model_dump(),
            "video_arrived": message,
            "validation_mode": message.options.validation_mode,
            "lake": factory.build_lake(config),
            "sources": factory.build_sources(config),
            "media_probe": self.media.probe_port(),
        }
        bronze: BronzeVideo = run_layer("bronze", inputs)
        outcome = None if bronze.is_usable else chunks.quarantine(bronze.findings, bronze.blocking)
        return video.model_copy(update={"bronze": bronze, "outcome": outcome})

    def _options(self, options: Options) -> SilverOptions:
        config = self.config
        return effective_options(options, silver=config.silver, lake=config.lake, bronze=config.bronze)

    def _silver(self, chunk: Chunk) -> Workshop:
        return Workshop(
            chunk=chunk,
            config=self.config.silver,
            options_of=self._options,
            leases=MemoryLeases(),
            lake=factory.build_lake(self.config),
            media=self.media,
            embedder=self.embedder,
        )

    def _refinement(self) -> Refinement:
        return Refinement(
            thresholds=self.config.quality,
            default_derivatives=(),
            options_of=self._options,
            lake=factory.build_lake(self.config),
            frame_table=factory.build_frame_table(self.config),
            media=self.media,
        )


def findings_of(video: VideoProgress) -> tuple[Finding, ...]:
    """Everything that was noticed, as the outcome or the layers say it."""
    if video.outcome is not None:
        return video.outcome.findings
    records = (video.bronze, video.silver, video.assessment, video.derivatives)
    return tuple(finding for record in records if record is not None for finding in record.findings)
