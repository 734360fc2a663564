from __future__ import annotations

import pytest

from benchmarks.fault_suite.victims import WEIGHTS, Seen, kind_of

SUPERVISOR = Seen(1, 0, "", "python -m supervisor.supervisord -c supervisord.conf")
SCHEDULER = Seen(2, 1, "airflow-scheduler", "python -m airflow scheduler")
FORKSERVER = Seen(3, 2, "airflow-scheduler", "python -c from multiprocessing.forkserver import main")
WORKER = Seen(4, 3, "airflow-scheduler", "airflow worker -- LocalExecutor: 01a2")
TASK = Seen(5, 4, "airflow-scheduler", "airflow worker -- LocalExecutor: 01a2")
RUNNING = Seen(14, 4, "airflow-scheduler", "airflow worker -- 01a2")
CHILD = Seen(6, 5, "", "python -m datalake.adapters.media.child 7 5 4294967296 1")
POSTGRES = Seen(7, 1, "postgres", "/somewhere/bin/postgres -D data")
SESSION = Seen(8, 7, "", "postgres: datalake video_db 127.0.0.1(4711) idle")
HELPER = Seen(9, 7, "", "postgres: checkpointer")
TRIGGERER = Seen(10, 1, "airflow-triggerer", "python -m airflow triggerer")
TRIGGERS = Seen(11, 10, "airflow-triggerer", "python -m airflow triggerer")
KAFKA = Seen(12, 1, "kafka", "java -cp jars kafka.Kafka")
ORPHAN = Seen(13, 99, "airflow-api-server", "airflow api_server -- host:127.0.0.1")
ALL = [SUPERVISOR, SCHEDULER, FORKSERVER, WORKER, TASK, CHILD, POSTGRES, SESSION, HELPER]
ALL += [TRIGGERER, TRIGGERS, KAFKA, ORPHAN]


@pytest.mark.parametrize(
    ("process", "kind"),
    [
        (SUPERVISOR, None),
        (SCHEDULER, "scheduler"),
        (FORKSERVER, "scheduler helper"),
        (WORKER, "executor worker"),
        (TASK, "task"),
        (RUNNING, "task"),
        (CHILD, "media child"),
        (POSTGRES, "postgres"),
        (SESSION, "postgres session"),
        (HELPER, "postgres helper"),
        (TRIGGERER, "triggerer"),
        (TRIGGERS, "triggerer helper"),
        (KAFKA, "kafka"),
        (ORPHAN, "api server"),
    ],
)
def test_each_process_has_its_kind(process: Seen, kind: str | None) -> None:
    assert kind_of(process, {one.pid: one for one in ALL}) == kind
    assert kind is None or kind in WEIGHTS
