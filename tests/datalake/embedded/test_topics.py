from __future__ import annotations

import uuid

import pytest
from confluent_kafka.admin import AdminClient

from datalake.embedded.topics import prepare_topics


@pytest.mark.kafka
def test_the_topics_have_the_names_that_dotenv_gives(kafka_server, tmp_path, monkeypatch):
    for name in ("KAFKA_TOPIC", "KAFKA_DEAD_LETTER_TOPIC"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DATALAKE_HOME", str(tmp_path))
    work, letters = f"work-{uuid.uuid4().hex}", f"letters-{uuid.uuid4().hex}"
    (tmp_path / ".env").write_text(f"KAFKA_TOPIC={work}\nKAFKA_DEAD_LETTER_TOPIC={letters}\n")
    for _ in range(2):
        prepare_topics(kafka_server)
    found = AdminClient(kafka_server.client_properties()).list_topics(timeout=10).topics
    assert (len(found[work].partitions), len(found[letters].partitions)) == (3, 1)
