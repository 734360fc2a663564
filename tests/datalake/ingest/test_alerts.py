"""When nothing goes on, the oldest batch is told once, until something does."""

from __future__ import annotations

import uuid
from functools import partial

import pytest

from datalake.adapters.memory.mail import MemoryMailer
from datalake.adapters.postgres import transaction
from datalake.adapters.postgres.outbox import PostgresOutbox
from datalake.adapters.smtp.template import JinjaMailTemplate
from datalake.errors import MailUnavailable
from datalake.gold_layer.outbox import send_due_mails
from datalake.ingest.alerts import alert_mails, check_alerts, is_alert_due, open_alerts
from datalake.ingest.batches import open_ui_batch

pytestmark = pytest.mark.postgres

STUCK_AFTER_S = 1800
RECEIVER = "boss@example.org"
AGE = "interval '31 minutes'"
TRY = (
    "INSERT INTO video_attempts (message_id, layer, task_try, batch_id, attempt, is_alone, ended_at,"
    " is_through) SELECT message_id, 'silver',"
)


def check(ledger, receiver: str = RECEIVER) -> None:
    form = {"airflow_url": "http://airflow", "template": JinjaMailTemplate()}
    check_alerts(ledger.uri, STUCK_AFTER_S, partial(alert_mails, email_receiver=receiver, **form))


def is_due(ledger) -> bool:
    with transaction(ledger.uri) as connection:
        return is_alert_due(connection, STUCK_AFTER_S)


def mails(ledger) -> list[str]:
    found = ledger.rows("SELECT mail_message_id FROM notifications ORDER BY created_at")
    return [mail["mail_message_id"] for mail in found]


@pytest.fixture
def batch(ledger) -> uuid.UUID:
    """Two messages, claimed longer ago than a batch may stand still."""
    batch_id = open_ui_batch(ledger.uri, "manual__1", ["file:///a.mp4", "file:///b.mp4"])
    assert batch_id is not None
    ledger.execute(f"UPDATE batches SET created_at = now() - {AGE}")
    return batch_id


def test_a_batch_that_is_young_is_not_stuck(ledger, batch: uuid.UUID) -> None:
    ledger.execute("UPDATE batches SET created_at = now() - interval '29 minutes'")
    assert not is_due(ledger)
    check(ledger)
    assert open_alerts(ledger.uri) == []


def test_a_stuck_batch_raises_one_alert_and_one_mail(ledger, batch: uuid.UUID) -> None:
    ledger.execute("UPDATE batches SET last_error = 'KeyError: x'")
    assert is_due(ledger)
    for _ in range(3):
        check(ledger)
    assert not is_due(ledger)
    [alert] = open_alerts(ledger.uri)
    assert (alert.kind, alert.subject) == ("batch_stuck", f"batch {batch} is stuck")
    assert "2 of 2 messages are unfinished" in alert.detail
    assert "run manual__1. Its last error of our code: KeyError: x." in alert.detail
    mailer = MemoryMailer(MailUnavailable("away"))
    send_due_mails(PostgresOutbox(ledger.uri), mailer)
    ledger.execute("UPDATE notifications SET next_attempt_at = now()")
    send_due_mails(PostgresOutbox(ledger.uri), mailer)
    [mail] = mailer.sent
    assert (mail.recipient, mail.subject) == (RECEIVER, f"Alert: batch {batch} is stuck")
    assert alert.detail in mail.text


@pytest.mark.parametrize(
    "failure",
    [
        "UPDATE batches SET attempt = 9, next_attempt_at = now() + interval '10 minutes'",
        f"{TRY} gen_random_uuid(), batch_id, 1, false, NULL, false FROM ledger",
        f"{TRY} gen_random_uuid(), batch_id, 1, false, now(), false FROM ledger",
        f"{TRY} gen_random_uuid(), batch_id, 1, false, now() - {AGE}, true FROM ledger;"
        f"{TRY} gen_random_uuid(), batch_id, 2, false, now(), true FROM ledger",
        "INSERT INTO work (asset_id, model, settings_hash, lease_batch_id, lease_until)"
        " SELECT 'a', 'm', 's', batch_id, now() FROM batches",
    ],
    ids=["back-off", "a try begins", "a try fails", "a layer is done once more", "a lease"],
)
def test_a_try_is_no_progress(ledger, batch: uuid.UUID, failure: str) -> None:
    check(ledger)
    ledger.execute(failure)
    assert not is_due(ledger)
    check(ledger)
    assert len(open_alerts(ledger.uri)) == 1


