from __future__ import annotations

import json
import uuid

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient

from datalake.adapters.kafka import Broker, Span
from datalake.adapters.postgres import transaction
from datalake.adapters.postgres.offsets import stop
from datalake.errors import ConfigurationError
from datalake.ingest.alerts import open_alerts
from datalake.ingest.ledger import ledger_balance
from datalake.ingest.offsets import accept, accept_new_topic, out_of_range

pytestmark = [pytest.mark.kafka, pytest.mark.postgres]


def message(video_id: str = "C1") -> bytes:
    document = {"event_id": str(uuid.uuid4()), "video_id": video_id, "uri": "file:///videos/a.mp4"}
    return json.dumps(document).encode()


def delete_before(pipeline, offset: int, partition: int = 0) -> None:
    """What retention does, on demand."""
    admin = AdminClient(dict(pipeline.kafka.properties))
    where = TopicPartition(pipeline.kafka.topic, partition, offset)
    for future in admin.delete_records([where]).values():
        future.result()


def stopped(pipeline) -> str | None:
    return pipeline.row("SELECT stopped FROM consumer_offsets WHERE partition = 0")["stopped"]


def alerts(pipeline) -> list[tuple[str, str]]:
    """(kind, detail) of what a person has to look at."""
    return [(alert.kind, alert.detail) for alert in open_alerts(pipeline.uri)]


def test_an_offset_is_in_range_or_the_range_is_named() -> None:
    assert out_of_range(0, 5, Span(5, 9)) is None
    assert out_of_range(0, 9, Span(5, 9)) is None
    assert "offsets 2 to 4 were deleted" in (out_of_range(0, 2, Span(5, 9)) or "")
    assert "lost offsets 9 to 10" in (out_of_range(0, 11, Span(5, 9)) or "")


def test_a_new_partition_starts_at_its_low_watermark(pipeline) -> None:
    pipeline.send(message("a"), message("b"), message("c"))
    delete_before(pipeline, 2)
    assert pipeline.claim().count(None) == 1
    assert pipeline.row("SELECT first_offset FROM consumer_offsets")["first_offset"] == 2
    assert ledger_balance(pipeline.uri, pipeline.kafka).balances


def test_retention_that_overtakes_us_stops_the_partition_until_accepted(pipeline) -> None:
    pipeline.send(message("a"))
    pipeline.claim()
    pipeline.send(message("b"), message("c"), message("d"))
    delete_before(pipeline, 3)
    assert pipeline.claim() is None
    assert "partition 0: offsets 1 to 2 were deleted" in stopped(pipeline)
    assert pipeline.claim() is None
    assert ledger_balance(pipeline.uri, pipeline.kafka).stopped != ()
    assert alerts(pipeline) == [("partition_stopped", stopped(pipeline))]
    gap = accept(pipeline.uri, pipeline.kafka, 0)
    assert (gap.first_offset, gap.last_offset) == (1, 2)
    assert pipeline.claim().count(None) == 1
    found = ledger_balance(pipeline.uri, pipeline.kafka)
    assert (found.arrived, found.balances, found.stopped) == (2, True, ())
    assert alerts(pipeline) == []


def test_other_partitions_go_on(make_pipeline) -> None:
    pipeline = make_pipeline(partitions=2)
    pipeline.send_to(0, message())
    pipeline.claim()
    pipeline.send_to(0, message(), message())
    delete_before(pipeline, 2)
    pipeline.send_to(1, message())
    assert pipeline.claim().count(None) == 1
    assert stopped(pipeline) is not None


def test_an_offset_beyond_the_end_stops_the_partition_until_accepted(pipeline) -> None:
    pipeline.send(message("a"))
    pipeline.claim()
    pipeline.execute("UPDATE consumer_offsets SET next_offset = 7")
    pipeline.send(message("b"))
    assert pipeline.claim() is None
    assert "lost offsets 2 to 6" in stopped(pipeline)
    assert alerts(pipeline) == [("partition_stopped", stopped(pipeline))]
    assert accept(pipeline.uri, pipeline.kafka, 0) is None
    assert alerts(pipeline) == []
    pipeline.send(message("c"))
    assert [row.arrived.video_id for row in pipeline.claim().rows] == ["b", "c"]
    assert ledger_balance(pipeline.uri, pipeline.kafka).balances


