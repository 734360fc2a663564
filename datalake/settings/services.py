"""The services around the pipeline: Airflow, PostgreSQL, mail, Qdrant, Kafka."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr

from datalake.settings.reading import SettingsGroup


class AirflowSettings(SettingsGroup):
    """Airflow: who it runs as and where people find it."""

    airflow_uid: int = Field(
        50000, description="User id that the Airflow containers run as.", examples=[76888]
    )
    airflow_url: str = Field(
        "http://localhost:8080", description="Where people open the Airflow UI; used in e-mails."
    )
    max_runs_in_flight: int = Field(
        2, ge=1, description="`claim` takes no new batch while so many `video_process` runs are live."
    )


class PostgresSettings(SettingsGroup):
    """PostgreSQL: the ledger and the gold tables."""

    pg_conn_uri: SecretStr = Field(
        SecretStr("postgresql://localhost:5432/video_db"),
        description="PostgreSQL connection URI of the database `video_db`.",
        examples=["postgresql://user:password@localhost:5432/video_db"],
    )


class MailSettings(SettingsGroup):
    """SMTP: who is told."""

    email_receiver: str = Field(
        "", description="Address that gets every batch mail; empty: nobody.", examples=["user@example.com"]
    )
    smtp_server: str = Field(
        "localhost", description="SMTP server for sending e-mails.", examples=["smtp.example.com"]
    )
    smtp_port: int = Field(587, ge=1, le=65535, description="587: STARTTLS, 465: TLS from the start.")
    smtp_user: str = Field(
        "", description="SMTP user name, and the From address.", examples=["your-email@example.com"]
    )
    smtp_password: SecretStr = Field(SecretStr(""), description="SMTP password.", examples=["your-password"])
    smtp_security: Literal["auto", "starttls", "tls", "none"] = Field(
        "auto", description="auto: 465 is TLS, every other port STARTTLS; none only for a local sink."
    )
    smtp_ca_file: Path | None = Field(
        None, description="Certificates (PEM) of your own authority for SMTP; empty: the system's."
    )
    smtp_timeout_s: float = Field(20.0, gt=0, description="Time limit of one SMTP conversation.")


class QdrantSettings(SettingsGroup):
    """Qdrant: the vectors."""

    qdrant_url: str = Field("http://localhost:6333", description="URL of the Qdrant server.")
    qdrant_api_key: SecretStr = Field(SecretStr(""), description="Qdrant API key; empty: none.")
    qdrant_timeout_s: int = Field(30, ge=1, description="Time limit of one Qdrant request.")


class KafkaSettings(SettingsGroup):
    """Kafka: the topic, and the file with the client's properties."""

    kafka_client_properties: Path = Field(
        Path("config/client.properties"),
        description="librdkafka properties that every Kafka client here reads; relative to the project.",
    )
    kafka_topic: str = Field("video.arrived", description="Topic that names arriving videos.")
    kafka_dead_letter_topic: str = Field(
        "video.dead-letter", description="Topic for messages and videos that cannot be processed."
    )
    kafka_group_id: str = Field(
        "video-data-pipeline", description="Group that mirrors the offsets, for lag monitors only."
    )
    kafka_strict_fields: bool = Field(
        False, description="Refuse messages with unknown fields instead of keeping them in `extra`."
    )
    message_max_bytes: int = Field(
        1024 * 1024, ge=1024, description="A larger message is rejected and dead-lettered."
    )
    claim_max_messages: int = Field(512, ge=1, le=16384, description="Messages in one batch, at most.")
    claim_max_bytes: int = Field(64 * 1024**2, ge=1024, description="Payload bytes in one batch, at most.")
    claim_max_wait_s: float = Field(
        10.0, ge=0, description="A busy pipeline waits so long for a fuller batch."
    )
    max_code_errors: int = Field(
        3, ge=1, description="After so many attempts ended by errors of our code, a batch ends failed."
    )
    stuck_after_s: float = Field(
        1800.0,
        gt=0,
        description="When no batch makes progress for so long, the oldest unfinished one raises an alert.",
    )
