"""Every setting, once: typed, described, read from the environment and two dotenv files.

Later sources win: defaults, `.embedded/stack.env` (addresses of the stack on this machine, written by
`datalake up`), the root `.env`, the process environment. The names are those a user types. The tables in
README.md and config/.env.example are generated from this module.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from datalake.errors import ConfigurationError

PROJECT_ROOT = Path(__file__).resolve().parent.parent


def home() -> Path:
    """Folder that `.env`, `config/` and `.embedded/` are looked up in (DATALAKE_HOME, or the checkout)."""
    return Path(os.environ.get("DATALAKE_HOME", PROJECT_ROOT))


def cache_folder() -> Path:
    """For what can be made again and all checkouts share: DATALAKE_CACHE, or the user's cache folder."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(os.environ.get("DATALAKE_CACHE") or base / "video-data-pipeline")


class _Group(BaseSettings):
    """A group of settings that one consumer needs; frozen, unknown names in the files are ignored."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)


class AirflowSettings(_Group):
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


class PostgresSettings(_Group):
    """PostgreSQL: the ledger and the gold tables."""

    pg_conn_uri: SecretStr = Field(
        SecretStr("postgresql://localhost:5432/video_db"),
        description="PostgreSQL connection URI of the database `video_db`.",
        examples=["postgresql://user:password@localhost:5432/video_db"],
    )


class MailSettings(_Group):
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


class QdrantSettings(_Group):
    """Qdrant: the vectors."""

    qdrant_url: str = Field("http://localhost:6333", description="URL of the Qdrant server.")
    qdrant_api_key: SecretStr = Field(SecretStr(""), description="Qdrant API key; empty: none.")
    qdrant_timeout_s: int = Field(30, ge=1, description="Time limit of one Qdrant request.")


class KafkaSettings(_Group):
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


class SourceSettings(_Group):
    """Sources: which URIs may be read."""

    source_schemes: tuple[str, ...] = Field(
        ("file", "http", "https", "s3"), description="Allowed URI schemes (a JSON list)."
    )
    source_roots: tuple[Path, ...] = Field(
        (Path("videos"), Path(".embedded/samples")),
        description="Folders that file URIs may point into (a JSON list); relative to the project.",
    )
    source_path_map: dict[str, str] = Field(
        default_factory=dict,
        description="Host folder to the folder the pipeline sees it as (a JSON object); used by producer.py.",
        examples=['{"videos": "/opt/airflow/videos"}'],
    )
    source_private_hosts: bool = Field(
        False, description="Also fetch from private, loopback and link-local addresses."
    )
    source_max_attempts: int = Field(
        12, ge=1, description="A video whose source is away is quarantined in this attempt of its batch."
    )
    source_max_bytes: int = Field(50 * 1024**3, ge=1, description="Largest video taken in.")
    source_timeout_s: float = Field(60.0, gt=0, description="A source that is silent so long is given up.")
    source_max_s: float = Field(21600.0, gt=0, description="A source that takes longer in all is given up.")
    s3_endpoint_url: str = Field("", description="S3 endpoint other than AWS; empty: AWS.")


class LakeSettings(_Group):
    """The lake: raw objects, frames, Parquet."""

    lake_uri: str = Field("file://.embedded/lake", description="Root of the lake: file:// or s3:// URI.")
    jpeg_quality: int = Field(90, ge=1, le=100, description="Quality of stored frames.")


class SilverSettings(_Group):
    """Silver: sampling, duplicates, embedding."""

    embedder: str = Field(
        "conse", description="`conse` (offline) or `open_clip:<arch>/<pretrained tag or checkpoint path>`."
    )
    device: Literal["auto", "cpu", "cuda"] = Field("auto", description="Where models run.")
    interval_s: float = Field(1.0, ge=0.001, description="Seconds between wanted frames.")
    max_frames: int = Field(10_000, ge=1, description="Most frames wanted of one video.")
    duplicate_max_bits: int = Field(
        4,
        ge=0,
        le=64,
        description="Perceptual hashes that differ in at most so many bits are near-duplicates.",
    )
    embed_batch_size: int = Field(32, ge=1, description="Images in one model call, at most.")
    window_max_bytes: int = Field(
        192 * 1024**2, ge=1024**2, description="Decoded pixels that one window may hold."
    )
    chunk_min_videos: int = Field(16, ge=1, description="Fewest videos in a chunk of a large batch.")
    chunk_max_videos: int = Field(64, ge=1, description="Most videos in a chunk.")
    silver_slots: int = Field(1, ge=1, description="Slots of the Airflow pool `silver`.")
    videos_at_once: int = Field(4, ge=1, description="Videos of one chunk that are worked on at once.")
    lease_s: float = Field(120.0, gt=0, description="A lease without progress for so long may be taken over.")
    child_timeout_s: float = Field(
        120.0, gt=0, description="Time a child may take for a probe or one window."
    )
    child_memory_bytes: int = Field(
        4 * 1024**3, ge=256 * 1024**2, description="Address space of a child that opens untrusted bytes."
    )


Group = TypeVar("Group", bound=_Group)


def read(group: type[Group], *files: Path) -> Group:
    """One group, from dotenv files (later ones win) and the environment (wins over all).

    Raises:
        ConfigurationError: a value cannot be used, or a file cannot be read; values are never repeated.
    """
    # `from None`: the driver's error holds the value, which may be a secret.
    try:
        return group(_env_file=files)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        raise ConfigurationError(_complaint(group, str(first["loc"][0]), first["msg"])) from None
    except SettingsError as error:
        name = next(name for name in group.model_fields if f'"{name}"' in str(error))
        raise ConfigurationError(_complaint(group, name, "it is not JSON")) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{' or '.join(map(str, files))} cannot be read: {error}") from None


def _complaint(group: type[_Group], name: str, why: str) -> str:
    """What is wrong with a variable, and for lists and objects how one is written."""
    found = group.model_fields[name]
    default = found.get_default(call_default_factory=True, validated_data={})
    if not isinstance(default, tuple | dict):
        return f"{name.upper()} is wrong: {why}"
    example = (found.examples or [json.dumps(default, default=str)])[0]
    return f"{name.upper()} is wrong: {why}; write for example {name.upper()}='{example}'"


def _read_all(group: type[Group]) -> Group:
    return read(group, home() / ".embedded" / "stack.env", home() / ".env")


@dataclass(frozen=True)
class Settings:
    """All groups. Build it once at the edge (`load()`) and hand nodes only what they need.

    Raises:
        ConfigurationError: see `read`.
    """

    airflow: AirflowSettings = field(default_factory=partial(_read_all, AirflowSettings))
    postgres: PostgresSettings = field(default_factory=partial(_read_all, PostgresSettings))
    mail: MailSettings = field(default_factory=partial(_read_all, MailSettings))
    qdrant: QdrantSettings = field(default_factory=partial(_read_all, QdrantSettings))
    kafka: KafkaSettings = field(default_factory=partial(_read_all, KafkaSettings))
    source: SourceSettings = field(default_factory=partial(_read_all, SourceSettings))
    lake: LakeSettings = field(default_factory=partial(_read_all, LakeSettings))
    silver: SilverSettings = field(default_factory=partial(_read_all, SilverSettings))


@cache
def load() -> Settings:
    """The settings of this process, read on first use."""
    return Settings()
