"""What waits for a slot of one of Airflow's pools: to a person, a stage that stands still."""

from __future__ import annotations

from dataclasses import dataclass

from datalake.adapters.postgres import rows, transaction
from datalake.embedded.parts import open_stack

# What was handed to the executor holds slots as well; -1 slots are endless.
_WAITS = """
WITH waiting AS (
    SELECT pool, task_id, count(*) AS tasks, min(pool_slots) AS wanted
    FROM task_instance WHERE state = 'scheduled' GROUP BY pool, task_id
), used AS (
    SELECT slot_pool.pool, slot_pool.slots, coalesce(sum(task_instance.pool_slots), 0)::int AS taken
    FROM slot_pool LEFT JOIN task_instance ON task_instance.pool = slot_pool.pool
         AND (state IN ('running', 'queued') OR (state = 'deferred' AND include_deferred))
    GROUP BY slot_pool.pool, slot_pool.slots
)
SELECT pool, task_id, tasks, slots, taken FROM waiting JOIN used USING (pool)
WHERE slots >= 0 AND taken + wanted > slots
ORDER BY pool, task_id
"""


@dataclass(frozen=True)
class PoolWait:
    """Tasks of one stage that are due, and wait for slots.

    Attributes:
        pool: whose slots they need.
        task_id: of the tasks.
        tasks: how many wait.
        slots: that the pool has.
        taken: of these slots.
    """

    pool: str
    task_id: str
    tasks: int
    slots: int
    taken: int

    def __str__(self) -> str:
        tasks = f"{self.tasks} task waits" if self.tasks == 1 else f"{self.tasks} tasks wait"
        return f"{self.task_id}: {tasks} for a slot of pool {self.pool} ({self.taken} of {self.slots} taken)"


def read_pool_waits(uri: str) -> list[PoolWait]:
    """What waits because a pool is full.

    Raises:
        DatabaseUnavailable: Airflow's database is away.
    """
    with transaction(uri) as connection:
        return [PoolWait(**one) for one in rows(connection, _WAITS)]


def pool_waits() -> list[PoolWait]:
    """The same of the stack on this machine.

    Raises:
        DatabaseUnavailable: Airflow's database is away.
    """
    return read_pool_waits(open_stack().airflow_database_uri)
