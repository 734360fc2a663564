"""One cycle of `kafka_consumer`: claim, see which runs are due, publish letters, raise alerts, send mails."""

from __future__ import annotations

from functools import partial
from logging import getLogger
from typing import Any

from datalake import factory, settings
from datalake.adapters.kafka import Kafka
from datalake.adapters.postgres import kept_connections
from datalake.adapters.runs import AirflowRuns, Runs
from datalake.errors import BrokerUnavailable, ConfigurationError
from datalake.gold_layer.outbox import send_due_mails
from datalake.ingest.alerts import alert_mails, check_alerts
from datalake.ingest.batches import DueRun, due_runs
from datalake.ingest.claim import claim
from datalake.ingest.dead_letters import publish_dead_letters
from datalake.ingest.reading import Limits

_LOG = getLogger(__name__)


def run_cycle(runs: Runs | None = None) -> list[dict[str, Any]]:
    """Do everything that is due, and name the runs to trigger.

    Returns:
        Arguments for the operator that triggers a run, one dict a run.

    Raises:
        TransientError: database or Airflow are away. A broker that is away is no error here: the watcher
            sees it too, and waits with back-off.
        ConfigurationError: Kafka refuses the login, and nothing else was to be done.
    """
    with kept_connections():
        return _cycle(runs or AirflowRuns(), settings.load())


def _cycle(runs: Runs, config: settings.Settings) -> list[dict[str, Any]]:
    uri = factory.postgres_uri(config)
    trouble = _claimed(uri, config, runs)
    catalog = factory.build_catalog(config)
    max_runs = config.airflow.max_runs_in_flight
    due = due_runs(uri, runs, max_runs, config.kafka.max_code_errors, catalog.record_outcome)
    if not isinstance(trouble, ConfigurationError):
        publish_dead_letters(uri, Kafka.from_settings(config.kafka))  # puts off what the broker does not take
    check_alerts(uri, config.kafka.stuck_after_s, partial(alert_mails, **_alert_form(config)))
    send_due_mails(factory.build_outbox(config), factory.build_mailer(config))
    if isinstance(trouble, ConfigurationError) and not due:
        raise trouble
    return [_arguments(run) for run in due]


def limits(config: settings.KafkaSettings) -> Limits:
    """What one claim takes, from the settings."""
    return Limits(
        messages=config.claim_max_messages,
        payload_bytes=config.claim_max_bytes,
        message_bytes=config.message_max_bytes,
        strict=config.kafka_strict_fields,
    )


def _claimed(
    uri: str, config: settings.Settings, runs: Runs
) -> BrokerUnavailable | ConfigurationError | None:
    """Claim unless enough runs are live; trouble with Kafka must not hold up the rest of the cycle."""
    if runs.live_count() >= config.airflow.max_runs_in_flight:
        return None
    try:
        claimed = claim(uri, Kafka.from_settings(config.kafka), limits(config.kafka))
    except (BrokerUnavailable, ConfigurationError) as error:
        _LOG.error("Nothing claimed: %s", error)
        return error
    if claimed:
        kinds = {kind or "work": claimed.count(kind) for kind in (None, "duplicate", "rejected")}
        _LOG.info("Claimed %d messages as batch %s: %s", len(claimed.rows), claimed.batch_id, kinds)
    return None


def _alert_form(config: settings.Settings) -> dict[str, Any]:
    """Who is told about an alert, and in which form."""
    return {
        "email_receiver": config.mail.email_receiver,
        "airflow_url": config.airflow.airflow_url,
        "template": factory.build_mail_template(),
    }


def _arguments(run: DueRun) -> dict[str, Any]:
    return {"trigger_run_id": run.run_id, "conf": {"batch_id": str(run.batch_id), "attempt": run.attempt}}
