"""Bronze, for one video: landed, probed and judged by its validation mode."""

from __future__ import annotations

from datalake import chunks, factory
from datalake.adapters.media.children import MediaChildren
from datalake.adapters.ports import KnownContent
from datalake.chunks import Step
from datalake.contracts import BronzeVideo, VideoProgress
from datalake.errors import BadVideo, SourceUnavailable
from datalake.findings import finding
from datalake.pipeline import run_layer
from datalake.settings import Settings
from datalake.silver_layer.identity import effective_options
from datalake.steps.rules_hash import rules_hash


def bronze_step(config: Settings, attempt: int, media: MediaChildren, known_content: KnownContent) -> Step:
    """Takes a video through bronze; one that is not usable ends here.

    Args:
        config: of this installation.
        attempt: of the batch; in the last one a source that is away is the video's fault.
        media: children that probe.
        known_content: what was found out about bytes before.
    """
    ports = {
        "lake": factory.build_lake(config),
        "sources": factory.build_sources(config),
        "media_probe": media.probe_port(),
        "known_content": known_content,
    }
    rules = config.bronze.model_dump()

    def step(video: VideoProgress) -> VideoProgress:
        arrived = video.claimed.arrived
        options = effective_options(arrived.options, config.silver, config.lake, config.bronze)
        judged = {
            "video_arrived": arrived,
            "validation_mode": options.validation_mode,
            "rules_hash": rules_hash(options, config.silver),
        }
        try:
            bronze: BronzeVideo = run_layer("bronze", {**rules, **judged, **ports})
        except SourceUnavailable as error:
            if attempt < config.source.source_max_attempts:
                raise
            raise BadVideo(finding("source_unavailable", f"attempt {attempt}: {error}")) from error
        outcome = None if bronze.is_usable else chunks.quarantine(bronze.findings, bronze.blocking)
        return video.model_copy(update={"bronze": bronze, "outcome": outcome})

    return step
