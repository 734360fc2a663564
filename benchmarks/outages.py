"""Services go away under load and come back: does the pipeline go on by itself?

    python -m benchmarks.outages                                 all cases, 60 seconds each (half an hour)
    python -m benchmarks.outages --seconds 10 --only kafka all   two cases, shorter; nothing is written

A whole stack runs in a temporary home, with its lake in an S3 store. In each case videos are in silver
when the parts are killed (the S3 store: frozen, so that it accepts connections and never answers), and more
messages are sent meanwhile. A case is over when every message has ended, with its letters and mails. At the
end the audit of the fault suite looks at everything. The result goes to benchmarks/results/outages.json.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import fsspec

from benchmarks.clips import Recipe, clip
from benchmarks.fault_suite.audit import audit
from benchmarks.fault_suite.experiment import CLIPS, SIZE
from benchmarks.fault_suite.facts import collect
from benchmarks.fault_suite.faults import Hit
from benchmarks.fault_suite.producer import ProducerProcess
from benchmarks.fault_suite.progress import glance, in_silver
from benchmarks.fault_suite.traffic import RECEIVER, Message, plan
from benchmarks.machine import machine
from benchmarks.outage import ComponentOutage, FrozenProcess, Outage, away
from benchmarks.outage_facts import AirflowFacts, airflow_facts, starts
from benchmarks.own_stack import own_stack
from datalake.demo.scene import Scene
from datalake.embedded.parts import open_stack
from datalake.embedded.process import LOOPBACK, free_port, is_listening, wait_until
from datalake.embedded.samples import samples_folder
from datalake.embedded.stack import StackState
from datalake.errors import TransientError

RESULTS = Path(__file__).parent / "results" / "outages.json"
SECONDS = 60.0
RECOVERY_S = 600.0
MESSAGES = 10
# Airflow's processes may start again when their database comes back, and once more for good measure.
MOST_STARTS = 4
BUCKET = "lake"
PARTS = ("kafka", "postgres", "qdrant", "smtp", "object-store")
CASES: Mapping[str, Sequence[str]] = {**{name: (name,) for name in PARTS}, "all": PARTS}
_SEED = 1

Say = Callable[[str], None]


@dataclass(frozen=True)
class Result:
    """One case.

    Attributes:
        case: its name.
        away_s: how long the parts were away.
        recovered_s: from their return until everything had ended; None: not in time.
        starts: how often other components were started from the beginning of the outage on.
        airflow: what Airflow's database says about all runs so far.
        troubles: what must not be.
    """

    case: str
    away_s: float
    recovered_s: float | None
    starts: dict[str, int]
    airflow: AirflowFacts
    troubles: list[str]


@contextmanager
def object_store() -> Iterator[tuple[str, FrozenProcess]]:
    """An S3 server with an empty bucket: its URL, and its outage.

    Raises:
        TransientError: it did not start.
    """
    port = free_port()
    url = f"http://{LOOPBACK}:{port}"
    command = [sys.executable, "-m", "moto.server", "-H", LOOPBACK, "-p", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            if not wait_until(lambda: is_listening(port), 120, lambda: server.poll() is None):
                raise TransientError("the S3 server did not start")
            fsspec.filesystem("s3", endpoint_url=url, key="none", secret="none").mkdir(BUCKET)
            yield url, FrozenProcess("object-store", server.pid)
        finally:
            server.kill()


@dataclass
class Outages:
    """The cases on one running stack.

    Args:
        state: of the stack.
        store: the outage of its S3 server.
        say: takes a line of progress.
    """

    state: StackState
    store: FrozenProcess
    say: Say
    hits: list[Hit] = field(default_factory=list)
    sent: int = 0

    def __post_init__(self) -> None:
        self._stack = open_stack()
        self._scene = Scene.of_stack(self.state)
        components = [ComponentOutage(self._stack, name) for name in PARTS if name != self.store.name]
        self._parts: dict[str, Outage] = {part.name: part for part in (*components, self.store)}

    def run(self, cases: Sequence[str], seconds: float, folder: Path) -> dict[str, Any]:
        """Every case, then the audit; a report."""
        samples_folder().mkdir(parents=True, exist_ok=True)
        clips = [clip(2 + seed % 3, seed, Recipe(SIZE)) for seed in range(CLIPS)]
        total = MESSAGES * len(cases)
        traffic = plan(total, 0.0, 0.1, random.Random(_SEED), clips, samples_folder())
        with ProducerProcess(folder / "receipts.jsonl", folder / "producer.log") as producer:
            results = [
                self._case(case, seconds, traffic.order[start : start + MESSAGES], producer)
                for case, start in zip(cases, range(0, total, MESSAGES), strict=True)
            ]
            producer.finish(60)
            receipts = producer.receipts()
        drained_s = results[-1].recovered_s
        found = collect(self._scene, self.state.mails, traffic, receipts, self.hits, drained_s)
        checks = [asdict(check) | {"is_kept": check.is_kept} for check in audit(found)]
        kept = all(check["is_kept"] for check in checks) and not any(result.troubles for result in results)
        return {
            "verdict": "kept" if kept else "broken",
            "machine": machine(),
            "cases": [asdict(result) for result in results],
            "checks": checks,
        }

    def _case(
        self, case: str, seconds: float, messages: Sequence[Message], producer: ProducerProcess
    ) -> Result:
        half = len(messages) // 2
        self._send(producer, messages[:half])
        was_at_work = wait_until(self._is_at_work, RECOVERY_S)
        self.say(f"{case}: away for {seconds:.0f} s")
        log = self.state.logs / "supervisord.log"
        before = starts(log)
        with away([self._parts[name] for name in CASES[case]]):
            away_at = time.time()
            self._send(producer, messages[half:])
            time.sleep(seconds)
        self.hits.append(Hit(away_at, "outage", case, 0, lasted_s=time.time() - away_at))
        back_at = time.monotonic()
        is_over = wait_until(self._is_over, RECOVERY_S)
        recovered_s = round(time.monotonic() - back_at, 1) if is_over else None
        started = {name: count for name, count in (starts(log) - before).items() if name not in CASES[case]}
        found = airflow_facts(self._stack)
        self.say(f"{case}: recovered in {recovered_s} s; starts {started}; {found}")
        troubles = [] if was_at_work else ["silver was at none of the videos when the parts went away"]
        troubles += _troubles(recovered_s, started, found)
        return Result(case, seconds, recovered_s, started, found, troubles)

    def _send(self, producer: ProducerProcess, messages: Sequence[Message]) -> None:
        producer.send([(message.key, message.payload) for message in messages])
        self.sent += len(messages)

    def _is_at_work(self) -> bool:
        """All are claimed, and silver is at some of them, which has the most to lose when services go."""
        uri = self._scene.postgres_uri
        with suppress(TransientError):
            return glance(uri).claimed >= self.sent and in_silver(uri) > 0
        return False

    def _is_over(self) -> bool:
        with suppress(TransientError):
            looked = glance(self._scene.postgres_uri)
            return looked.ended == self.sent and not looked.outbox
        return False


def _troubles(recovered_s: float | None, started: Mapping[str, int], found: AirflowFacts) -> list[str]:
    troubles = [] if recovered_s is not None else ["something was still under way"]
    if found.failed_consumer_runs:
        troubles.append(f"{found.failed_consumer_runs} runs of kafka_consumer failed")
    troubles += [
        f"{name} was started {count} times" for name, count in started.items() if count > MOST_STARTS
    ]
    return troubles


def measure(cases: Sequence[str], seconds: float, folder: Path, say: Say) -> dict[str, Any]:
    """Run these cases on a stack of their own in `folder`; a report.

    Raises:
        PipelineError: the stack did not start.
    """
    home = folder / "home"
    home.mkdir(parents=True)
    (home / ".env").write_text(
        f"EMAIL_RECEIVER={RECEIVER}\nCLAIM_MAX_WAIT_S=3\nLAKE_URI=s3://{BUCKET}\n", "utf-8"
    )
    with object_store() as (url, store):
        variables = {"S3_ENDPOINT_URL": url, "AWS_ACCESS_KEY_ID": "none", "AWS_SECRET_ACCESS_KEY": "none"}
        with own_stack(home, say, variables) as state:
            return Outages(state, store, say).run(cases, seconds, folder)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure; 1 when a promise was broken."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.outages",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seconds", type=float, default=SECONDS, help="how long parts are away (60)")
    parser.add_argument("--only", nargs="+", choices=list(CASES), default=list(CASES), help="these cases")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="outages-", ignore_cleanup_errors=True) as folder:
        report = measure(options.only, options.seconds, Path(folder), _say)
    text = json.dumps(report, indent=1)
    sys.stdout.write(text + "\n")
    if options.only == list(CASES) and options.seconds == SECONDS:
        RESULTS.write_text(text + "\n", "utf-8")
    return int(report["verdict"] != "kept")


def _say(line: str) -> None:
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {line}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
