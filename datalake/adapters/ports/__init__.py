"""The doors to the world, as small abstract classes; layers know only these.

ABCs rather than Protocols: Hamilton refuses Protocol-typed inputs.
"""

from __future__ import annotations

from datalake.adapters.ports.attempts import (
    AttemptLog,
    EarlierTries,
    FileLayer,
    KnownBytes,
    KnownContent,
)
from datalake.adapters.ports.catalog import (
    Catalog,
    LeaseAnswer,
    PointClaim,
    Retraction,
    Settlement,
    Verdict,
    VideoKey,
    WorkLeases,
)
from datalake.adapters.ports.embedding import Embedder, Embedding, Label, Vector
from datalake.adapters.ports.frames import ContentBox, FrameRow, FrameTable, Numbers, PictureScores
from datalake.adapters.ports.lake import Lake, OpenSource, SourceReader
from datalake.adapters.ports.mail import (
    URGENCY,
    Alert,
    AlertKind,
    BatchMails,
    BatchReport,
    Compose,
    Delivery,
    Mail,
    MailBody,
    Mailer,
    MailOutbox,
    MailTemplate,
    VideoFigures,
    VideoReport,
)
from datalake.adapters.ports.media import (
    DecodedWindow,
    Frame,
    FrameSource,
    Image,
    MediaProbe,
    Probe,
    Sampling,
    Transcoder,
    Window,
    believable_s,
)
from datalake.adapters.ports.vectors import Point, VectorIndex

__all__ = [
    "URGENCY",
    "Alert",
    "AlertKind",
    "AttemptLog",
    "BatchMails",
    "BatchReport",
    "Catalog",
    "Compose",
    "ContentBox",
    "DecodedWindow",
    "Delivery",
    "EarlierTries",
    "Embedder",
    "Embedding",
    "FileLayer",
    "Frame",
    "FrameRow",
    "FrameSource",
    "FrameTable",
    "Image",
    "KnownBytes",
    "KnownContent",
    "Label",
    "Lake",
    "LeaseAnswer",
    "Mail",
    "MailBody",
    "MailOutbox",
    "MailTemplate",
    "Mailer",
    "MediaProbe",
    "Numbers",
    "OpenSource",
    "PictureScores",
    "Point",
    "PointClaim",
    "Probe",
    "Retraction",
    "Sampling",
    "Settlement",
    "SourceReader",
    "Transcoder",
    "Vector",
    "VectorIndex",
    "Verdict",
    "VideoFigures",
    "VideoKey",
    "VideoReport",
    "Window",
    "WorkLeases",
    "believable_s",
]
