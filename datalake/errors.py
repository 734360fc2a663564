"""Every error this package raises, and whether trying again can help.

PipelineError
├── TransientError            the world is unwell: the same call may succeed later
│   ├── BrokerUnavailable     Kafka
│   ├── DatabaseUnavailable   PostgreSQL
│   ├── VectorStoreUnavailable  Qdrant
│   ├── MailUnavailable       SMTP
│   ├── StoreUnavailable      the lake (disk full counts)
│   │   └── SourceUnavailable  the host of one video's URI is away; other videos are not concerned
│   ├── MachineBusy           this machine has no memory, process or disk left for a child
│   └── LeaseLost             another task took over this piece of work
└── TerminalError             the same call will fail for ever
    ├── ConfigurationError    a setting is missing, wrong or contradicts what exists
    │   └── TopicMissing      the Kafka topic does not exist
    ├── MailRefused           the SMTP server refuses one mail or its recipient
    ├── UnfinishedBatch       a run ends before its batch does; the next attempt goes on
    ├── ForeignData           a record or a row names another asset, work or frame than the one it came with
    ├── Stopped               one video must not go on: its message was cancelled, or ended elsewhere
    ├── BadMessage            a Kafka message that cannot become work (carries `reason`)
    └── BadVideo              a video that cannot be processed (carries a `finding`)

A bad video is data, not a crash: `BadVideo` never leaves the layer runner, which turns it into an
outcome. A `TransientError` leaves the task, and Airflow retries it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datalake.contracts import Finding


class PipelineError(Exception):
    """Root of the tree above."""


class TransientError(PipelineError):
    """The same call may succeed later."""


class BrokerUnavailable(TransientError):
    """Kafka cannot be reached or refuses to serve."""


class DatabaseUnavailable(TransientError):
    """PostgreSQL cannot be reached or broke the connection."""


class VectorStoreUnavailable(TransientError):
    """Qdrant cannot be reached or answers with a server error."""


class MailUnavailable(TransientError):
    """The SMTP server cannot be reached or defers the mail."""


class StoreUnavailable(TransientError):
    """The lake cannot be reached, or the disk is full."""


class SourceUnavailable(StoreUnavailable):
    """The host of one video's URI is away; other videos are not concerned."""


class MachineBusy(TransientError):
    """This machine has no memory, process, file or disk left to start a child process."""


class LeaseLost(TransientError):
    """Another task try took over this work; nothing more may be written here."""


class TerminalError(PipelineError):
    """The same call will fail for ever."""


class ConfigurationError(TerminalError):
    """A setting is missing, wrong, or contradicts what already exists."""


class TopicMissing(ConfigurationError):
    """The Kafka topic does not exist."""


class MailRefused(TerminalError):
    """The SMTP server refuses this mail or its recipient for good; other mails may pass."""


class UnfinishedBatch(TerminalError):
    """A run ends while messages of its batch have no outcome; the batch's next attempt goes on."""


class ForeignData(TerminalError):
    """A record or a row is not of the video it came with: an error of our code that ends this video only."""


class Stopped(TerminalError):
    """This video must not go on: its message was cancelled, or ended elsewhere."""


class BadMessage(TerminalError):
    """A message that cannot become work.

    Attributes:
        reason: stable snake_case code, as stored in `ledger.reason`.
        detail: one sentence for a person, without secrets.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason, detail)  # as given, so that a copy in another process has them too
        self.reason = reason
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.reason}: {self.detail}"


class BadVideo(TerminalError):
    """A video that cannot be processed; `finding` says why and what to do."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding)
        self.finding = finding

    def __str__(self) -> str:
        return f"{self.finding.code}: {self.finding.evidence}"
