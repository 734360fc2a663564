"""What people are told: reports, mails, the outbox and the server."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

from datalake.contracts import Outcome, OutcomeKind

URGENCY: tuple[OutcomeKind, ...] = ("failed", "quarantined", "rejected", "cancelled", "done", "duplicate")
"""The order in which outcomes are told: what somebody has to act on comes first."""


@dataclass(frozen=True)
class Mail:
    """One e-mail to one recipient."""

    message_id: str
    recipient: str
    subject: str
    text: str
    html: str


class Mailer(ABC):
    """Sends mail."""

    @abstractmethod
    def send(self, mail: Mail) -> None:
        """Hand one mail to the server.

        Raises:
            MailUnavailable: try again later.
            MailRefused: the server refuses this mail or its recipient for good.
            ConfigurationError: the server refuses us, or cannot be spoken to as the settings say.
        """


@dataclass(frozen=True)
class VideoFigures:
    """What a mail tells of a video that became searchable; None where it is not known.

    Args:
        duration_s: its duration.
        width_px: display width.
        height_px: display height.
        frame_count: frames looked at.
        kept_count: frames that can be found.
        quality_score: overall score, 0 to 1.
    """

    duration_s: float | None
    width_px: int | None
    height_px: int | None
    frame_count: int | None
    kept_count: int
    quality_score: float | None


@dataclass(frozen=True)
class VideoReport:
    """How one message of a batch ended, as a mail tells it; no figures where it did not change the video.

    Args:
        message_id: of the ledger row.
        reopened: how many outcomes the message had before this one.
    """

    message_id: UUID = field(kw_only=True)
    reopened: int = field(default=0, kw_only=True)
    label: str
    uri: str
    outcome: Outcome
    notify: tuple[str, ...] = ()
    figures: VideoFigures | None = None


@dataclass(frozen=True)
class BatchReport:
    """A finished batch.

    Args:
        batch_id: of the batch.
        run_id: Airflow run that finished it.
        videos: how its messages ended.
        messages: how many came into it, as counted when they came.
        reopened: how many of them moved on to a later batch.
    """

    batch_id: UUID
    run_id: str
    videos: tuple[VideoReport, ...]
    messages: int
    reopened: int = 0


@dataclass(frozen=True)
class BatchMails:
    """The mails about a finished batch, one a recipient."""

    mails: tuple[Mail, ...]


@dataclass(frozen=True)
class MailBody:
    """One mail in both forms."""

    text: str
    html: str


AlertKind = Literal["partition_stopped", "batch_stuck", "topic_made_anew"]


@dataclass(frozen=True)
class Alert:
    """What a person has to look at.

    Args:
        key: the kind and what it is about.
        kind: which trouble it is.
        subject: what is wrong, in a line.
        detail: what is known, and what to do.
        raises: how often it was raised so far.
        raised_at: when it was raised last.
    """

    key: str
    kind: AlertKind
    subject: str
    detail: str
    raises: int
    raised_at: datetime


class MailTemplate(ABC):
    """Turns what one recipient is told into a mail; every value is escaped."""

    @abstractmethod
    def render(self, subject: str, videos: Sequence[VideoReport], run_url: str, equation: str) -> MailBody:
        """The body of a mail about videos and their closing equation; the longest lists are cut."""

    @abstractmethod
    def render_alert(self, subject: str, detail: str, airflow_url: str) -> MailBody:
        """The body of an alert."""


Compose = Callable[[BatchReport], Sequence[Mail]]


@dataclass(frozen=True)
class Delivery:
    """How one try to send ended; `pending` is tried again after `retry_s`."""

    state: Literal["sent", "pending", "failed"]
    error: str | None = None
    retry_s: float = 0.0


class MailOutbox(ABC):
    """Mails that wait to be sent."""

    @abstractmethod
    def deliver_next(self, send: Callable[[Mail, int], Delivery]) -> Delivery | None:
        """Take one due mail, call `send(mail, try number)` and record how it went; None: nothing is due.

        `sending` is committed first, then the row is locked again and checked, so that of several senders
        exactly one sends. A crash in between leads to a repeat after a while, with the same Message-ID.
        """
