"""A disk that is full: a clear error, nothing half; once there is space, the retry goes on where it was."""

from __future__ import annotations

import secrets
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from datalake import tasks
from datalake.adapters.postgres import execute, row, transaction
from datalake.embedded.postgres import PostgresServer
from datalake.embedded.process import free_port
from datalake.errors import DatabaseUnavailable, StoreUnavailable

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(600)]
ONE_WINDOW_AND_A_HALF = 192 * 1024


class SmallDisk:
    """A file system of its own, of which a file takes what a test wants to be gone."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._filler = path / "somebody-elses-file"

    def fill(self, left_bytes: int) -> None:
        """Leave about so much."""
        chunk = b"\0" * 4096
        with self._filler.open("ab", buffering=0) as file:
            while True:
                try:
                    if file.write(chunk) < len(chunk):
                        break
                except OSError:
                    break
        self.free(left_bytes)

    def free(self, freed_bytes: int | None = None) -> None:
        """Give back so much, or all."""
        size = self._filler.stat().st_size
        with self._filler.open("r+b") as file:
            file.truncate(0 if freed_bytes is None else max(0, size - freed_bytes))

    def files(self) -> dict[Path, int]:
        """Inodes of the files that are not the filler: another inode is another file."""
        found = (path for path in self.path.rglob("*") if path.is_file() and path != self._filler)
        return {path: path.stat().st_ino for path in found}


@pytest.fixture
def make_disk(tmp_path: Path) -> Iterator[object]:
    """Mounts a disk in memory: `make_disk(megabytes)`."""
    mounted: list[Path] = []

    def make(megabytes: int) -> SmallDisk:
        path = tmp_path / "disk"
        path.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}M,mode=0777", "tmpfs", str(path)]
        try:
            done = subprocess.run(command, capture_output=True, text=True)
        except FileNotFoundError:
            pytest.skip("there is no mount command")
        if done.returncode:
            pytest.skip(f"no disk can be mounted here: {done.stderr.strip()}")
        mounted.append(path)
        return SmallDisk(path)

    yield make
    for path in mounted:
        subprocess.run(["umount", "--lazy", str(path)], check=True)


@pytest.fixture
def disk(make_disk, world, configure) -> SmallDisk:
    """The disk that the lake is on, 4 MB."""
    disk = make_disk(4)
    configure(LAKE_URI=(disk.path / "lake").as_uri(), WINDOW_MAX_BYTES=1024**2, INTERVAL_S=0.2)
    return disk


def refused(disk: SmallDisk) -> object:
    words = (
        rf"the lake folder {disk.path}/lake cannot be written \(No space left on device\): free space there"
    )
    return pytest.raises(StoreUnavailable, match=words)


def test_bronze_says_which_disk_is_full_and_goes_on_when_it_is_not(world, disk: SmallDisk) -> None:
    video = world.good()
    (chunk,) = world.plan(video)
    disk.fill(left_bytes=video.stat().st_size // 2)
    for _ in range(2):
        with refused(disk):
            tasks.bronze(chunk)
        assert disk.files() == {}
    assert world.outcomes() == {video.name: (None, None)}
    assert world.row("SELECT code_errors FROM batches") == {"code_errors": 0}

    disk.free()
    tasks.gold(tasks.silver(tasks.bronze(chunk)))
    assert world.outcomes() == {video.name: ("done", None)}


def test_silver_keeps_the_windows_that_are_whole_and_does_the_others(world, disk: SmallDisk) -> None:
    video = world.good(frames=600)
    (chunk,) = world.plan(video)
    landed = tasks.bronze(chunk)
    disk.fill(left_bytes=ONE_WINDOW_AND_A_HALF)
    with refused(disk):
        tasks.silver(landed)
    written = {path: inode for path, inode in disk.files().items() if "silver" in path.parts}
    assert [path for path in written if path.suffix == ".parquet"], "a window is whole"
    assert not [path for path in disk.files() if ".scratch" in path.parts]
    assert world.outcomes() == {video.name: (None, None)}

    disk.free()
    tasks.gold(tasks.silver(landed))
    assert world.outcomes() == {video.name: ("done", None)}
    assert written.items() <= disk.files().items(), "nothing is written again"
    assert world.row("SELECT code_errors FROM batches") == {"code_errors": 0}


def test_a_full_postgresql_is_a_service_that_is_away(make_disk) -> None:
    disk = make_disk(160)
    options = {"min_wal_size": "32MB", "max_wal_size": "48MB", "shared_buffers": "16MB"}
    with PostgresServer(disk.path / "data", free_port(), secrets.token_hex(8), options) as server:
        uri = server.ensure_database("small")
        with transaction(uri) as connection:
            execute(connection, "CREATE TABLE kept (payload bytea)")
            execute(connection, "ALTER TABLE kept ALTER payload SET STORAGE EXTERNAL")
        disk.fill(left_bytes=2 * 1024**2)
        with (
            pytest.raises(DatabaseUnavailable, match="No space left on device"),
            transaction(uri) as connection,
        ):
            for _ in range(64):
                execute(connection, "INSERT INTO kept VALUES (%s)", (secrets.token_bytes(256 * 1024),))
        disk.free()
        with transaction(uri) as connection:
            assert row(connection, "SELECT count(*) AS rows FROM kept") == {"rows": 0}
            execute(connection, "INSERT INTO kept VALUES ('whole')")
