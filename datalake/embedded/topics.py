"""What the broker must hold before anything reads from it."""

from __future__ import annotations

from datalake import settings
from datalake.adapters.kafka import Broker, Kafka
from datalake.embedded.kafka import KafkaServer


def prepare_topics(server: KafkaServer) -> None:
    """Make the topics that the settings name on a broker of ours; those that exist stay as they are.

    Raises:
        BrokerUnavailable: no answer, or the broker refuses.
    """
    names = settings.read(settings.KafkaSettings, settings.home() / ".env")
    login = server.client_properties()
    kafka = Kafka(login, names.kafka_topic, names.kafka_dead_letter_topic, names.kafka_group_id)
    Broker(kafka).ensure_topics()
