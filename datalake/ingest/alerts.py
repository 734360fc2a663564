"""Alerts: a batch is stuck, messages are lost. Each is raised once and told once, by mail."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from logging import getLogger
from uuid import UUID, uuid5

from datalake.adapters.ports import Alert, Mail, MailTemplate
from datalake.adapters.postgres import Connection, alerts, transaction
from datalake.adapters.postgres.alerts import StuckBatch

_LOG = getLogger(__name__)
_NAMESPACE = UUID("2b7f0f0a-8c0e-5d53-9d0e-7c1f5f3c9a11")

ComposeAlert = Callable[[Alert], Sequence[Mail]]


def check_alerts(uri: str, stuck_after_s: float, compose: ComposeAlert) -> None:
    """Raise what is stuck, resolve what goes on again, and put the mails of new alerts into the outbox.

    Args:
        uri: of the database.
        stuck_after_s: when no batch makes progress for so long, the oldest unfinished one is stuck.
        compose: the mails of an alert; none where nobody is to be told.

    Raises:
        DatabaseUnavailable: PostgreSQL is away.
    """
    with transaction(uri) as connection:
        batch = alerts.stuck_batch(connection, stuck_after_s)
        if batch and alerts.raise_alert(
            connection, _key(batch), "batch_stuck", _subject(batch), _detail(batch)
        ):
            _LOG.error("Alert: %s: %s", _subject(batch), _detail(batch))
        alerts.resolve(connection, alerts.open_keys(connection, "batch_stuck") - _keys(batch))
        alerts.note_seen(connection)
        for alert in alerts.lock_untold(connection):
            alerts.tell(connection, alert, compose(alert))


def is_alert_due(connection: Connection, stuck_after_s: float) -> bool:
    """True when `check_alerts` would raise, resolve or tell something."""
    if alerts.is_any_untold(connection):
        return True
    stuck = _keys(alerts.stuck_batch(connection, stuck_after_s))
    return stuck != alerts.open_keys(connection, "batch_stuck")


def open_alerts(uri: str) -> list[Alert]:
    """What a person has to look at now, oldest first.

    Raises:
        DatabaseUnavailable: PostgreSQL is away.
    """
    with transaction(uri) as connection:
        return alerts.open_alerts(connection)


def alert_mails(alert: Alert, email_receiver: str, airflow_url: str, template: MailTemplate) -> list[Mail]:
    """The mail to EMAIL_RECEIVER, if there is one; its Message-ID is the same however often it is made."""
    if not email_receiver:
        return []
    subject = f"Alert: {alert.subject}"
    body = template.render_alert(subject, alert.detail, airflow_url)
    message_id = f"<{uuid5(_NAMESPACE, f'{alert.key}/{alert.raises}')}@video-data-pipeline>"
    return [Mail(message_id, email_receiver, subject, body.text, body.html)]


def _key(batch: StuckBatch) -> str:
    return f"batch_stuck/{batch.batch_id}"


def _keys(stuck: StuckBatch | None) -> set[str]:
    return {_key(stuck)} if stuck else set()


def _subject(batch: StuckBatch) -> str:
    return f"batch {batch.batch_id} is stuck"


def _detail(batch: StuckBatch) -> str:
    """What is known of it, and where to look."""
    error = f" Its last error of our code: {batch.last_error}." if batch.last_error else ""
    return (
        f"{batch.unfinished} of {batch.messages} messages are unfinished, and no batch has gone on since "
        f"{batch.progress_at:%Y-%m-%d %H:%M:%S %Z}; this one is the oldest. "
        f"Attempt {batch.attempt} is run {batch.run_id}.{error} "
        "Look at that run in Airflow, and at `datalake status`. The alert ends when any batch goes on."
    )