def test_other_bytes_at_known_coordinates_stop_the_partition_until_accepted(pipeline) -> None:
    pipeline.send(message("a"), message("b"))
    pipeline.claim()
    pipeline.execute("UPDATE ledger SET payload_sha256 = 'other' WHERE message_offset = 1")
    pipeline.execute("UPDATE consumer_offsets SET next_offset = 0")
    pipeline.send(message("c"))
    assert pipeline.claim().rows == ()
    assert "other bytes at offset 1" in stopped(pipeline)
    assert alerts(pipeline) == [("partition_stopped", stopped(pipeline))]
    accept(pipeline.uri, pipeline.kafka, 0)
    assert [row.arrived.video_id for row in pipeline.claim().rows] == ["c"]
    found = ledger_balance(pipeline.uri, pipeline.kafka)
    assert (found.arrived, found.balances) == (3, True)


def test_known_messages_are_passed_over(pipeline) -> None:
    pipeline.send(message("a"), message("b"))
    pipeline.claim()
    pipeline.execute("UPDATE consumer_offsets SET next_offset = 0")
    pipeline.send(message("c"))
    assert pipeline.claim().count(None) == 1
    assert ledger_balance(pipeline.uri, pipeline.kafka).balances


def test_nothing_is_accepted_where_nothing_is_stopped(pipeline) -> None:
    pipeline.send(message())
    pipeline.claim()
    with pytest.raises(ConfigurationError, match=r"partition 0 .* is not stopped"):
        accept(pipeline.uri, pipeline.kafka, 0)


def test_a_stop_that_is_rolled_back_raises_no_alert(pipeline) -> None:
    pipeline.send(message())
    pipeline.claim()
    state = Broker(pipeline.kafka).describe()
    with pytest.raises(RuntimeError), transaction(pipeline.uri) as connection:
        assert stop(connection, state, 0, 1, "lost")
        raise RuntimeError
    assert (stopped(pipeline), alerts(pipeline)) == (None, [])
    with transaction(pipeline.uri) as connection:
        assert not stop(connection, state, 0, 99, "somebody moved it")
    assert alerts(pipeline) == []


def test_a_topic_made_anew_is_told_once_until_accepted(pipeline) -> None:
    pipeline.send(message("a"))
    pipeline.claim()
    assert alerts(pipeline) == []
    earlier = pipeline.row("SELECT topic_id FROM consumer_offsets")["topic_id"]
    pipeline.make_topic_anew()
    pipeline.send(message("b"))
    pipeline.claim()
    [(kind, detail)] = alerts(pipeline)
    assert kind == "topic_made_anew"
    assert f"its id was {earlier}" in detail
    assert "at and after partition 0: offset 1." in detail
    assert accept_new_topic(pipeline.uri, pipeline.kafka)
    pipeline.send(message("c"))
    assert pipeline.claim().count(None) == 1
    assert alerts(pipeline) == []
    assert not accept_new_topic(pipeline.uri, pipeline.kafka)


def test_a_stop_ends_with_its_topic_and_the_alert_of_the_new_one_names_it(pipeline) -> None:
    pipeline.send(message("a"))
    pipeline.claim()
    pipeline.execute("UPDATE consumer_offsets SET next_offset = 7")
    pipeline.send(message("b"))
    pipeline.claim()
    reason = stopped(pipeline)
    assert alerts(pipeline) == [("partition_stopped", reason)]
    pipeline.make_topic_anew()
    pipeline.send(message("c"))
    assert [row.arrived.video_id for row in pipeline.claim().rows] == ["c"]
    [(kind, detail)] = alerts(pipeline)
    assert (kind, reason in detail) == ("topic_made_anew", True)
    assert ledger_balance(pipeline.uri, pipeline.kafka).stopped == ()
