"""The two forms of a mail: complete, escaped, and cut where they would be endless."""

from __future__ import annotations

from html.parser import HTMLParser
from uuid import uuid4

import pytest

from datalake.adapters.ports import MailBody, VideoFigures, VideoReport
from datalake.adapters.smtp.template import JinjaMailTemplate
from datalake.contracts import Finding, Outcome, OutcomeKind
from datalake.findings import finding

URL = "http://airflow:8080/dags/video_process/runs/run-1"
EQUATION = "in 2 = done 1 + duplicate 0 + failed 1 + in progress 0"
FIGURES = VideoFigures(5.28, 1280, 720, 8, 6, 0.867)
KINDS: tuple[OutcomeKind, ...] = ("done", "duplicate", "rejected", "quarantined", "failed", "cancelled")
TRUNCATED = finding("truncated", "2.3 of 5.3 s are there.")
BLURRED = finding("blurred_video", "9 of 10 frames are blurred.")
ROTATED = finding("rotated", "90 degrees")
SILENT = finding("no_audio", "no audio stream")


def rendered(*videos: VideoReport, subject: str = "subject") -> MailBody:
    return JinjaMailTemplate().render(subject, videos, URL, EQUATION)


def report(label: str, uri: str, outcome: Outcome, figures: VideoFigures | None = None) -> VideoReport:
    return VideoReport(label, uri, outcome, (), figures, message_id=uuid4())


def video(label: str = "a/1", *findings: Finding, kind: OutcomeKind = "done") -> VideoReport:
    return report(label, f"file:///{label}.mp4", Outcome(kind=kind, findings=findings))


