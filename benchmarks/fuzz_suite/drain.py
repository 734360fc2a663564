"""Claims what is on the topic and publishes the dead letters, as the consumer does, until nothing is left."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from datalake.adapters.kafka import Kafka
from datalake.ingest.claim import claim
from datalake.ingest.cycle import limits
from datalake.ingest.dead_letters import publish_dead_letters
from datalake.settings import KafkaSettings


@dataclass
class Drained:
    """How many messages each claim took, what they became, and how long it lasted."""

    claims: int = 0
    messages: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    claim_s: float = 0.0
    letters: int = 0
    letters_s: float = 0.0


def drain(uri: str, kafka: Kafka, on_claimed: Callable[[int], None]) -> Drained:
    """Claim with the default limits until nothing is unread; `on_claimed` is told how many so far.

    Raises:
        TransientError: database or broker went away.
    """
    drained = Drained()
    taken = limits(KafkaSettings())
    started_s = time.monotonic()
    while claimed := claim(uri, kafka, taken):
        drained.claims += 1
        drained.messages += len(claimed.rows)
        drained.outcomes.update(row.outcome or "in_progress" for row in claimed.rows)
        on_claimed(drained.messages)
    drained.claim_s = time.monotonic() - started_s
    started_s = time.monotonic()
    tally = publish_dead_letters(uri, kafka)
    drained.letters = tally.published
    drained.letters_s = time.monotonic() - started_s
    return drained
