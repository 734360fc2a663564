from __future__ import annotations

import errno
import os
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from datalake.adapters.media import process
from datalake.adapters.media.pixel_files import Pixels
from datalake.adapters.media.pool import ChildPool
from datalake.adapters.media.process import Child
from datalake.errors import BadVideo, MachineBusy
from tests.datalake.adapters.media.reserving_child import RESERVED_BYTES
from tests.descriptors import open_files, open_inodes
from tests.limits import ROOMY

ROGUE = "tests.datalake.adapters.media.rogue_child"
LIMITS = replace(ROOMY, timeout_s=10, memory_bytes=2 * 1024**3, resident_bytes=400 * 1024**2)


@pytest.fixture
def pool() -> Iterator[ChildPool]:
    with ChildPool(1, LIMITS, entry=ROGUE) as pool:
        yield pool


def failure(pool: ChildPool, op: str, timeout_s: float | None = None) -> tuple[str, str, int]:
    with pool.lease() as child:
        with pytest.raises(BadVideo) as caught:
            child.request(op, timeout_s)
        return caught.value.finding.code, caught.value.finding.evidence, child.pid


def assert_gone(pid: int) -> None:
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_healthy_child_is_kept(pool: ChildPool) -> None:
    pids = set()
    for number in range(3):
        with pool.lease() as child:
            assert child.request("echo", value={"number": number}) == {"number": number}
            pids.add(child.pid)
    assert len(pids) == 1


def levels(first: int) -> list[int]:
    """Of a thousand pixels, rising."""
    return [number % 256 for number in range(first, first + 1000)]


def received(child: Child, first: int) -> Pixels:
    """A thousand pixels from the child."""
    child.send("pixels_from", first=first, size=1000)
    size, pixels = child.receive()
    assert size == 1000
    assert pixels.tolist() == levels(first)
    return pixels


def pixel_files() -> list[int]:
    """Open files of pixels, by inode."""
    return open_inodes("memfd:pixels")


def test_pixels_come_back_without_a_name_and_can_be_written(pool: ChildPool) -> None:
    with pool.lease() as child:
        pixels = received(child, 7)
    pixels += np.uint8(1)  # models warn about read-only arrays
    assert pixels.tolist() == levels(8)


def test_pixels_outlive_their_child_and_their_files_go_with_both(pool: ChildPool) -> None:
    before = pixel_files()
    with pool.lease() as child:
        first, second = received(child, 9), received(child, 8)
        del second  # its file is free to be used again
        child.kill()
        still_there = first.tolist()
        assert still_there == levels(9)
        del first
        assert pixel_files() == before


def test_a_request_without_an_answer_has_no_pixels(pool: ChildPool) -> None:
    with pool.lease() as child:
        received(child, 1)
        with pytest.raises(RuntimeError, match="`send` comes first"):
            child.receive()


def test_pixels_cannot_be_taken_away_from_their_reader(pool: ChildPool) -> None:
    with pool.lease() as child, pytest.raises(BadVideo, match=r"code_failed: .*Operation not permitted"):
        child.send("shrink")
        child.receive()


@pytest.mark.parametrize("op", ["boast", "leave_a_hole"])
def test_a_child_that_says_more_than_it_has_written_is_not_used_again(pool: ChildPool, op: str) -> None:
    with pool.lease() as child:
        pid = child.pid
        child.send(op)
        with pytest.raises(
            BadVideo, match=r"decoder_died: it gave an answer that cannot be true: .*; killed"
        ):
            child.receive()
    assert_gone(pid)


@pytest.mark.parametrize(
    "packet",
    [
        *("?", "\udcff", "[]", "1", '{"new": 1}', '{"finding": 1}', '{"finding": {"code": "new"}}'),
        '{"finding": {"code": "not_a_video", "evidence": "no child looks for that while it decodes"}}',
        *("{}", '{"result": 1}', '{"pixels_bytes": 0}', '{"error": 1}'),
        *(f'{{"result": 1, "pixels_bytes": {size}}}' for size in (-1, '"9"', "1e99", 2**70)),
    ],
)
def test_what_is_no_answer_costs_the_child(pool: ChildPool, packet: str) -> None:
    with pool.lease() as child:
        child.send("babble", packet=packet)
        with pytest.raises(BadVideo, match=r"decoder_died: it gave an answer that cannot be true: .*killed"):
            child.receive()
        assert not child.is_alive


def test_no_room_for_pixels_is_trouble_of_the_machine(pool: ChildPool) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with pool.lease() as child:
        resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
        try:
            with pytest.raises(MachineBusy, match="no room for pixels: Too many open files"):
                child.send("pixels_from", first=1, size=1)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize(
    ("op", "timeout_s", "code", "evidence"),
    [
        ("hang", 0.3, "decoder_hung", "time limit"),
        ("crash", None, "decoder_died", "SIGSEGV"),
        ("trip", None, "code_failed", "ValueError: unheard-of format"),
        ("give_up", None, "decoder_died", "InvalidDataError: "),
        ("eat", None, "decoder_out_of_memory", "CHILD_MEMORY_BYTES"),
        ("nibble", None, "decoder_out_of_memory", "MiB in use, CHILD_RESIDENT_BYTES allows 400 MiB; killed"),
        ("refuse", None, "decode_failed", "in the middle"),
    ],
)
def test_a_failure_costs_one_child_and_is_a_finding(
    pool: ChildPool, op: str, timeout_s: float | None, code: str, evidence: str
) -> None:
    found, told, pid = failure(pool, op, timeout_s)
    assert found == code
    assert evidence in told
    assert_gone(pid)
    with pool.lease() as successor:
        assert successor.request("echo", value=1) == 1


