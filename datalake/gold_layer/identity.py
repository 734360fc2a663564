"""Identity: everything that gold writes about a video is about the same bytes and the same work. Pure."""

from __future__ import annotations

from datalake.contracts import Assessment, BronzeVideo, ClaimedVideo, Derivatives, RefinedVideo, SilverVideo
from datalake.errors import ForeignData
from datalake.gold_layer.belonging import refuse_foreign


def refined_video(
    claimed_video: ClaimedVideo,
    bronze_video: BronzeVideo,
    silver_video: SilverVideo,
    assessment: Assessment,
    derivatives: Derivatives,
) -> RefinedVideo:
    """The video with all that was found out; `ForeignData` where a part is about another one."""
    work = silver_video.work
    asset = {"asset_id": bronze_video.asset_id}
    records = {"silver's work": work, "assessment": assessment, "derivatives": derivatives}
    for name, record in records.items():
        refuse_foreign(f"{claimed_video.label}, {name}", vars(record), asset)
    for derivative in derivatives.items:
        settings = {"settings_hash": work.settings_hash}
        refuse_foreign(f"{claimed_video.label}, {derivative.name}", vars(derivative), asset | settings)
    for key in (silver_video.manifest_key, *silver_video.part_keys):
        if not key.startswith(f"{work.prefix}/"):
            raise ForeignData(f"{claimed_video.label}: {key} is not below {work.prefix}")
    return RefinedVideo(
        claimed=claimed_video,
        bronze=bronze_video,
        silver=silver_video,
        assessment=assessment,
        derivatives=derivatives,
    )
