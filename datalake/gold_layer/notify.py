"""Notify: one mail a recipient about a finished batch. Pure: what is sent, never the sending.

A dataflow of its own: gold runs once a video, this once a batch, with the outcome of its last video.
"""

from __future__ import annotations

import re
from collections import Counter
from urllib.parse import quote
from uuid import UUID, uuid5

from datalake.adapters.ports import URGENCY, BatchMails, BatchReport, Mail, MailTemplate, VideoReport
from datalake.equation import closing_equation

_NAMESPACE = UUID("7f0f4f5e-4f6c-5b0e-9a43-2f0c7e1d6a57")
_SUBJECT_LENGTH = 120


def run_url(batch_report: BatchReport, airflow_url: str) -> str:
    """Where the batch's run is seen in the Airflow UI."""
    return f"{airflow_url.rstrip('/')}/dags/video_process/runs/{quote(batch_report.run_id, safe='')}"


def recipient_videos(batch_report: BatchReport, email_receiver: str) -> dict[str, tuple[VideoReport, ...]]:
    """What each recipient is told: EMAIL_RECEIVER about all videos, a `notify` address about its own.

    Who has nothing but duplicates is told nothing, for it was told before.
    """
    told: dict[str, tuple[VideoReport, ...]] = {email_receiver: batch_report.videos} if email_receiver else {}
    for video in batch_report.videos:
        for address in dict.fromkeys(video.notify):
            if address.casefold() != email_receiver.casefold():
                told[address] = (*told.get(address, ()), video)
    return {address: videos for address, videos in told.items() if _has_news(videos)}


def recipient_equations(
    batch_report: BatchReport, email_receiver: str, recipient_videos: dict[str, tuple[VideoReport, ...]]
) -> dict[str, str]:
    """The closing equation that each recipient is shown: EMAIL_RECEIVER the batch's, others their own."""
    shown = {}
    for recipient, videos in recipient_videos.items():
        rest = {"in progress": 0}
        arrived = len(videos)
        if recipient == email_receiver:
            arrived = batch_report.messages
            rest |= {"reopened": batch_report.reopened} if batch_report.reopened else {}
        shown[recipient] = closing_equation(arrived, Counter(video.outcome.kind for video in videos), rest)
    return shown


def batch_mails(
    recipient_videos: dict[str, tuple[VideoReport, ...]],
    recipient_equations: dict[str, str],
    run_url: str,
    mail_template: MailTemplate,
) -> BatchMails:
    """One mail a recipient; its Message-ID follows from whom it tells about which messages."""
    mails = []
    for recipient, videos in recipient_videos.items():
        subject = _subject(videos)
        body = mail_template.render(subject, videos, run_url, recipient_equations[recipient])
        mails.append(Mail(_message_id(recipient, videos), recipient, subject, body.text, body.html))
    return BatchMails(tuple(mails))


def _message_id(recipient: str, videos: tuple[VideoReport, ...]) -> str:
    """The same whenever the same is told: the batch does not count, for a restored database makes another.

    A message that was reopened is told about anew, so its earlier outcomes count.
    """
    told = sorted(f"{video.message_id}#{video.reopened}" for video in videos)
    return f"<{uuid5(_NAMESPACE, ' '.join([recipient, *told]))}@video-data-pipeline>"


def _has_news(videos: tuple[VideoReport, ...]) -> bool:
    return any(video.outcome.kind != "duplicate" for video in videos)


def _subject(videos: tuple[VideoReport, ...]) -> str:
    """E.g. `Videos: 1 quarantined, 3 done`; one line, whatever a video is called."""
    if len(videos) == 1:
        text = f"Video {videos[0].label}: {videos[0].outcome.kind}"
    else:
        counts = Counter(video.outcome.kind for video in videos)
        text = "Videos: " + ", ".join(f"{counts[kind]} {kind}" for kind in URGENCY if counts[kind])
    return re.sub(r"[\s\x00-\x1f\x7f-\x9f]+", " ", text)[:_SUBJECT_LENGTH]
