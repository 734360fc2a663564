"""Mails leave the outbox once each, whatever happens around them."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Lock

import pytest

from datalake.adapters.memory.mail import MemoryMailer
from datalake.adapters.ports import Mail
from datalake.adapters.postgres import execute, row, rows, transaction
from datalake.adapters.postgres.outbox import PostgresOutbox, is_any_due
from datalake.adapters.smtp.mailer import SmtpMailer, SmtpServer
from datalake.embedded.smtp import SmtpSink
from datalake.errors import ConfigurationError, MailRefused, MailUnavailable
from datalake.gold_layer.outbox import MailTally, send_due_mails

pytestmark = pytest.mark.postgres

Put = Callable[[int], None]
INSERT = """
INSERT INTO notifications (batch_id, recipient, mail_message_id, subject, body_text, body_html)
VALUES (%s, %s, %s, 'subject', 'text', '<p>html</p>')
"""


@pytest.fixture
def put(postgres_uri: str) -> Put:
    """Puts so many mails into the outbox, of one batch."""

    def put(count: int) -> None:
        batch = uuid.uuid4()
        with transaction(postgres_uri) as connection:
            sql = "INSERT INTO batches (batch_id, source, run_id) VALUES (%s, 'kafka', %s)"
            execute(connection, sql, (batch, str(batch)))
            for number in range(count):
                values = (batch, f"r{number}@example.org", f"<{batch}-{number}@video-data-pipeline>")
                execute(connection, INSERT, values)

    return put


def notifications(uri: str) -> list[tuple[str, int, str | None]]:
    with transaction(uri) as connection:
        found = rows(connection, "SELECT state, attempts, last_error FROM notifications ORDER BY recipient")
    return [(mail["state"], mail["attempts"], mail["last_error"]) for mail in found]


def make_due(uri: str) -> None:
    with transaction(uri) as connection:
        execute(connection, "UPDATE notifications SET next_attempt_at = now()")


def test_mail_in_another_hand_is_not_due(postgres_uri: str, put: Put) -> None:
    put(1)
    with transaction(postgres_uri) as sender, transaction(postgres_uri) as watcher:
        assert is_any_due(watcher, 0)
        watcher.rollback()
        execute(sender, "SELECT FROM notifications FOR UPDATE")
        assert not is_any_due(watcher, 0)


def test_a_new_mail_is_left_to_its_own_run_for_a_while(postgres_uri: str, put: Put) -> None:
    put(1)
    with transaction(postgres_uri) as connection:
        assert not is_any_due(connection, 15)
        execute(connection, "UPDATE notifications SET next_attempt_at = now() - interval '16 s'")
        assert is_any_due(connection, 15)
        execute(connection, "UPDATE notifications SET attempts = 1, next_attempt_at = now()")
        assert is_any_due(connection, 15), "after a failure its time was chosen"


def test_due_mails_are_sent_once(postgres_uri: str, put: Put) -> None:
    put(3)
    mailer, outbox = MemoryMailer(), PostgresOutbox(postgres_uri)
    assert send_due_mails(outbox, mailer) == MailTally(sent=3)
    assert send_due_mails(outbox, mailer) == MailTally()
    assert sorted(mail.recipient for mail in mailer.sent) == [f"r{n}@example.org" for n in range(3)]
    assert notifications(postgres_uri) == [("sent", 1, None)] * 3


def test_real_server_gets_the_mail(postgres_uri: str, put: Put, smtp_sink: SmtpSink) -> None:
    put(1)
    mailer = SmtpMailer(SmtpServer(smtp_sink.host, smtp_sink.port, security="none"))
    assert send_due_mails(PostgresOutbox(postgres_uri), mailer).sent == 1
    [mail] = smtp_sink.mails()
    with transaction(postgres_uri) as connection:
        stored = row(connection, "SELECT mail_message_id FROM notifications")
    assert stored == {"mail_message_id": mail["Message-ID"]}


@pytest.mark.parametrize("trouble", [MailUnavailable("server away"), ConfigurationError("wrong password")])
def test_trouble_puts_off_and_passes(postgres_uri: str, put: Put, trouble: MailUnavailable) -> None:
    put(1)
    mailer, outbox = MemoryMailer(trouble), PostgresOutbox(postgres_uri)
    assert send_due_mails(outbox, mailer) == MailTally(pending=1, last_error=str(trouble))
    assert notifications(postgres_uri) == [("pending", 1, str(trouble))]
    assert send_due_mails(outbox, mailer) == MailTally()  # its back-off is not over
    make_due(postgres_uri)
    assert send_due_mails(outbox, mailer) == MailTally(sent=1)
    assert notifications(postgres_uri) == [("sent", 2, None)]


def test_back_off_grows_and_is_capped(postgres_uri: str, put: Put) -> None:
    put(1)
    waits = []
    for tries in (0, 1, 30):
        with transaction(postgres_uri) as connection:
            execute(connection, "UPDATE notifications SET attempts = %s, next_attempt_at = now()", (tries,))
        send_due_mails(PostgresOutbox(postgres_uri), MemoryMailer(MailUnavailable("away")))
        with transaction(postgres_uri) as connection:
            sql = "SELECT extract(epoch FROM next_attempt_at - now())::float AS wait_s FROM notifications"
            found = row(connection, sql)
        assert found is not None
        waits.append(found["wait_s"])
    for waited_s, longest_s in zip(waits, (30, 60, 3600), strict=True):
        assert longest_s / 2 - 10 < waited_s <= longest_s


def test_refused_mail_is_given_up_and_the_others_go(postgres_uri: str, put: Put) -> None:
    put(3)
    mailer = MemoryMailer(MailRefused("no such user"))
    assert send_due_mails(PostgresOutbox(postgres_uri), mailer) == MailTally(2, 0, 1, "no such user")
    assert sorted(notifications(postgres_uri)) == [("failed", 1, "no such user")] + [("sent", 1, None)] * 2


def test_server_that_is_away_is_not_asked_for_every_mail(postgres_uri: str, put: Put) -> None:
    put(10)
    mailer = MemoryMailer(*[MailUnavailable("away")] * 10)
    assert send_due_mails(PostgresOutbox(postgres_uri), mailer).pending == 3
    assert len(mailer.troubles) == 7


def test_many_senders_at_once_send_each_mail_once(postgres_uri: str, put: Put) -> None:
    put(30)
    sent: list[str] = []
    lock = Lock()

    class Slow(MemoryMailer):
        def send(self, mail: Mail) -> None:
            with lock:
                sent.append(mail.message_id)

    def send(_: int) -> MailTally:
        return send_due_mails(PostgresOutbox(postgres_uri, patience_s=0), Slow())

    with ThreadPoolExecutor(6) as pool:
        tallies = list(pool.map(send, range(6)))
    assert sum(tally.sent for tally in tallies) == 30
    assert len(sent) == len(set(sent)) == 30


def test_mail_being_sent_is_out_of_reach_for_others(postgres_uri: str, put: Put) -> None:
    put(1)
    is_sending, may_end = Event(), Event()

    class Waiting(MemoryMailer):
        def send(self, mail: Mail) -> None:
            is_sending.set()
            assert may_end.wait(20)
            super().send(mail)

    first, second = Waiting(), MemoryMailer()
    with ThreadPoolExecutor(1) as pool:
        sending = pool.submit(send_due_mails, PostgresOutbox(postgres_uri, patience_s=-1), first)
        assert is_sending.wait(20)
        assert notifications(postgres_uri) == [("sending", 1, None)]
        assert send_due_mails(PostgresOutbox(postgres_uri), second) == MailTally()
        may_end.set()
        assert sending.result() == MailTally(sent=1)
    assert (len(first.sent), len(second.sent)) == (1, 0)


def test_crash_while_sending_repeats_with_the_same_message_id(postgres_uri: str, put: Put) -> None:
    put(1)

    class Died(Exception):
        pass

    class Dying(MemoryMailer):
        def send(self, mail: Mail) -> None:
            super().send(mail)
            raise Died

    dying, after = Dying(), MemoryMailer()
    with pytest.raises(Died):
        send_due_mails(PostgresOutbox(postgres_uri), dying)
    assert notifications(postgres_uri) == [("sending", 1, None)]
    assert send_due_mails(PostgresOutbox(postgres_uri), after) == MailTally()
    make_due(postgres_uri)  # the patience is over
    assert send_due_mails(PostgresOutbox(postgres_uri), after) == MailTally(sent=1)
    assert [mail.message_id for mail in after.sent] == [mail.message_id for mail in dying.sent]
    assert notifications(postgres_uri) == [("sent", 2, None)]
