"""Silver, for one video: its work done once, then assessed, then the files that were asked for."""

from __future__ import annotations

from functools import partial

from datalake import factory
from datalake.adapters.embedders.batcher import MicroBatcher
from datalake.adapters.media.children import MediaChildren
from datalake.adapters.ports import WorkLeases
from datalake.chunks import Step
from datalake.contracts import Chunk, VideoProgress
from datalake.settings import Settings
from datalake.silver_layer.identity import effective_options
from datalake.steps.refinement import Refinement
from datalake.steps.workshop import Workshop


def silver_step(
    config: Settings, chunk: Chunk, leases: WorkLeases, media: MediaChildren, embedder: MicroBatcher
) -> Step:
    """Takes a video through silver, `assessment` and `derivatives`.

    Args:
        config: of this installation.
        chunk: whose batch and attempt hold the leases.
        leases: who is at a piece of work.
        media: children that decode and transcode.
        embedder: the model that all videos of the chunk share.
    """
    options_of = partial(effective_options, silver=config.silver, lake=config.lake, bronze=config.bronze)
    lake = factory.build_lake(config)
    workshop = Workshop(
        chunk=chunk,
        config=config.silver,
        options_of=options_of,
        leases=leases,
        lake=lake,
        media=media,
        embedder=embedder,
    )
    refinement = Refinement(
        thresholds=config.quality,
        default_derivatives=config.silver.derivatives,
        options_of=options_of,
        lake=lake,
        frame_table=factory.build_frame_table(config),
        media=media,
    )

    def step(video: VideoProgress) -> VideoProgress:
        return refinement.refined(workshop.silver_of(video))

    return step
