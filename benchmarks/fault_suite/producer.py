"""Sends what it is told on stdin, and appends the broker's receipt for each message to a file.

    python -m benchmarks.fault_suite.producer RECEIPTS.jsonl

A line of stdin is JSON with `key` and `payload`, both base64; the end of stdin ends it once every message has
its receipt. It is a client like any other: own process, settings of the home, whatever befalls the broker.
"""

from __future__ import annotations

import json
import subprocess
import sys
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Self

from confluent_kafka import KafkaError, Message, Producer

from datalake import settings
from datalake.adapters.kafka import Kafka
from datalake.embedded.process import python_argv
from datalake.errors import BrokerUnavailable

_DELIVERY_TIMEOUT_MS = 600_000  # longer than every outage: a message that is given up may be there or not


@dataclass(frozen=True)
class Receipt:
    """What the broker said about one message; without an error, the message is at these coordinates."""

    sha256: str
    partition: int | None
    offset: int | None
    error: str | None = None


class ProducerProcess:
    """The producer as a child; a context manager that waits for the last receipt.

    Args:
        receipts: file that it appends to.
        log: file for what it has to say.
    """

    def __init__(self, receipts: Path, log: Path) -> None:
        self._receipts = receipts
        self._log = log.open("ab")
        self._child = subprocess.Popen(
            python_argv("benchmarks.fault_suite.producer", receipts),
            cwd=settings.PROJECT_ROOT,
            stdin=subprocess.PIPE,
            stderr=self._log,
            text=True,
            start_new_session=True,  # Ctrl-C is for us
        )

    def send(self, messages: Sequence[tuple[bytes, bytes]]) -> None:
        """Hand over keys and payloads; does not wait for the broker."""
        assert self._child.stdin is not None
        for key, payload in messages:
            line = {"key": b64encode(key).decode(), "payload": b64encode(payload).decode()}
            self._child.stdin.write(json.dumps(line) + "\n")
        self._child.stdin.flush()

    def receipts(self) -> list[Receipt]:
        """What the broker has confirmed so far."""
        if not self._receipts.exists():
            return []
        lines = self._receipts.read_text("utf-8").split("\n")[:-1]
        return [Receipt(**json.loads(line)) for line in lines]

    def finish(self, timeout_s: float) -> None:
        """Return when every message has its receipt.

        Raises:
            BrokerUnavailable: not in time, or the producer failed.
        """
        assert self._child.stdin is not None
        self._child.stdin.close()
        try:
            code = self._child.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise BrokerUnavailable(f"Kafka has not confirmed everything within {timeout_s:.0f} s") from None
        if code:
            raise BrokerUnavailable(f"the producer ended with {code}; see {self._log.name}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._child.kill()
        self._child.wait()
        self._log.close()


def main(receipts: Path) -> None:
    """Send until stdin ends."""
    kafka = Kafka.from_settings(settings.load().kafka)
    ours = {"enable.idempotence": True, "delivery.timeout.ms": _DELIVERY_TIMEOUT_MS, "log_level": 2}
    producer = Producer({**kafka.properties, **ours})
    with receipts.open("a", encoding="utf-8", buffering=1) as file:

        def note(error: KafkaError | None, message: Message) -> None:
            digest = sha256(message.value() or b"").hexdigest()
            receipt = Receipt(digest, message.partition(), message.offset(), str(error) if error else None)
            file.write(json.dumps(asdict(receipt)) + "\n")

        for line in sys.stdin:
            message = {name: b64decode(text) for name, text in json.loads(line).items()}
            producer.produce(kafka.topic, message["payload"], message["key"], on_delivery=note)
            producer.poll(0)
        while producer.flush(1):
            pass


if __name__ == "__main__":
    main(Path(sys.argv[1]))
