"""Kafka: every client here reads one properties file, and librdkafka's errors become ours."""

from datalake.adapters.kafka.broker import TOPIC_MAX_BYTES, Broker, Span, TopicState
from datalake.adapters.kafka.client import Kafka
from datalake.adapters.kafka.reader import EndOfPartition, OutOfRange, Reader, Record
from datalake.adapters.kafka.sender import DeliveryFailure, Sender

__all__ = [
    "TOPIC_MAX_BYTES",
    "Broker",
    "DeliveryFailure",
    "EndOfPartition",
    "Kafka",
    "OutOfRange",
    "Reader",
    "Record",
    "Sender",
    "Span",
    "TopicState",
]
