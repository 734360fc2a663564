from __future__ import annotations

from datalake.adapters.memory.lake import MemoryLake


def test_writes_are_counted_once_a_key() -> None:
    lake = MemoryLake()
    lake.put_bytes("k", b"first")
    lake.put_bytes("k", b"second")
    assert (lake.writes, lake.objects) == (1, {"k": b"first"})
