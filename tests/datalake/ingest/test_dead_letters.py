from __future__ import annotations

from dataclasses import replace

import pytest
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, ResourceType

from datalake.ingest.dead_letters import publish_dead_letters

pytestmark = [pytest.mark.kafka, pytest.mark.postgres]


def letters(pipeline) -> list[tuple[bytes | None, bytes | None, dict[str, str]]]:
    """(key, value, headers) of everything on the dead-letter topic."""
    consumer = Consumer({**pipeline.kafka.properties, "group.id": "look", "enable.partition.eof": True})
    consumer.assign([TopicPartition(pipeline.kafka.dead_letter_topic, 0, 0)])
    found = []
    while (message := consumer.poll(10)) is not None and message.error() is None:
        headers = {name: value.decode() for name, value in message.headers()}
        found.append((message.key(), message.value(), headers))
    consumer.close()
    return found


def test_letters_carry_the_original_bytes_and_say_why_and_whence(pipeline) -> None:
    pipeline.send(b"bad \xff", None)
    pipeline.claim()
    assert publish_dead_letters(pipeline.uri, pipeline.kafka).published == 2
    row = pipeline.row("SELECT * FROM ledger WHERE message_offset = 0")
    (key, value, headers), (_, nothing, why) = letters(pipeline)
    assert value == b"bad \xff"
    assert key.decode() == f"{row['cluster_id']}/{row['topic_id']}/0/0"
    assert headers == {
        "reason": "not_utf8",
        "detail": "byte 4 is not UTF-8",
        "source_topic": pipeline.kafka.topic,
        "source_partition": "0",
        "source_offset": "0",
        "message_id": str(row["message_id"]),
    }
    assert (nothing, why["reason"]) == (None, "no_value")


def test_each_letter_is_published_once(pipeline) -> None:
    pipeline.send(b"bad")
    pipeline.claim()
    publish_dead_letters(pipeline.uri, pipeline.kafka)
    assert publish_dead_letters(pipeline.uri, pipeline.kafka).published == 0
    assert len(letters(pipeline)) == 1


def test_a_letter_too_large_for_the_topic_goes_without_body(pipeline) -> None:
    admin = AdminClient(dict(pipeline.kafka.properties))
    limit = ConfigEntry("max.message.bytes", "2000", incremental_operation=AlterConfigOpType.SET)
    topic = ConfigResource(ResourceType.TOPIC, pipeline.kafka.dead_letter_topic, incremental_configs=[limit])
    for future in admin.incremental_alter_configs([topic]).values():
        future.result()
    pipeline.send(b"small", b"x" * 5000, b"small too")
    pipeline.claim()
    tally = publish_dead_letters(pipeline.uri, pipeline.kafka)
    assert (tally.published, tally.without_body, tally.put_off) == (3, 1, 0)
    found = {headers["source_offset"]: (value, headers) for _, value, headers in letters(pipeline)}
    assert found["0"][0] == b"small"
    assert found["2"][0] == b"small too"
    value, headers = found["1"]
    assert value is None
    assert (headers["body_omitted"], headers["body_bytes"]) == ("too_large", "5000")
    assert pipeline.row("SELECT count(*) FROM dead_letters WHERE without_body")["count"] == 1


def test_a_letter_of_any_accepted_size_fits(pipeline) -> None:
    pipeline.send(b"x" * 12 * 1024**2)
    pipeline.claim()
    assert publish_dead_letters(pipeline.uri, pipeline.kafka).without_body == 0
    assert len(letters(pipeline)[0][1]) == 12 * 1024**2


def test_a_broker_that_is_away_puts_letters_off(pipeline) -> None:
    pipeline.send(b"bad")
    pipeline.claim()
    away = replace(pipeline.kafka, properties={"bootstrap.servers": "127.0.0.1:1"})
    tally = publish_dead_letters(pipeline.uri, away)
    assert (tally.published, tally.put_off) == (0, 1)
    row = pipeline.row("SELECT *, next_attempt_at > now() AS waits FROM dead_letters")
    assert row["waits"]
    assert "cannot be reached" in row["last_error"]
    assert publish_dead_letters(pipeline.uri, pipeline.kafka).published == 0
    pipeline.execute("UPDATE dead_letters SET next_attempt_at = now()")
    assert publish_dead_letters(pipeline.uri, pipeline.kafka).published == 1


def test_many_letters_take_several_pages(pipeline) -> None:
    pipeline.send(*[b"bad %d" % number for number in range(250)])
    while pipeline.claim():
        pass
    assert publish_dead_letters(pipeline.uri, pipeline.kafka).published == 250
    assert [value for _, value, _ in letters(pipeline)] == [b"bad %d" % number for number in range(250)]
