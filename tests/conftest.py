"""Real servers for tests, each started on first use and shared by the session."""

from __future__ import annotations

import ctypes
import json
import secrets
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from datalake import settings
from datalake.adapters.kafka import Broker, Kafka
from datalake.embedded.certificates import Certificate, self_signed
from datalake.embedded.kafka import KafkaServer, SaslListener
from datalake.embedded.postgres import PostgresServer
from datalake.embedded.process import free_port, free_ports
from datalake.embedded.qdrant.server import QdrantServer
from datalake.embedded.smtp import Login, SmtpSink
from tests.lanes import Lanes
from tests.task_world import World

# a test's cluster needs no protection against a power cut
_FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "shared_buffers": "64MB"}


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Lanes:
    """Asked for where tests run in several workers."""
    return Lanes(config, log)


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """A running PostgreSQL without our tables."""
    folder = tmp_path_factory.mktemp("postgres") / "data"
    with PostgresServer(folder, free_port(), secrets.token_hex(8), _FAST) as server:
        yield server


@pytest.fixture(scope="session")
def postgres_template(postgres_server: PostgresServer) -> str:
    """Name of a migrated database that others are copied from."""
    from datalake.adapters.postgres import migrate

    migrate(postgres_server.ensure_database("template_video_db"))
    return "template_video_db"


@pytest.fixture
def postgres_uri(postgres_server: PostgresServer, postgres_template: str) -> Iterator[str]:
    """URI of a fresh migrated database, dropped after the test."""
    name = f"test_{uuid.uuid4().hex}"
    yield postgres_server.ensure_database(name, postgres_template)
    postgres_server.drop_database(name)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """A certificate for localhost and 127.0.0.1."""
    return self_signed(tmp_path_factory.mktemp("certificate"), secrets.token_hex(8))


@pytest.fixture(scope="session")
def kafka_server(tmp_path_factory: pytest.TempPathFactory, certificate: Certificate) -> Iterator[KafkaServer]:
    """A running broker with a plain and a SASL_SSL listener."""
    port, controller_port, sasl_port = free_ports(3)
    sasl = SaslListener(sasl_port, "pipeline", secrets.token_hex(8), certificate)
    folder = tmp_path_factory.mktemp("kafka") / "data"
    with KafkaServer(folder, port, controller_port, sasl, heap="256m") as server:
        yield server


@pytest.fixture(scope="session")
def kafka_bootstrap(kafka_server: KafkaServer) -> str:
    """host:port of the plain listener."""
    return kafka_server.bootstrap


@pytest.fixture(scope="session")
def kafka_sasl(kafka_server: KafkaServer) -> dict[str, str]:
    """librdkafka properties of the SASL_SSL listener."""
    return kafka_server.sasl_properties()


@pytest.fixture
def make_kafka_topic(kafka_server: KafkaServer) -> Callable[..., str]:
    """Creates a fresh topic: `make_kafka_topic(partitions=1)` returns its name."""

    def make(partitions: int = 3) -> str:
        name = f"test-{uuid.uuid4().hex}"
        topics = Kafka(kafka_server.client_properties(), name, f"{name}.letters", "test")
        Broker(topics).ensure_topics(partitions)
        return name

    return make


@pytest.fixture
def kafka_topic(make_kafka_topic: Callable[..., str]) -> str:
    """Name of a fresh topic of three partitions."""
    return make_kafka_topic()


@pytest.fixture
def make_smtp_sink(tmp_path: Path, certificate: Certificate) -> Iterator[Callable[..., SmtpSink]]:
    """Starts a sink: `make_smtp_sink(security="starttls", login=Login("user", "password"))`."""
    with ExitStack() as sinks:

        def make(security: str = "none", login: Login | None = None) -> SmtpSink:
            folder = tmp_path / f"mails-{uuid.uuid4().hex[:8]}"
            return sinks.enter_context(SmtpSink(folder, 0, certificate, security, login))

        yield make


@pytest.fixture
def smtp_sink(make_smtp_sink: Callable[..., SmtpSink]) -> SmtpSink:
    """A running sink without TLS or login: `.host`, `.port`, `.mails()`."""
    return make_smtp_sink()


@pytest.fixture(scope="session")
def qdrant_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[QdrantServer]:
    """A running embedded Qdrant."""
    with QdrantServer(tmp_path_factory.mktemp("qdrant") / "data", free_port()) as server:
        yield server


@pytest.fixture(scope="session")
def qdrant_url(qdrant_server: QdrantServer) -> str:
    """What QDRANT_URL would be; choose a collection prefix of your own."""
    return qdrant_server.url


@pytest.fixture
def configure(monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    """Sets variables, and has the next task read them."""

    def configure(**variables: object) -> None:
        for name, value in variables.items():
            monkeypatch.setenv(name, str(value))
        settings.load.cache_clear()

    yield configure
    settings.load.cache_clear()
    ctypes.CDLL(None).prctl(1, 0, 0, 0, 0)  # a task asks to die with its parent; a test must not


@pytest.fixture
def world(configure, postgres_uri: str, qdrant_url: str, smtp_sink, tmp_path: Path) -> World:
    videos = tmp_path / "videos"
    videos.mkdir()
    configure(
        DATALAKE_HOME=tmp_path,
        PG_CONN_URI=postgres_uri,
        QDRANT_URL=qdrant_url,
        LAKE_URI=(tmp_path / "lake").as_uri(),
        SOURCE_ROOTS=json.dumps([str(videos)]),
        EMBEDDER="conse",
        VIDEOS_AT_ONCE=2,
        CHILDREN_AT_ONCE=2,
        EMAIL_RECEIVER="boss@example.org",
        SMTP_SERVER=smtp_sink.host,
        SMTP_PORT=smtp_sink.port,
        SMTP_SECURITY="none",
    )
    return World(postgres_uri, videos)