def test_memory_is_watched_on_after_a_look_for_which_no_descriptor_was_left(
    pool: ChildPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures = [OSError(errno.EMFILE, "Too many open files")]
    look = process.resident_bytes
    monkeypatch.setattr(process, "resident_bytes", lambda pid: _raised(failures) or look(pid))
    assert failure(pool, "nibble")[0] == "decoder_out_of_memory"
    assert failures == []


def _raised(failures: list[OSError]) -> None:
    if failures:
        raise failures.pop()


def test_where_our_own_code_failed_is_in_the_log(pool: ChildPool, caplog: pytest.LogCaptureFixture) -> None:
    found, told, _ = failure(pool, "trip")
    assert (found, told) == ("code_failed", "ValueError: unheard-of format")
    assert "raise ValueError(why * times)" in caplog.text


@pytest.mark.parametrize("why", ["é", "\x00", "\ud800"])
def test_an_error_however_long_and_strange_arrives_and_can_be_kept(pool: ChildPool, why: str) -> None:
    with pool.lease() as child:
        with pytest.raises(BadVideo, match="code_failed: ValueError") as caught:
            child.request("trip", why=why, times=100_000)
        evidence = caught.value.finding.evidence
    assert "\x00" not in evidence
    assert evidence.encode("utf-8")


def test_trouble_of_the_machine_in_a_child_is_no_videos(pool: ChildPool) -> None:
    with pool.lease() as child, pytest.raises(MachineBusy, match="No space left on device; free memory"):
        child.request("starve")


def test_cpu_time_is_limited_even_when_nobody_waits(pool: ChildPool) -> None:
    with pool.lease() as child:
        child.send("spin", timeout_s=1.0)
        child._process.wait(timeout=20)  # the kernel's work, not ours
        with pytest.raises(BadVideo, match="decoder_died: SIGXCPU"):
            child.receive()


def test_memory_is_watched_even_when_nobody_waits(pool: ChildPool) -> None:
    with pool.lease() as child:
        child.send("nibble")
        child._process.wait(timeout=20)
        with pytest.raises(BadVideo, match=r"decoder_out_of_memory: .*CHILD_RESIDENT_BYTES"):
            child.receive()


def test_memory_that_is_only_mapped_is_none_in_use(pool: ChildPool) -> None:
    with pool.lease() as child:
        assert child.request("reserve", size=2 * LIMITS.resident_bytes) == 2 * LIMITS.resident_bytes
        child.kill_if_too_large()
        assert child.is_alive


def test_an_answer_left_behind_never_reaches_the_next_user(pool: ChildPool) -> None:
    with pool.lease() as child:
        child.send("echo", value="mine")
    with pool.lease() as child:
        assert child.request("echo", value="yours") == "yours"


def test_a_child_that_died_idle_is_replaced_and_blames_nobody(pool: ChildPool) -> None:
    with pool.lease() as child:
        child.request("echo", value=1)
    child._process.kill()
    child._process.wait()
    with pool.lease() as successor:
        assert successor.request("echo", value=2) == 2


def test_secrets_stay_with_the_parent(pool: ChildPool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMTP_PASSWORD", "hunter2")
    with ChildPool(1, LIMITS, entry=ROGUE) as fresh, fresh.lease() as child:
        assert "SMTP_PASSWORD" not in child.request("environment")


def test_a_child_sees_the_gpu_that_its_parent_sees(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    with ChildPool(1, LIMITS, entry=ROGUE) as fresh, fresh.lease() as child:
        assert "CUDA_VISIBLE_DEVICES" in child.request("environment")


def test_what_a_gpus_driver_reserves_is_no_memory_of_the_files() -> None:
    reserving = "tests.datalake.adapters.media.reserving_child"
    with ChildPool(1, LIMITS, entry=reserving) as pool, pool.lease() as child:
        limit_bytes = child.request("limit")
    assert limit_bytes - LIMITS.memory_bytes == pytest.approx(RESERVED_BYTES, rel=0.01)


def test_a_child_that_cannot_start_is_trouble_of_the_machine() -> None:
    with (
        ChildPool(1, LIMITS, entry="tests.datalake.adapters.media.no_such_module") as pool,
        pytest.raises(MachineBusy, match=r"cannot start.*No module named"),
        pool.lease(),
    ):
        pass


def test_a_machine_without_free_files_is_busy_and_nothing_leaks() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    before = open_files()
    for spare in range(1, 4):  # no temporary file, then no channel, then no pipe to the child
        with _few_files_left(spare), pytest.raises(MachineBusy, match=r"Too many open files.*free"):
            Child(LIMITS, ROGUE)
    assert open_files() == before
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == (soft, hard)


@contextmanager
def _few_files_left(spare: int) -> Iterator[None]:
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken = [os.open("/dev/null", os.O_RDONLY)]
    resource.setrlimit(resource.RLIMIT_NOFILE, (taken[0] + spare, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        os.close(taken[0])


def test_a_child_that_waits_long_for_its_first_user_is_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_START_TIMEOUT_S", 5.0)
    child = Child(LIMITS, ROGUE)
    try:
        monkeypatch.setattr(process.time, "monotonic", lambda now=time.monotonic: now() + 3600)
        child.wait_until_ready()
        assert child.request("echo", value=1) == 1
    finally:
        child.kill()


def test_the_child_imports_neither_models_nor_airflow() -> None:
    child = Child(LIMITS)
    try:
        child.wait_until_ready()
        lines = Path(f"/proc/{child.pid}/maps").read_text().splitlines()
    finally:
        child.kill()
    libraries = {line.rpartition("/")[2] for line in lines if "/" in line}
    assert any("avcodec" in name for name in libraries)
    assert not any("torch" in name or "cv2" in name or "psycopg2" in name for name in libraries)
