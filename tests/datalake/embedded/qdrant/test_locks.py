from __future__ import annotations

import threading

from datalake.embedded.qdrant.locks import SharedLock


def test_readers_are_together() -> None:
    lock, together = SharedLock(), threading.Barrier(3)

    def read() -> None:
        with lock.shared():
            together.wait(10)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    together.wait(10)  # breaks if the readers wait for each other
    for reader in readers:
        reader.join(10)


def test_a_writer_is_alone() -> None:
    lock, inside, seen = SharedLock(), [0], []

    def write() -> None:
        for _ in range(200):
            with lock.exclusive():
                inside[0] += 1
                seen.append(inside[0])
                inside[0] -= 1

    def read() -> None:
        for _ in range(200):
            with lock.shared():
                seen.append(inside[0] + 1)

    threads = [threading.Thread(target=action) for action in (write, write, read, read)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert seen == [1] * 800


def test_a_waiting_writer_goes_before_new_readers() -> None:
    lock, order = SharedLock(), []
    writing = threading.Thread(target=lambda: _note(lock.exclusive(), order, "writer"))
    reading = threading.Thread(target=lambda: _note(lock.shared(), order, "reader"))
    with lock.shared():
        writing.start()
        while lock._writers_waiting == 0:
            writing.join(0.001)
        reading.start()
        reading.join(0.05)
        assert order == []
    writing.join(10)
    reading.join(10)
    assert order == ["writer", "reader"]


def _note(lock: object, order: list[str], who: str) -> None:
    with lock:  # type: ignore[attr-defined]
        order.append(who)
