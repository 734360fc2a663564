from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient, ConfigResource

from datalake.adapters.kafka import (
    TOPIC_MAX_BYTES,
    Broker,
    DeliveryFailure,
    EndOfPartition,
    Kafka,
    OutOfRange,
    Reader,
    Record,
    Sender,
    Span,
)
from datalake.adapters.kafka.properties import read_properties
from datalake.embedded.process import wait_until
from datalake.errors import BrokerUnavailable, ConfigurationError, TopicMissing
from datalake.settings import KafkaSettings

NOWHERE = {"bootstrap.servers": "127.0.0.1:1"}


@pytest.fixture
def kafka(kafka_bootstrap: str, make_kafka_topic: Callable[..., str]) -> Kafka:
    return Kafka({"bootstrap.servers": kafka_bootstrap}, make_kafka_topic(1), make_kafka_topic(1), "test")


def send(kafka: Kafka, *values: bytes | None) -> list[DeliveryFailure | None]:
    sender, fates = Sender(kafka), []
    for value in values:
        sender.send(kafka.topic, b"k", value, {"h": "v"}, fates.append)
    sender.flush()
    return fates


def read(kafka: Kafka, start: int, count: int) -> list[object]:
    reader = Reader(kafka, {0: start})
    found: list[object] = []
    while len(found) < count:
        if (thing := reader.read(0.2)) is not None:
            found.append(thing)
    reader.close()
    return found


def test_properties_are_read_as_people_write_them(tmp_path: Path) -> None:
    path = tmp_path / "client.properties"
    path.write_text(
        "\ufeff# a comment\n! another\n\nbootstrap.servers=a:1,b:2\n  sasl.password = p=#a ss \n"
        "client.id=AVD BVV\r\n",
        "utf-8",
    )
    assert read_properties(path) == {
        "bootstrap.servers": "a:1,b:2",
        "sasl.password": "p=#a ss",
        "client.id": "AVD BVV",
    }


@pytest.mark.parametrize(
    ("text", "complaint"),
    [("bootstrap.servers=a\nnonsense\n", "line 2: expected"), ("client.id=a\n", "bootstrap.servers")],
)
def test_a_bad_line_is_named(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "client.properties"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=complaint):
        read_properties(path)


def test_a_missing_file_says_what_to_do(tmp_path: Path) -> None:
    settings = KafkaSettings(kafka_client_properties=tmp_path / "none")
    with pytest.raises(ConfigurationError, match=r"copy config/client\.properties\.example"):
        Kafka.from_settings(settings)


def test_the_example_is_valid_and_has_the_six_keys() -> None:
    example = Path(__file__).parents[3] / "config" / "client.properties.example"
    assert set(read_properties(example)) == {
        "bootstrap.servers",
        "security.protocol",
        "sasl.mechanisms",
        "sasl.username",
        "sasl.password",
        "client.id",
    }


def test_an_unknown_property_is_named() -> None:
    with pytest.raises(ConfigurationError, match=r"no\.such\.thing"):
        Broker(Kafka({**NOWHERE, "no.such.thing": "1"}, "t", "d", "g"))


def test_secrets_do_not_show(kafka_bootstrap: str) -> None:
    assert "s3cret" not in repr(Kafka({"sasl.password": "s3cret"}, "t", "d", "g"))


def test_an_unreachable_broker_is_unavailable_soon() -> None:
    kafka = Kafka(NOWHERE, "t", "d", "g")
    with pytest.raises(BrokerUnavailable, match="cannot be reached"):
        Broker(kafka).describe()
    with pytest.raises(BrokerUnavailable, match="cannot be reached"):
        read(kafka, 0, 1)
    with pytest.raises(BrokerUnavailable, match="cannot be reached"):
        send(kafka, b"a")


