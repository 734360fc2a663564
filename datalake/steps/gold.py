"""Gold, for one video: points, rows and the outcome."""

from __future__ import annotations

from datalake import factory
from datalake.adapters.ports import Catalog
from datalake.chunks import Step
from datalake.contracts import VideoProgress
from datalake.pipeline import run_layer
from datalake.settings import Settings
from datalake.steps.known import known


def gold_step(config: Settings, catalog: Catalog) -> Step:
    """Takes a video that passed silver through gold, which writes its outcome."""
    ports = {
        "catalog": catalog,
        "lake": factory.build_lake(config),
        "vector_index": factory.build_vector_index(config),
        "frame_table": factory.build_frame_table(config),
    }

    def step(video: VideoProgress) -> VideoProgress:
        records = {
            "claimed_video": video.claimed,
            "bronze_video": known(video.bronze),
            "silver_video": known(video.silver),
            "assessment": known(video.assessment),
            "derivatives": known(video.derivatives),
        }
        outcome = run_layer("gold", {**records, **ports}).outcome
        return video.model_copy(update={"outcome": outcome})

    return step
