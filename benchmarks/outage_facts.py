"""What an outage did to Airflow's runs and to the other components."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from datalake.adapters import postgres
from datalake.embedded.parts import OpenStack

_RUNS = """
SELECT count(*) FILTER (WHERE dag_id = 'kafka_consumer' AND state = 'failed') AS failed_consumer_runs,
       count(*) FILTER (WHERE dag_id = 'video_process' AND state = 'failed') AS failed_process_runs,
       (SELECT max(try_number) FROM task_instance) AS most_tries
FROM dag_run
"""
_SPAWNED = re.compile(r"INFO spawned: '([\w-]+)'")


@dataclass(frozen=True)
class AirflowFacts:
    """Since the stack was made.

    Attributes:
        failed_consumer_runs: of `kafka_consumer`; there must be none.
        failed_process_runs: of `video_process`; the batch's next attempt goes on.
        most_tries: of one task.
    """

    failed_consumer_runs: int
    failed_process_runs: int
    most_tries: int


def airflow_facts(stack: OpenStack) -> AirflowFacts:
    """What Airflow's database says.

    Raises:
        DatabaseUnavailable: it is away.
    """
    with postgres.transaction(stack.airflow_database_uri) as connection:
        return AirflowFacts(**(postgres.row(connection, _RUNS) or {}))


def starts(log: Path) -> Counter[str]:
    """How often the supervisor has started each component."""
    return Counter(_SPAWNED.findall(log.read_text("utf-8")))