@pytest.mark.kafka
def test_messages_come_back_as_they_were_sent(kafka: Kafka) -> None:
    assert send(kafka, b"a", None, b"") == [None, None, None]
    *records, end = read(kafka, 0, 4)
    assert [(r.offset, r.key, r.value) for r in records if isinstance(r, Record)] == [
        (0, b"k", b"a"),
        (1, b"k", None),
        (2, b"k", b""),
    ]
    assert records[0].timestamp_ms > 1_700_000_000_000
    assert end == EndOfPartition(0, 3)


@pytest.mark.kafka
def test_spans_and_ids(kafka: Kafka) -> None:
    broker = Broker(kafka)
    state = broker.describe()
    assert state.partitions == (0,)
    assert state.cluster_id
    assert state.topic_id not in ("", "AAAAAAAAAAAAAAAAAAAAAA")
    assert broker.spans((0,)) == {0: Span(0, 0)}
    send(kafka, b"a", b"b")
    assert broker.spans((0,)) == {0: Span(0, 2)}


@pytest.mark.kafka
def test_an_offset_beyond_the_end_is_out_of_range_and_not_reset(kafka: Kafka) -> None:
    send(kafka, b"a")
    assert read(kafka, 50, 1) == [OutOfRange(0)]


@pytest.mark.kafka
def test_a_missing_topic_is_missing_until_made(kafka: Kafka) -> None:
    fresh = Kafka(kafka.properties, f"t-{uuid.uuid4().hex}", f"d-{uuid.uuid4().hex}", "test")
    broker = Broker(fresh)
    with pytest.raises(TopicMissing):
        broker.describe()
    broker.ensure_topics(partitions=2)
    broker.ensure_topics(partitions=2)
    assert broker.describe().partitions == (0, 1)
    assert send(fresh, b"x" * (TOPIC_MAX_BYTES - 1024)) == [None]


@pytest.mark.kafka
def test_time_deletes_nothing_from_topics_that_we_make(kafka: Kafka) -> None:
    fresh = Kafka(kafka.properties, f"t-{uuid.uuid4().hex}", f"d-{uuid.uuid4().hex}", "test")
    Broker(fresh).ensure_topics()
    admin = AdminClient(dict(kafka.properties))
    asked = [
        ConfigResource(ConfigResource.Type.TOPIC, name) for name in (fresh.topic, fresh.dead_letter_topic)
    ]
    topics = {fresh.topic, fresh.dead_letter_topic}
    assert wait_until(
        lambda: topics <= admin.list_topics(timeout=5).topics.keys(), 20
    )  # a busy broker is late
    answers = [answer.result() for answer in admin.describe_configs(asked, request_timeout=20).values()]
    assert [answer["retention.ms"].value for answer in answers] == ["-1", "-1"]


@pytest.mark.kafka
def test_a_message_too_large_tells_its_fate_and_harms_no_other(kafka: Kafka) -> None:
    small, large, after = send(kafka, b"a", b"x" * (TOPIC_MAX_BYTES + 1), b"b")
    assert {small, after} == {None}
    assert large is not None
    assert large.is_too_large


@pytest.mark.kafka
def test_everything_works_over_sasl_ssl(kafka_sasl: dict[str, str], kafka: Kafka) -> None:
    secure = Kafka(kafka_sasl, kafka.topic, kafka.dead_letter_topic, "test")
    assert Broker(secure).describe().partitions == (0,)
    assert send(secure, b"a") == [None]
    record, _ = read(secure, 0, 2)
    assert record.value == b"a"


@pytest.mark.kafka
def test_a_wrong_password_is_refused_at_once_everywhere(kafka_sasl: dict[str, str], kafka: Kafka) -> None:
    wrong = Kafka({**kafka_sasl, "sasl.password": "wrong"}, kafka.topic, kafka.dead_letter_topic, "test")
    with pytest.raises(ConfigurationError, match="refuses the login"):
        Broker(wrong).describe()
    with pytest.raises(ConfigurationError, match="refuses the login"):
        send(wrong, b"a")
    with pytest.raises(ConfigurationError, match="refuses the login"):
        read(wrong, 0, 1)
