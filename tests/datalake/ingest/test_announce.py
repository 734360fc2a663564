from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from datalake.adapters.kafka import Kafka
from datalake.errors import BrokerUnavailable, ConfigurationError, TopicMissing
from datalake.ingest.announce import Report, announce, messages
from datalake.ingest.announcements import Announcement

VIDEOS = [
    Announcement({"video_id": name, "platform": "instagram", "uri": f"file:///v/{name}.mp4"})
    for name in ("a", "b")
]


def test_a_count_cuts_the_list_or_begins_it_again_under_new_ids() -> None:
    assert [key for key, _ in messages(VIDEOS, None)] == [b"instagram/a", b"instagram/b"]
    assert [key for key, _ in messages(VIDEOS, 1)] == [b"instagram/a"]
    again = [key.decode() for key, _ in messages(VIDEOS, 5)]
    assert again == ["instagram/a", "instagram/b", "instagram/a-2", "instagram/b-2", "instagram/a-3"]


def test_a_report_that_does_not_add_up_is_no_success() -> None:
    assert Report(2, 2, 0).is_success
    assert not Report(2, 1, 1).is_success
    assert not Report(2, 1, 0).is_success


@pytest.mark.kafka
@pytest.mark.postgres
def test_everything_sent_is_delivered_and_claimed(make_pipeline: Callable) -> None:
    pipeline = make_pipeline(partitions=3)
    seen: list[tuple[int, int]] = []
    report = announce(pipeline.kafka, VIDEOS, count=100, on_progress=lambda *now: seen.append(now))
    assert report == Report(100, 100, 0)
    assert seen[-1] == (100, 100)
    assert pipeline.claim().count(None) == 100
    assert {bytes(row["message_key"]) for row in pipeline.rows("SELECT message_key FROM ledger")} >= {
        b"instagram/a",
        b"instagram/b-50",
    }


@pytest.mark.kafka
@pytest.mark.postgres
def test_a_rate_is_kept(pipeline) -> None:
    start = time.monotonic()
    announce(pipeline.kafka, VIDEOS, count=11, rate=20)
    assert time.monotonic() - start >= 0.5


def test_an_unreachable_broker_is_said_at_once() -> None:
    kafka = Kafka({"bootstrap.servers": "127.0.0.1:1"}, "t", "d", "g")
    start = time.monotonic()
    with pytest.raises(BrokerUnavailable, match=r"127\.0\.0\.1:1 cannot be reached"):
        announce(kafka, VIDEOS)
    assert time.monotonic() - start < 5


@pytest.mark.kafka
def test_a_wrong_password_is_said_at_once(kafka_sasl: dict[str, str]) -> None:
    kafka = Kafka({**kafka_sasl, "sasl.password": "wrong"}, "t", "d", "g")
    start = time.monotonic()
    with pytest.raises(ConfigurationError, match=r"refuses the login: check sasl\.username"):
        announce(kafka, VIDEOS)
    assert time.monotonic() - start < 5


@pytest.mark.kafka
@pytest.mark.postgres
def test_a_missing_topic_is_named(pipeline) -> None:
    with pytest.raises(TopicMissing, match="no topic nowhere"):
        announce(replace(pipeline.kafka, topic="nowhere"), VIDEOS)
