"""One message becomes searchable video, on real parts, through the running stack."""

from __future__ import annotations

import json
from dataclasses import replace
from hashlib import sha256
from uuid import uuid4

import pytest

from datalake.adapters.kafka import Kafka, Sender
from datalake.demo.messages import DemoMessage
from tests.live import live_stack, wait_until

pytestmark = [pytest.mark.stack, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def live(tmp_path_factory):
    with live_stack(tmp_path_factory.mktemp("home")) as stack:
        yield stack


@pytest.fixture(scope="module")
def demo(live):
    """The demo, on a stack that nobody has used before."""
    return live.run("-m", "datalake.demo")


def body(message: DemoMessage) -> dict[str, object]:
    return json.loads(message.payload)


def changed(message: DemoMessage, **fields: object) -> DemoMessage:
    content = body(message) | {"event_id": str(uuid4())} | fields
    return replace(message, video_id=str(content["video_id"]), payload=json.dumps(content).encode())


def raw(name: str, payload: bytes) -> DemoMessage:
    return DemoMessage(name, payload, ("rejected",))


def send_without_value(kafka: Kafka) -> None:
    fates: list[object] = []
    sender = Sender(kafka)
    sender.send(kafka.topic, b"nothing", None, {}, fates.append)
    sender.flush()
    assert fates == [None]


def test_the_demo_succeeds_on_a_fresh_stack(demo):
    assert demo.returncode == 0, demo.stdout + demo.stderr
    assert "every message is accounted for" in demo.stdout
    assert "found by a search" in demo.stdout


def test_the_demo_succeeds_on_a_used_stack(live, demo):
    again = live.run("-m", "datalake.demo")
    assert again.returncode == 0, again.stdout + again.stderr
    assert "unchanged" in again.stdout


def test_each_words_find_the_right_clip_first_by_the_command_line(live, demo):
    for words, video_id in [
        ("a cartoon rabbit", "bunny"),
        ("bicycle race", "bikes"),
        ("person wearing a suit", "interview"),
    ]:
        found = live.run("-m", "datalake.serving.cli", "search", words, "--json", "--platform", "demo")
        hits = json.loads(found.stdout)
        assert hits[0]["video_id"] in {video_id, "fresh"} if video_id == "bunny" else {video_id}, words


def test_repeats_leave_one_row_one_point_and_one_mail_each(live, demo):
    first, _ = live.fresh("first")
    live.scene.send([first])
    live.wait_for([first])
    before = live.scene.points(), live.rows("SELECT count(*) AS n FROM frames")
    assets = live.rows("SELECT count(*) AS n FROM assets")

    mails = live.rows("SELECT count(*) AS n FROM notifications")
    same_event, same_uri = replace(first), changed(first)
    live.scene.send([same_event, same_uri])
    assert live.outcomes([same_uri]) == {same_uri.video_id: ("duplicate", "unchanged")}
    assert live.rows("SELECT count(*) AS n FROM notifications") == mails, (
        "told once, however often it was sent"
    )

    same_bytes = changed(first, video_id=f"linked-{uuid4().hex[:8]}")
    live.scene.send([same_bytes])
    assert live.outcomes([same_bytes]) == {same_bytes.video_id: ("done", None)}
    assert (live.scene.points(), live.rows("SELECT count(*) AS n FROM frames")) == before
    assert live.rows("SELECT count(*) AS n FROM assets") == assets
    event = "SELECT outcome, reason FROM ledger WHERE event_id = %s ORDER BY message_offset"
    assert live.rows(event, body(first)["event_id"]) == [
        {"outcome": "done", "reason": None},
        {"outcome": "duplicate", "reason": "event_id_seen"},
    ]
    assert len(live.rows("SELECT 1 FROM videos WHERE video_id = %s", first.video_id)) == 1
    assert live.balance().is_settled


def test_bad_messages_among_good_ones_are_rows_and_letters(live, demo):
    good = [live.fresh("good")[0] for _ in range(3)]
    event = str(uuid4())
    bad = {
        "nul": raw("nul", json.dumps(body(changed(good[0], video_id="nul\x00"))).encode()),
        "nan": raw("nan", good[0].payload.replace(b'"uri"', b'"version": NaN, "uri"')),
        "surrogate": raw(
            "surrogate", f'{{"event_id": "{event}", "video_id": "\\ud800", "uri": "x"}}'.encode()
        ),
        "large": raw("large", b'{"uri": "' + b"x" * 10 * 1024**2 + f'{event}"}}'.encode()),
        "version": raw("version", json.dumps(body(changed(good[0])) | {"schema_version": 2}).encode()),
    }
    mixed = [
        good[0],
        bad["nul"],
        bad["nan"],
        good[1],
        bad["surrogate"],
        bad["large"],
        bad["version"],
        good[2],
    ]
    live.scene.send(mixed[:4])
    send_without_value(live.scene.kafka)
    live.scene.send(mixed[4:])
    outcomes = live.outcomes(mixed)
    assert {outcomes[message.video_id] for message in good} == {("done", None)}
    reasons = {name: outcomes[message.video_id][1] for name, message in bad.items()}
    assert {outcomes[message.video_id][0] for message in bad.values()} == {"rejected"}
    letters = live.scene.letters()
    assert letters[sha256(b"").hexdigest()] == "no_value"
    assert live.rows("SELECT outcome FROM ledger WHERE reason = 'no_value'") == [{"outcome": "rejected"}]
    for name, message in bad.items():
        assert letters[message.sha256] == reasons[name], name
    assert live.balance().is_settled


def test_uris_typed_into_the_trigger_form_become_searchable(live, demo):
    _, clip = live.fresh("typed")
    run_id = f"manual__{uuid4()}"
    live.scene.airflow.trigger("video_process", run_id, {"uris": [clip.as_uri(), "", "/etc/passwd"]})
    sql = "SELECT outcome, reason FROM ledger WHERE topic_id = %s ORDER BY message_offset"
    wait_until(
        lambda: [row["outcome"] for row in live.rows(sql, run_id)] == ["done", "quarantined"],
        180,
        lambda: str(live.rows(sql, run_id)),
    )
    assert live.rows(sql, run_id)[1]["reason"] == "source_not_allowed"
    assert live.balance().is_settled
