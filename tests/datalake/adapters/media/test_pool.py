"""Children of a pool: at the same time, gone with their owner, ended with the video that they work for."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from threading import Event, get_ident

import pytest

from datalake.adapters.media.pool import ChildPool, tried_twice
from datalake.embedded.process import wait_until
from datalake.errors import BadVideo
from datalake.stopping import Stopped, StopSign, stoppable
from tests.limits import ROOMY

ROGUE = "tests.datalake.adapters.media.rogue_child"
NEVER_READY = "tests.datalake.adapters.media.rogue_starter"


@pytest.fixture
def pool() -> Iterator[ChildPool]:
    with ChildPool(1, ROOMY, entry=ROGUE) as pool:
        yield pool


@pytest.fixture
def in_thread() -> Iterator[Callable[..., Future[object]]]:
    """`in_thread(sign, step)` works on the sign's video; `future.result()` is what comes of it."""
    with ThreadPoolExecutor(1) as threads:

        def start(sign: StopSign, step: Callable[[], object]) -> Future[object]:
            def work() -> object:
                with stoppable(sign):
                    return step()

            return threads.submit(work)

        yield start


def pid(pool: ChildPool) -> int:
    with pool.lease() as child:
        return child.pid


def assert_gone(pid: int) -> None:
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def hung(pool: ChildPool) -> str:
    with pool.lease() as child, pytest.raises(BadVideo) as caught:
        child.request("hang", timeout_s=1.0)
    return caught.value.finding.code


def test_slots_work_at_the_same_time() -> None:
    with ChildPool(2, ROOMY, entry=ROGUE) as pool, ThreadPoolExecutor(2) as threads:
        started = time.monotonic()
        codes = [future.result() for future in [threads.submit(hung, pool) for _ in "ab"]]
        assert codes == ["decoder_hung", "decoder_hung"]
        assert time.monotonic() - started < 10


def test_closing_the_pool_ends_every_child() -> None:
    with ChildPool(2, ROOMY, entry=ROGUE) as pool, pool.lease() as first, pool.lease() as second:
        pids = [first.pid, second.pid]
    for pid in pids:
        assert_gone(pid)


def test_children_die_with_the_process_that_has_them_whatever_they_do() -> None:
    """A parent killed by SIGKILL, as Airflow's supervisor does, leaves no decoder behind."""
    code = (
        "import signal\n"
        "from datalake.adapters.media.pool import ChildPool\n"
        "from tests.limits import ROOMY\n"
        f"with ChildPool(4, ROOMY, entry={ROGUE!r}) as pool:\n"
        "    with pool.lease() as a, pool.lease() as b, pool.lease() as c, pool.lease() as d:\n"
        "        a.send('hang'), b.send('hang'), c.send('spin')\n"
        "        print(a.pid, b.pid, c.pid, d.pid, flush=True)\n"
        "        signal.pause()\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    with ExitStack() as opened:
        assert parent.stdout is not None
        opened.enter_context(parent.stdout)
        watched = [os.pidfd_open(int(one)) for one in parent.stdout.readline().split()]
        for descriptor in watched:
            opened.callback(os.close, descriptor)
        parent.kill()
        until = time.monotonic() + 1.0
        for descriptor in watched:
            left_s = max(0.0, until - time.monotonic())
            assert select.select([descriptor], [], [], left_s)[0], "a child outlived its parent"
        parent.wait()
    assert len(watched) == 4


def test_a_stop_from_another_thread_ends_the_child_and_no_other_one_is_tried(
    pool: ChildPool, in_thread: Callable[..., Future[object]]
) -> None:
    sign, asked, pids = StopSign(), Event(), []

    def hang() -> None:
        with pool.lease() as child:
            pids.append(child.pid)
            child.send("hang")
            asked.set()
            child.receive()

    stopped = in_thread(sign, lambda: tried_twice(hang))
    assert asked.wait(20)
    set_at = time.monotonic()
    sign.set()
    with pytest.raises(Stopped):
        stopped.result(5)
    assert time.monotonic() - set_at < 5
    assert len(pids) == 1
    assert_gone(pids[0])
    assert pid(pool) != pids[0]


def test_between_two_requests_a_stop_is_no_death_either(
    pool: ChildPool, in_thread: Callable[..., Future[object]]
) -> None:
    sign = StopSign()

    def asked_after_the_stop() -> None:
        with pool.lease() as child:
            sign.set()
            child.request("echo", value=1)

    with pytest.raises(Stopped):
        in_thread(sign, asked_after_the_stop).result(20)


def test_a_video_that_was_stopped_gets_no_child(
    pool: ChildPool, in_thread: Callable[..., Future[object]]
) -> None:
    before, sign = pid(pool), StopSign()
    sign.set()
    with pytest.raises(Stopped):
        in_thread(sign, lambda: pid(pool)).result(20)
    assert pid(pool) == before


def test_a_stop_also_ends_the_wait_for_a_child(
    pool: ChildPool, in_thread: Callable[..., Future[object]]
) -> None:
    sign = StopSign()
    with pool.lease():
        waiting = in_thread(sign, lambda: pid(pool))
        sign.set()
        with pytest.raises(Stopped):
            waiting.result(5)


def test_a_child_that_was_stopped_while_it_starts_is_no_trouble_of_the_machine(
    in_thread: Callable[..., Future[object]],
) -> None:
    sign = StopSign()
    with ChildPool(1, replace(ROOMY, timeout_s=1), entry=NEVER_READY) as pool:
        waiting = in_thread(sign, lambda: pid(pool))
        sign.set()
        with pytest.raises(Stopped):
            waiting.result(5)


def test_a_child_killed_at_once_is_not_used_again_while_it_is_dying(pool: ChildPool) -> None:
    with pool.lease() as child:
        child.kill_at_once()
        assert not child.is_alive
    assert pid(pool) != child.pid


def test_a_thread_is_not_served_while_it_waits_and_all_are_taken(pool: ChildPool) -> None:
    threads: list[int] = []

    def take() -> int:
        threads.append(get_ident())
        return pid(pool)

    with ThreadPoolExecutor(1) as others:
        with pool.lease():
            assert pool.serves(get_ident())
            later = others.submit(take)
            assert wait_until(lambda: bool(threads) and not pool.serves(threads[0]), 60)
        later.result(60)
        assert pool.serves(threads[0])
