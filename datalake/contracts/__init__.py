"""The records that cross a boundary: frozen, closed, JSON in and out.

message -> VideoArrived -> BronzeVideo -> SilverVideo, Assessment, Derivatives -> GoldVideo, Outcome.
"""

from datalake.contracts.arrived import ClaimedVideo, Options, SamplingMode, ValidationMode, VideoArrived
from datalake.contracts.assessed import (
    Assessment,
    Derivative,
    Derivatives,
    QualityReport,
    QualityScore,
    VideoMetadata,
)
from datalake.contracts.base import Contract, EmailAddress, Instant, Sha256, ShortText, Text
from datalake.contracts.layers import (
    BronzeVideo,
    Chunk,
    GoldVideo,
    Outcome,
    OutcomeKind,
    RefinedVideo,
    SearchHit,
    SilverVideo,
    VideoProgress,
    WorkIdentity,
)
from datalake.contracts.media import (
    AudioStream,
    Colour,
    Finding,
    MediaFacts,
    Severity,
    SourceFacts,
    VideoStream,
)

__all__ = [
    "Assessment",
    "AudioStream",
    "BronzeVideo",
    "Chunk",
    "ClaimedVideo",
    "Colour",
    "Contract",
    "Derivative",
    "Derivatives",
    "EmailAddress",
    "Finding",
    "GoldVideo",
    "Instant",
    "MediaFacts",
    "Options",
    "Outcome",
    "OutcomeKind",
    "QualityReport",
    "QualityScore",
    "RefinedVideo",
    "SamplingMode",
    "SearchHit",
    "Severity",
    "Sha256",
    "ShortText",
    "SilverVideo",
    "SourceFacts",
    "Text",
    "ValidationMode",
    "VideoArrived",
    "VideoMetadata",
    "VideoProgress",
    "VideoStream",
    "WorkIdentity",
]
