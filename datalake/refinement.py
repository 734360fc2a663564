"""After silver: what the video is worth, and the files that were asked for; needs no model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from datalake.adapters.media.children import MediaChildren
from datalake.adapters.ports import FrameTable, Lake
from datalake.contracts import Assessment, BronzeVideo, Derivatives, Options, VideoProgress
from datalake.pipeline import run_layer
from datalake.settings import QualitySettings
from datalake.silver_layer.identity import SilverOptions
from datalake.work import known


@dataclass(frozen=True)
class Refinement:
    """Takes videos through `assessment` and `derivatives`; `refined` may run in many threads at once."""

    thresholds: QualitySettings
    default_derivatives: tuple[str, ...]
    options_of: Callable[[Options], SilverOptions]
    lake: Lake
    frame_table: FrameTable
    media: MediaChildren

    def refined(self, video: VideoProgress) -> VideoProgress:
        """The video with its assessment and derivatives; what exists already is not made again."""
        records = {"bronze_video": known(video.bronze), "silver_video": known(video.silver)}
        assessment: Assessment = run_layer(
            "assessment", {**records, "frame_table": self.frame_table, **self.thresholds.model_dump()}
        )
        derivatives = self._derivatives(video, assessment)
        return video.model_copy(update={"assessment": assessment, "derivatives": derivatives})

    def _derivatives(self, video: VideoProgress, assessment: Assessment) -> Derivatives:
        wanted = video.claimed.arrived.options.derivatives
        names = self.default_derivatives if wanted is None else wanted
        bronze: BronzeVideo = known(video.bronze)
        if not names or bronze.media is None or bronze.media.video is None:
            return Derivatives(asset_id=assessment.asset_id)
        limit_s = self.options_of(video.claimed.arrived.options).duration_limit_s
        with (
            self.lake.local_path(bronze.raw_key) as path,
            self.lake.scratch() as scratch_folder,
            self.media.transcoder(path, bronze.media, limit_s) as transcoder,
        ):
            inputs = {
                "silver_video": known(video.silver),
                "assessment": assessment,
                "derivative_names": names,
                "frame_table": self.frame_table,
                "lake": self.lake,
                "scratch_folder": scratch_folder,
                "transcoder": transcoder,
                "media_probe": self.media.probe_port(),
            }
            made: Derivatives = run_layer("derivatives", inputs)
            return made
