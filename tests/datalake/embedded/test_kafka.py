from __future__ import annotations

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from datalake.adapters.kafka import Broker, Kafka
from datalake.adapters.kafka.broker import TOPIC_MAX_BYTES
from datalake.embedded.kafka import KafkaServer
from datalake.embedded.process import free_ports

pytestmark = pytest.mark.kafka


def send(properties, topic, value):
    errors = []
    producer = Producer({**properties, "enable.idempotence": True, "message.max.bytes": TOPIC_MAX_BYTES})
    producer.produce(topic, value, partition=0, on_delivery=lambda error, _: errors.append(error))
    assert producer.flush(20) == 0
    return errors


def read(properties, topic):
    consumer = Consumer({**properties, "group.id": "reader", "enable.auto.commit": False})
    consumer.assign([TopicPartition(topic, 0, 0)])
    message = consumer.poll(20)
    consumer.close()
    assert message is not None and message.error() is None
    return message.value()


def test_a_large_message_arrives(kafka_server, kafka_topic):
    large = b"x" * (15 * 1024 * 1024)
    assert send(kafka_server.client_properties(), kafka_topic, large) == [None]
    assert read(kafka_server.client_properties(), kafka_topic) == large


def test_the_secure_listener_serves_the_same_topics(kafka_sasl, kafka_bootstrap, kafka_topic):
    assert send(kafka_sasl, kafka_topic, b"secret") == [None]
    assert read({"bootstrap.servers": kafka_bootstrap}, kafka_topic) == b"secret"


def test_a_wrong_password_is_refused(kafka_sasl):
    errors = []
    wrong = {**kafka_sasl, "sasl.password": "wrong", "log_level": 0, "error_cb": errors.append}
    admin = AdminClient(wrong)
    for _ in range(50):
        admin.poll(0.2)
        if errors:
            break
    assert errors[0].name() == "_AUTHENTICATION"


def test_acknowledged_messages_outlive_kill_9(tmp_path):
    port, controller_port = free_ports(2)
    with KafkaServer(tmp_path / "kafka", port, controller_port, heap="256m") as server:
        Broker(Kafka(server.client_properties(), "durable", "letters", "test")).ensure_topics(1)
        assert send(server.client_properties(), "durable", b"kept") == [None]
        server.kill()
        server.start()
        assert read(server.client_properties(), "durable") == b"kept"