class Page(HTMLParser):
    """The text of a page and its tags, opened and closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.open: list[str] = []
        self.links: list[str | None] = []
        self.feed(html)
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "br"):
            self.open.append(tag)
        self.links += [value for name, value in attrs if name == "href"]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] != ["style"]:
            self.words.append(data)


def both(body: MailBody) -> tuple[str, str]:
    """What a reader of either form sees, each on one line."""
    return " ".join(body.text.split()), Page(body.html).text


def test_both_forms_say_the_same_of_a_video() -> None:
    told = report("a/1", "file:///a.mp4", Outcome(kind="done", findings=(BLURRED, ROTATED)), FIGURES)
    for form in both(rendered(told)):
        for words in ("a/1", "file:///a.mp4", "done", "5.3 s", "1280 × 720", "6 of 8 frames kept", "0.87"):
            assert words in form
        assert "warning blurred_video" in form
        assert f"{BLURRED.evidence} what to do: {BLURRED.remedy}".lower() in form.lower()
        assert "lso noted: rotated (90 degrees)" in form


@pytest.mark.parametrize(
    ("figures", "expected"),
    [
        (VideoFigures(None, None, None, None, 0, None), "0 frames kept"),
        (VideoFigures(0.04, 16, 16, 1, 1, 0.0), "0.0 s, 16 × 16, 1 of 1 frames kept, quality 0.00"),
        (VideoFigures(59.6, 16, 16, 1, 1, 1.0), "1:00 min, 16 × 16, 1 of 1 frames kept, quality 1.00"),
        (VideoFigures(3723.0, None, 16, 9, 7, None), "1:02:03 h, 7 of 9 frames kept"),
    ],
)
def test_figures_as_people_read_them(figures: VideoFigures, expected: str) -> None:
    body = rendered(report("a/1", "", Outcome(kind="done"), figures))
    assert f"\n    {expected}\n" in body.text


def test_without_figures_nothing_is_made_up() -> None:
    for form in both(rendered(video())):
        assert "frames kept" not in form
        assert "None" not in form


def test_errors_come_first_then_warnings_and_the_rest_is_one_line() -> None:
    body = rendered(video("a/1", ROTATED, BLURRED, SILENT, TRUNCATED))
    for form in both(body):
        assert form.index("error truncated") < form.index("warning blurred_video") < form.index("lso noted")
        assert "rotated (90 degrees); no_audio (no audio stream)" in form
        assert ROTATED.remedy not in form
    assert sum("noted" in line for line in body.text.splitlines()) == 1


def test_trouble_comes_first_and_what_is_done_with_errors_before_what_is_done() -> None:
    labels = {"a/clean": video("a/clean"), "b/damaged": video("b/damaged", TRUNCATED)}
    failed = video("c/failed", kind="failed")
    for form in both(rendered(*labels.values(), failed)):
        assert form.index("c/failed") < form.index("b/damaged") < form.index("a/clean")


def test_counts_of_all_outcomes_come_first() -> None:
    videos = [video(f"a/{kind}", kind=kind) for kind in KINDS]
    for form in both(rendered(*videos, video("a/2"))):
        counts = ("1 failed", "1 quarantined", "1 rejected", "1 cancelled", "2 done", "1 duplicate")
        places = [form.index(count) for count in counts]
        assert places == sorted(places)
        assert max(places) < form.index("a/failed")


@pytest.mark.parametrize("kind", KINDS)
def test_every_outcome_has_a_label_of_words_and_colour(kind: OutcomeKind) -> None:
    html = rendered(video(kind=kind)).html
    [label] = [line for line in html.splitlines() if line.endswith(f">{kind}</span></td>")]
    assert "background:#" in label


def test_reason_without_findings_is_told() -> None:
    outcome = Outcome(kind="rejected", reason="not_json", detail="Line 1 is no JSON.")
    label = "message at offset 7 in partition 0 of video.arrived"
    for form in both(rendered(report(label, "", outcome))):
        assert label in form
        assert "not_json" in form
        assert "line 1 is no json. what to do: send a corrected message" in form.lower()


def test_outcome_with_nothing_to_do_about_it_says_so_by_silence() -> None:
    outcome = Outcome(kind="duplicate", reason="unchanged", detail="As it was.")
    for form in both(rendered(report("a/1", "", outcome))):
        assert "As it was." in form
        assert "what to do" not in form.lower()


def test_page_is_whole_and_links_to_the_run() -> None:
    page = Page(rendered(video("a/1", TRUNCATED, ROTATED, BLURRED), video(kind="failed")).html)
    assert page.open == []
    assert page.links == [URL]


def test_style_does_not_hang_on_the_head_alone() -> None:
    """Clients that drop the head still show labels, spacing and a readable width."""
    html = rendered(video("a/1", TRUNCATED)).html
    body = html.partition("<body")[2]
    assert "max-width:680px" in body
    assert "border-left:4px solid #b42318" in body
    assert "<script" not in html


@pytest.mark.parametrize("field", ["label", "uri", "reason", "code"])
def test_hostile_text_opens_no_tag_and_no_line(field: str) -> None:
    evil = "<img src=x onerror=alert(1)>\n* instagram/other: done\u2028x"
    told = finding("truncated", evil).model_copy(update={"code": evil if field == "code" else "truncated"})
    outcome = Outcome(kind="quarantined", reason=evil if field == "reason" else None, findings=(told,))
    body = rendered(
        report(evil if field == "label" else "a/1", evil if field == "uri" else "", outcome),
        subject="one subject",
    )
    assert "<img" not in body.html
    assert sum(line.startswith("*") for line in body.text.splitlines()) == 1
    assert "\u2028" not in body.text


def test_endless_list_is_cut_with_a_count_and_counted_in_full() -> None:
    body = rendered(*(video(f"a/{number}") for number in range(205)))
    for form in both(body):
        assert "205 done" in form
        assert "5 more" in form
    assert body.text.count("\n* a/") == 200


def test_the_equation_comes_last() -> None:
    for form in both(rendered(video("a/1"), video("a/2", kind="failed"))):
        assert form.endswith(f"The ledger: {EQUATION}")


def test_an_alert_says_what_is_wrong_and_links_to_airflow() -> None:
    body = JinjaMailTemplate().render_alert("Alert: it is stuck", "Since 8:00 <b>.\nLook!", URL)
    page = Page(body.html)
    assert (page.open, page.links) == ([], [URL])
    for form in both(body):
        assert "Alert: it is stuck" in form
        assert "Since 8:00 <b>. Look!" in form
    assert URL in body.text
