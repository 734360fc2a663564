"""What an example works with: sample clips behind web addresses, messages about them, children, a model."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID, uuid5

from datalake.adapters.embedders import build_embedder
from datalake.adapters.frame_table import ParquetFrameTable
from datalake.adapters.media.children import MediaChildren
from datalake.adapters.media.limits import Limits
from datalake.adapters.memory.attempts import MemoryKnownContent
from datalake.adapters.memory.sources import MemorySources
from datalake.adapters.ports import Embedder, FrameSource, Lake, SourceReader
from datalake.contracts import (
    BronzeVideo,
    ClaimedVideo,
    Derivatives,
    MediaFacts,
    Options,
    VideoArrived,
    WorkIdentity,
)
from datalake.embedded.samples import sample_clips
from datalake.pipeline import run_layer
from datalake.settings import BronzeSettings, LakeSettings, QualitySettings, SettingsGroup, SilverSettings
from datalake.silver_layer.identity import SilverOptions, effective_options, work_identity

_NAMESPACE = UUID("0f4e7b8a-55c1-5c7e-8d0b-3f5f6a1f9c11")
_HOST = "https://videos.example.com"
_CUT_SHARE = 0.6
_LIMITS = Limits(
    timeout_s=120.0, timeout_per_video_s=5.0, memory_bytes=4 * 1024**3, resident_bytes=2 * 1024**3
)


def message(clip: str, options: Options | None = None) -> VideoArrived:
    """A message that names a clip: `bunny`, `bikes`, `interview`, or `bikes-cut`, which lacks its end."""
    return VideoArrived(
        event_id=uuid5(_NAMESPACE, clip),
        video_id=clip,
        uri=f"{_HOST}/{clip}.mp4",
        notify=("you@example.com",),
        options=options or Options(),
    )


def claimed(arrived: VideoArrived) -> ClaimedVideo:
    """The ledger row of a message, as the first attempt of a batch of its own."""
    return ClaimedVideo(
        message_id=uuid5(_NAMESPACE, f"{arrived.video_id}/message"),
        batch_id=uuid5(_NAMESPACE, f"{arrived.video_id}/batch"),
        attempt=1,
        run_id="example",
        version=(1, 0, 0),
        arrived=arrived,
    )


def sources() -> SourceReader:
    """The clips where the messages say that they are; nothing is fetched from a network.

    Raises:
        ConfigurationError: a package that carries a clip is not installed.
    """
    contents = {clip.stem: clip.read_bytes() for clip in sample_clips()}
    bikes = contents["bikes"]
    contents["bikes-cut"] = bikes[: int(len(bikes) * _CUT_SHARE)]
    return MemorySources({f"{_HOST}/{name}.mp4": data for name, data in contents.items()}, 1024**2)


def media() -> MediaChildren:
    """Child processes that open untrusted bytes: `with bench.media() as media`."""
    return MediaChildren(slots=1, limits=_LIMITS)


def embedder() -> Embedder:
    """The model that needs no download, on the CPU."""
    return build_embedder("conse", "cpu")


def defaults(group: type[SettingsGroup]) -> dict[str, Any]:
    """The settings of a group by name, as nodes take them."""
    return group().model_dump()


def landed(arrived: VideoArrived, lake: Lake) -> BronzeVideo:
    """What bronze makes of a message, by the default rules."""
    with media() as children:
        ports = {"sources": sources(), "lake": lake, "media_probe": children.probe_port()}
        asked = {"video_arrived": arrived, "known_content": MemoryKnownContent(), "rules_hash": ""}
        bronze_video: BronzeVideo = run_layer("bronze", {**asked, **defaults(BronzeSettings), **ports})
    return bronze_video


def work_of(
    arrived: VideoArrived, bronze: BronzeVideo, embedder: Embedder
) -> tuple[SilverOptions, WorkIdentity]:
    """What silver is asked to do, and the name of that work."""
    options = effective_options(arrived.options, SilverSettings(), LakeSettings(), BronzeSettings())
    return options, work_identity(bronze, embedder, options)


@contextmanager
def frame_source(bronze: BronzeVideo, lake: Lake) -> Iterator[FrameSource]:
    """The frames of a landed video, decoded in a child that ends with the block."""
    with (
        media() as children,
        lake.local_path(bronze.raw_key) as path,
        children.frame_source(path, _media_facts(bronze)) as frames,
    ):
        yield frames


@contextmanager
def transcoding(bronze: BronzeVideo, lake: Lake) -> Iterator[dict[str, Any]]:
    """What the dataflow `derivatives` needs to make smaller copies of a landed video."""
    with (
        media() as children,
        lake.scratch() as folder,
        lake.local_path(bronze.raw_key) as path,
        children.transcoder(path, _media_facts(bronze)) as transcoder,
    ):
        yield {"transcoder": transcoder, "media_probe": children.probe_port(), "scratch_folder": folder}


def refined(arrived: VideoArrived, embedder: Embedder, lake: Lake) -> dict[str, Any]:
    """The records that gold is given, after bronze, silver and assessment."""
    bronze = landed(arrived, lake)
    options, work = work_of(arrived, bronze, embedder)
    with frame_source(bronze, lake) as frames:
        ports = {"lake": lake, "frame_source": frames, "embedder": embedder}
        records = {"bronze_video": bronze, "work": work}
        silver = run_layer("silver", {**records, **options.as_inputs(), **ports})
    records = {"bronze_video": bronze, "silver_video": silver}
    assessment = run_layer(
        "assessment", {**records, **defaults(QualitySettings), "frame_table": ParquetFrameTable(lake)}
    )
    return {
        "claimed_video": claimed(arrived),
        **records,
        "assessment": assessment,
        "derivatives": Derivatives(asset_id=bronze.asset_id),
    }


def _media_facts(bronze: BronzeVideo) -> MediaFacts:
    """Facts of a clip that can be read, as all sample clips can."""
    if bronze.media is None:
        raise ValueError(f"{bronze.raw_key} is no media file: {bronze.findings}")
    return bronze.media
