"""The one place where settings meet adapters.

Each function imports only the technology that it needs, so that a command costs no more than it uses.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from datalake.common_func import given_cores
from datalake.settings import Settings, home

if TYPE_CHECKING:
    from datalake.adapters.embedders.batcher import MicroBatcher
    from datalake.adapters.media.children import MediaChildren
    from datalake.adapters.ports import (
        AttemptLog,
        BatchMails,
        BatchReport,
        Catalog,
        Compose,
        Embedder,
        FrameTable,
        KnownContent,
        Lake,
        Mail,
        Mailer,
        MailOutbox,
        MailTemplate,
        SourceReader,
        VectorIndex,
    )


def postgres_uri(config: Settings) -> str:
    """The connection URI, with its password; keep it out of logs and node inputs."""
    return config.postgres.pg_conn_uri.get_secret_value()


def build_lake(config: Settings) -> Lake:
    """The lake at LAKE_URI."""
    from datalake.adapters.lake import open_lake

    return open_lake(config.lake.lake_uri, home(), config.source.s3_endpoint_url)


def build_sources(config: Settings) -> SourceReader:
    """The reader of message URIs, within the allow-list."""
    from datalake.adapters.sources import AllowedSources

    source = config.source
    return AllowedSources(
        source.source_schemes,
        source.source_roots,
        home(),
        private_hosts=source.source_private_hosts,
        max_bytes=source.source_max_bytes,
        timeout_s=source.source_timeout_s,
        max_s=source.source_max_s,
        s3_endpoint_url=source.s3_endpoint_url,
    )


def build_media_children(config: Settings, videos: int, decode: bool = False) -> MediaChildren:
    """Child processes that open untrusted files, for so many videos; a context manager.

    Each one that starts costs half a second of processor time: no more of them than there are videos.

    Args:
        config: of this installation.
        videos: how many there are.
        decode: True where all frames are wanted, so that a GPU is worth its start.
    """
    from datalake.adapters.media.children import MediaChildren
    from datalake.adapters.media.limits import Limits

    silver = config.silver
    limits = Limits(
        timeout_s=silver.child_timeout_s,
        timeout_per_video_s=silver.child_timeout_per_video_s,
        memory_bytes=silver.child_memory_bytes,
        resident_bytes=silver.child_resident_bytes,
        uses_gpu=decode and _decodes_on_gpu(config),
    )
    return MediaChildren(max(1, min(children_at_once(config), videos)), limits)


def children_at_once(config: Settings) -> int:
    """Processes of a chunk that may have files open: more than there are processors only share caches."""
    return config.silver.children_at_once or max(2, min(4, given_cores()))


def _decodes_on_gpu(config: Settings) -> bool:
    """True where models run on a GPU and pictures may be decoded there."""
    silver = config.silver
    if silver.decode_device == "cpu" or silver.device == "cpu":
        return False
    from datalake.adapters.embedders.runtime import torch_device

    return torch_device(silver.device).type == "cuda"


def build_embedder(config: Settings) -> Embedder:
    """The embedding model; its weights are loaded on first use."""
    from datalake.adapters import embedders

    silver = config.silver
    labels_file = home() / silver.labels_file if silver.labels_file else None
    return embedders.build_embedder(silver.embedder, silver.device, labels_file)


def build_batcher(config: Settings) -> MicroBatcher:
    """The embedding model behind a micro-batcher that many videos share; a context manager."""
    from datalake.adapters.embedders.batcher import MicroBatcher

    return MicroBatcher(build_embedder(config), config.silver.embed_batch_size)


def build_vector_index(config: Settings) -> VectorIndex:
    """The vector index at QDRANT_URL; hits name frames by their URI in the lake."""
    from datalake.adapters.qdrant.index import QdrantVectorIndex

    qdrant = config.qdrant
    return QdrantVectorIndex(
        qdrant.qdrant_url,
        build_lake(config).uri,
        api_key=qdrant.qdrant_api_key,
        timeout_s=qdrant.qdrant_timeout_s,
    )


def build_frame_table(config: Settings) -> FrameTable:
    """The frame rows in the lake."""
    from datalake.adapters.frame_table import ParquetFrameTable

    return ParquetFrameTable(build_lake(config))


def build_catalog(config: Settings) -> Catalog:
    """The catalog in PostgreSQL; finished batches get their mails."""
    from datalake.adapters.postgres.catalog import PostgresCatalog

    return PostgresCatalog(postgres_uri(config), build_composer(config))


def build_attempt_log(config: Settings) -> AttemptLog:
    """Which videos are in flight in this process; one a task."""
    from datalake.adapters.postgres.video_attempts import PostgresAttemptLog

    return PostgresAttemptLog(postgres_uri(config))


def build_known_content(config: Settings) -> KnownContent:
    """What was found out about bytes before."""
    from datalake.adapters.postgres.known_content import PostgresKnownContent

    return PostgresKnownContent(postgres_uri(config))


def build_mail_template() -> MailTemplate:
    """What mails look like."""
    from datalake.adapters.smtp.template import JinjaMailTemplate

    return JinjaMailTemplate()


def build_composer(config: Settings) -> Compose:
    """What renders the mails of a finished batch: the dataflow `notify` with its port and settings."""
    fixed = {
        "mail_template": build_mail_template(),
        "email_receiver": config.mail.email_receiver,
        "airflow_url": config.airflow.airflow_url,
    }

    def compose(report: BatchReport) -> Sequence[Mail]:
        # loaded long since where gold has run; who only searches never waits for Hamilton
        from datalake.pipeline import run_layer

        made: BatchMails = run_layer("notify", {"batch_report": report, **fixed})
        return made.mails

    return compose


def build_outbox(config: Settings) -> MailOutbox:
    """The mails that wait in PostgreSQL; one in `sending` for longer than a conversation lasts was lost."""
    from datalake.adapters.postgres.outbox import PostgresOutbox

    return PostgresOutbox(postgres_uri(config), patience_s=3 * config.mail.smtp_timeout_s)


def build_mailer(config: Settings) -> Mailer:
    """The SMTP client."""
    from datalake.adapters.smtp.mailer import SmtpMailer, SmtpServer

    mail = config.mail
    return SmtpMailer(
        SmtpServer(
            host=mail.smtp_server,
            port=mail.smtp_port,
            user=mail.smtp_user,
            password=mail.smtp_password,
            security=mail.smtp_security,
            ca_file=home() / mail.smtp_ca_file if mail.smtp_ca_file else None,
            timeout_s=mail.smtp_timeout_s,
        )
    )
