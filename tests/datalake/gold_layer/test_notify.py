"""Who is told what, and in which words."""

from __future__ import annotations

import uuid
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from datalake.adapters.ports import BatchReport, Mail, VideoReport
from datalake.adapters.smtp.template import JinjaMailTemplate
from datalake.contracts import Finding, Outcome
from datalake.gold_layer import notify
from datalake.pipeline import run_layer

DONE, DUPLICATE = Outcome(kind="done"), Outcome(kind="duplicate", reason="unchanged", detail="As it was.")
EVIL = '<script>alert("x")</script>\n* instagram/other: done'


def video(label: str, outcome: Outcome = DONE, *addresses: str, reopened: int = 0) -> VideoReport:
    message_id = uuid.uuid5(uuid.NAMESPACE_URL, label)
    uri = f"file:///{label}.mp4"
    return VideoReport(label, uri, outcome, addresses, message_id=message_id, reopened=reopened)


def mails(*videos: VideoReport, receiver: str = "boss@example.org") -> list[Mail]:
    report = BatchReport(uuid.uuid4(), "manual run/1", tuple(videos), len(videos))
    return mails_of(report, receiver)


def mails_of(report: BatchReport, receiver: str) -> list[Mail]:
    settings = {"email_receiver": receiver, "airflow_url": "http://airflow:8080/"}
    made = run_layer("notify", {"batch_report": report, "mail_template": JinjaMailTemplate(), **settings})
    return list(made.mails)


def recipients(*videos: VideoReport, receiver: str = "boss@example.org") -> dict[str, list[str]]:
    report = BatchReport(uuid.uuid4(), "run", tuple(videos), len(videos))
    told = notify.recipient_videos(report, receiver)
    return {address: [video.label for video in videos] for address, videos in told.items()}


def test_receiver_is_told_everything_and_others_their_own() -> None:
    told = recipients(video("a", DONE, "x@example.org"), video("b", DONE, "y@example.org", "x@example.org"))
    assert told == {"boss@example.org": ["a", "b"], "x@example.org": ["a", "b"], "y@example.org": ["b"]}


def test_receiver_named_in_a_message_gets_one_mail() -> None:
    told = recipients(video("a", DONE, "Boss@example.org", "x@example.org", "x@example.org"))
    assert told == {"boss@example.org": ["a"], "x@example.org": ["a"]}


def test_without_receiver_only_those_named_are_told() -> None:
    assert recipients(video("a"), video("b", DONE, "x@example.org"), receiver="") == {"x@example.org": ["b"]}


def test_who_has_only_duplicates_is_told_nothing() -> None:
    assert recipients(video("a", DUPLICATE, "x@example.org")) == {}
    told = recipients(video("a", DUPLICATE, "x@example.org"), video("b", DONE, "y@example.org"))
    assert sorted(told) == ["boss@example.org", "y@example.org"]


def ids(*videos: VideoReport) -> list[str]:
    return [mail.message_id for mail in mails(*videos)]


def test_message_id_is_the_same_when_the_same_messages_are_told_to_the_same_person() -> None:
    first, second = video("a", DONE, "x@example.org"), video("b", DONE, "x@example.org")
    found = ids(first, second)
    assert found == ids(second, first), "told by another batch, in another order"
    assert len(set(found)) == 2
    assert all(message_id.endswith("@video-data-pipeline>") for message_id in found)


def test_other_messages_and_messages_reopened_have_mails_of_their_own() -> None:
    told = [(video("a"),), (video("a"), video("b")), (video("b"),), (video("a", reopened=1),)]
    assert len({message_id for videos in told for message_id in ids(*videos)}) == len(told)


@pytest.mark.parametrize(
    ("videos", "subject"),
    [
        ([video("instagram/a")], "Video instagram/a: done"),
        ([video("a"), video("b"), video("c", DUPLICATE)], "Videos: 2 done, 1 duplicate"),
        ([video("a"), video("b"), video("c", Outcome(kind="failed"))], "Videos: 1 failed, 2 done"),
        ([video("a\nBcc: all@example.org")], "Video a Bcc: all@example.org: done"),
    ],
)
def test_subject(videos: list[VideoReport], subject: str) -> None:
    [mail] = mails(*videos)
    assert mail.subject == subject


def test_very_long_subject_is_cut() -> None:
    assert len(mails(video("x" * 255))[0].subject) == 120


def equations(report: BatchReport) -> dict[str, str]:
    """The last line of each mail."""
    return {mail.recipient: mail.text.splitlines()[-1] for mail in mails_of(report, "boss@example.org")}


def test_mails_end_with_the_closing_equation_of_what_they_tell() -> None:
    videos = (video("a", DONE, "x@example.org"), video("b", Outcome(kind="failed")), video("c", DUPLICATE))
    found = equations(BatchReport(uuid.uuid4(), "run", videos, messages=3))
    rest = "rejected 0 + quarantined 0 + failed {} + cancelled 0 + in progress 0"
    assert found == {
        "boss@example.org": "The ledger: in 3 = done 1 + duplicate 1 + " + rest.format(1),
        "x@example.org": "The ledger: in 1 = done 1 + duplicate 0 + " + rest.format(0),
    }


def test_a_message_that_is_missing_shows_in_the_mail_and_one_that_moved_on_does_not() -> None:
    lost = equations(BatchReport(uuid.uuid4(), "run", (video("a"),), messages=2))
    assert "in 2 ≠ done 1 + " in lost["boss@example.org"]
    moved = equations(BatchReport(uuid.uuid4(), "run", (video("a"),), messages=2, reopened=1))
    assert "in 2 = done 1 + " in moved["boss@example.org"]
    assert moved["boss@example.org"].endswith(" + in progress 0 + reopened 1")


def test_mail_links_to_the_run() -> None:
    [mail] = mails(video("a"))
    url = "http://airflow:8080/dags/video_process/runs/manual%20run%2F1"
    assert url in mail.text
    assert f'href="{url}"' in mail.html


def test_findings_come_with_remedies_and_trouble_first() -> None:
    finding = Finding(code="truncated", severity="error", evidence="2 of 10 s", remedy="send it whole")
    [mail] = mails(video("good"), video("bad", Outcome(kind="quarantined", findings=(finding,))))
    for body in (mail.text, mail.html):
        assert "2 of 10 s" in body
        assert "send it whole" in body
        assert body.index("bad") < body.index("good")


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.seen.append(tag)


def test_hostile_names_stay_text() -> None:
    finding = Finding(code=EVIL, severity="error", evidence=EVIL, remedy=EVIL)
    bad = Outcome(kind="failed", reason=EVIL, detail=EVIL, findings=(finding,))
    [mail] = mails(video(EVIL, bad), video("{{ subject }}", Outcome(kind="failed", detail=EVIL)))
    tags = Tags()
    tags.feed(mail.html)
    assert "script" not in tags.seen
    assert "&lt;script&gt;" in mail.html
    assert "{{ subject }}" in mail.html
    stars = [line for line in mail.text.splitlines() if line.startswith("*")]
    assert len(stars) == 2


def test_endless_list_is_cut_with_a_count() -> None:
    [mail] = mails(*(video(f"v{number}") for number in range(205)))
    assert mail.text.count("\n* v") == 200
    for body in (mail.text, mail.html):
        assert "5 more" in body


def test_secrets_of_a_uri_stay_out_of_mails() -> None:
    uri = "https://me:SECRET@host/v.mp4?sig=SECRET"
    [mail] = mails(replace(video("a"), uri=uri))
    for body in (mail.text, mail.html):
        assert "https://host/v.mp4" in body
        assert "SECRET" not in body
