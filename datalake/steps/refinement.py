"""After silver: what the video is worth, and the files that were asked for; needs no model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from datalake.adapters.media.children import MediaChildren
from datalake.adapters.ports import FrameTable, Lake, Transcoder
from datalake.contracts import Assessment, BronzeVideo, Derivatives, MediaFacts, Options, VideoProgress
from datalake.pipeline import run_layer
from datalake.settings import QualitySettings
from datalake.silver_layer.identity import SilverOptions
from datalake.steps.known import known


class LateTranscoder(Transcoder):
    """Opened when it is first used: a video of which only a poster is missing need not leave its store.

    Args:
        opening: gives the transcoder.
        opened: closes it again.
    """

    def __init__(self, opening: AbstractContextManager[Transcoder], opened: ExitStack) -> None:
        self._opening, self._opened = opening, opened

    @cached_property
    def _transcoder(self) -> Transcoder:
        return self._opened.enter_context(self._opening)

    @property
    def duration_s(self) -> float:
        """As the transcoder."""
        return self._transcoder.duration_s

    def proxy(self, height_px: int, folder: Path, tags: Mapping[str, str]) -> Path:
        """As the transcoder."""
        return self._transcoder.proxy(height_px, folder, tags)


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
        if not names or not bronze.is_decodable:
            return Derivatives(asset_id=assessment.asset_id)
        limit_s = self.options_of(video.claimed.arrived.options).duration_limit_s
        file = self._opened(bronze.raw_key, known(bronze.media), limit_s)
        with ExitStack() as opened, self.lake.scratch() as scratch_folder:
            inputs = {
                "silver_video": known(video.silver),
                "assessment": assessment,
                "derivative_names": names,
                "frame_table": self.frame_table,
                "lake": self.lake,
                "scratch_folder": scratch_folder,
                "transcoder": LateTranscoder(file, opened),
                "media_probe": self.media.probe_port(),
            }
            made: Derivatives = run_layer("derivatives", inputs)
            return made

    @contextmanager
    def _opened(self, raw_key: str, media: MediaFacts, limit_s: float | None) -> Iterator[Transcoder]:
        with (
            self.lake.local_path(raw_key) as path,
            self.media.transcoder(path, media, limit_s) as transcoder,
        ):
            yield transcoder