def test_messages_that_come_or_are_refused_are_no_progress(ledger, batch: uuid.UUID) -> None:
    check(ledger)
    open_ui_batch(ledger.uri, "manual__2", ["file:///c.mp4", "\x00"])
    assert not is_due(ledger)


def test_batches_that_wait_while_another_goes_on_are_not_stuck(ledger, batch: uuid.UUID) -> None:
    open_ui_batch(ledger.uri, "manual__2", ["file:///c.mp4", "file:///d.mp4"])
    ledger.execute("UPDATE batches SET created_at = now() - interval '9 hours' WHERE run_id = 'manual__2'")
    ledger.execute("UPDATE ledger SET outcome = 'done', finished_at = now() WHERE topic_id = 'manual__2'"
                   " AND message_offset = 0")  # fmt: skip
    assert not is_due(ledger)


def test_of_many_that_stand_still_the_oldest_is_told(ledger, batch: uuid.UUID) -> None:
    open_ui_batch(ledger.uri, "manual__2", ["file:///c.mp4"])
    ledger.execute("UPDATE batches SET created_at = now() - interval '1 hour' WHERE run_id = 'manual__2'")
    check(ledger)
    assert ["run manual__2" in alert.detail for alert in open_alerts(ledger.uri)] == [True]


@pytest.mark.parametrize(
    "progress",
    [
        "UPDATE ledger SET outcome = 'done', finished_at = now() WHERE message_offset = 0",
        "INSERT INTO work (asset_id, model, settings_hash, lease_batch_id, windows_moved_at)"
        " SELECT 'a', 'm', 's', batch_id, now() FROM batches",
        f"{TRY} gen_random_uuid(), batch_id, 1, false, now(), true FROM ledger",
        "UPDATE ledger SET outcome = 'done', finished_at = now() - interval '40 minutes'",
    ],
    ids=["outcome", "window", "through a layer", "batch ends"],
)
def test_progress_and_the_end_resolve_it(ledger, batch: uuid.UUID, progress: str) -> None:
    check(ledger)
    ledger.execute(progress)
    assert is_due(ledger)
    check(ledger)
    assert not is_due(ledger)
    assert open_alerts(ledger.uri) == []
    assert ledger.row("SELECT resolved_at IS NOT NULL AS over FROM alerts") == {"over": True}
    assert len(mails(ledger)) == 1


def test_stuck_again_is_told_again_under_another_id(ledger, batch: uuid.UUID) -> None:
    check(ledger)
    ledger.execute("UPDATE batches SET created_at = now()")
    check(ledger)
    ledger.execute(f"UPDATE batches SET created_at = now() - {AGE}")
    assert is_due(ledger)
    check(ledger)
    assert len(set(mails(ledger))) == 2
    assert ledger.row("SELECT raises FROM alerts") == {"raises": 2}


def test_without_a_receiver_it_is_shown_and_not_due_for_ever(ledger, batch: uuid.UUID) -> None:
    check(ledger, receiver="")
    assert mails(ledger) == []
    assert not is_due(ledger)
    assert len(open_alerts(ledger.uri)) == 1


def test_what_is_seen_again_is_noted(ledger, batch: uuid.UUID) -> None:
    check(ledger)
    ledger.execute(f"UPDATE alerts SET raised_at = now() - {AGE}, last_seen_at = now() - {AGE}")
    check(ledger)
    seen = ledger.row("SELECT last_seen_at > raised_at AS again FROM alerts")
    assert seen == {"again": True}
