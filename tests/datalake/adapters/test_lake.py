from __future__ import annotations

import errno
import os
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import fsspec
import pytest
from moto.server import ThreadedMotoServer

from datalake.adapters.lake import FileLake, open_lake
from datalake.adapters.memory.lake import MemoryLake
from datalake.adapters.ports import Lake
from datalake.adapters.s3_lake import S3Lake
from datalake.errors import ConfigurationError, StoreUnavailable


@pytest.fixture(params=["file", "s3", "memory"])
def lake(request: pytest.FixtureRequest, tmp_path: Path) -> Lake:
    if request.param == "file":
        return FileLake(tmp_path / "lake")
    if request.param == "s3":
        endpoint, bucket = request.getfixturevalue("s3_endpoint"), request.getfixturevalue("s3_bucket")
        return S3Lake(f"{bucket}/some/prefix", endpoint)
    return MemoryLake()


def test_what_is_put_is_there(lake: Lake, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"a video")
    assert not lake.exists("bronze/ab/raw")
    lake.put_file("bronze/ab/raw", source)
    lake.put_bytes("silver/manifest.json", b"{}")
    assert lake.exists("bronze/ab/raw")
    assert lake.read_bytes("bronze/ab/raw") == b"a video"
    assert lake.read_bytes("silver/manifest.json") == b"{}"
    assert lake.uri("bronze/ab/raw").endswith("bronze/ab/raw")


def test_a_reader_can_seek(lake: Lake) -> None:
    lake.put_bytes("k", b"0123456789")
    with lake.open("k") as file:
        file.seek(4)
        assert file.read(3) == b"456"


def test_an_object_is_written_once(lake: Lake, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"second")
    lake.put_bytes("k", b"first")
    lake.put_file("k", source)
    lake.put_bytes("k", b"third")
    assert lake.read_bytes("k") == b"first"


def test_many_are_there_together_and_each_once(lake: Lake) -> None:
    lake.put_bytes("images/3", b"first")
    lake.put_many({f"images/{number}": bytes([number]) for number in range(20)})
    lake.put_many({})
    assert lake.read_bytes("images/3") == b"first"
    assert [lake.read_bytes(f"images/{number}") for number in (0, 7, 19)] == [b"\0", b"\7", b"\x13"]


@pytest.mark.parametrize("lake", ["file", "s3"], indirect=True)
def test_one_of_many_that_is_refused_is_an_error(lake: Lake, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="outside"):
        lake.put_many({"a": b"1", "../outside": b"2", "b": b"3"})
    if isinstance(lake, FileLake):
        assert list((tmp_path / "lake/.scratch").iterdir()) == [], "nothing half is left"


def test_a_local_path_has_the_bytes(lake: Lake) -> None:
    lake.put_bytes("a/b.bin", b"x" * 1000)
    with lake.local_path("a/b.bin") as path:
        assert path.read_bytes() == b"x" * 1000
    assert lake.read_bytes("a/b.bin") == b"x" * 1000


def test_scratch_goes_away_also_after_an_error(lake: Lake) -> None:
    with pytest.raises(ZeroDivisionError), lake.scratch() as folder:
        (folder / "file").write_bytes(b"x")
        raise ZeroDivisionError
    assert not folder.exists()


def test_a_missing_object_is_trouble_of_the_store(lake: Lake) -> None:
    lost = pytest.raises(StoreUnavailable, match=r"not/there is not in the lake")
    with lost:
        lake.read_bytes("not/there")
    with lost, lake.local_path("not/there"):
        pass
    with lost:
        lake.open("not/there")
    assert not lake.exists("not/there")


def test_an_object_that_cannot_be_read_is_trouble_of_the_store(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "loop").symlink_to("loop")
    lake = FileLake(tmp_path)
    for key in ("folder", "loop"):
        unreadable = pytest.raises(StoreUnavailable, match=rf"{key} cannot be read .*check the disk")
        with unreadable:
            lake.read_bytes(key)
        with unreadable:
            lake.open(key)
    with pytest.raises(StoreUnavailable), lake.local_path("loop"):
        pass


def test_a_file_that_fails_later_is_trouble_of_the_store(tmp_path: Path) -> None:
    (tmp_path / "memory").symlink_to("/proc/self/mem")  # opens well; its first page cannot be read: EIO
    with FileLake(tmp_path).open("memory") as file, pytest.raises(StoreUnavailable, match="memory cannot be"):
        file.read(1)


def test_an_s3_store_that_goes_away_later(s3_bucket: str, tmp_path: Path) -> None:
    with moto() as (server, endpoint):
        fsspec.filesystem("s3", endpoint_url=endpoint).mkdir("away")
        lake = S3Lake("away", endpoint)
        lake.put_bytes("k", b"0123456789")
        with lake.open("k") as file:
            server.stop()
            with pytest.raises(StoreUnavailable, match="S3_ENDPOINT_URL"):
                file.read(1)


@contextmanager
def moto() -> Iterator[tuple[ThreadedMotoServer, str]]:
    """An S3 endpoint that may be stopped."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield server, f"http://{host}:{port}"
    server.stop()


def test_scratch_of_killed_tasks_goes_after_a_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    lakes = {
        tmp_path / "lake/.scratch": FileLake(tmp_path / "lake"),
        tmp_path: S3Lake("bucket", "http://127.0.0.1:1"),
    }
    for parent, lake in lakes.items():
        old, busy, new = (parent / f"datalake-scratch-{name}" for name in ("old", "busy", "new"))
        for folder in (old, busy, new):
            folder.mkdir(parents=True)
            (folder / "raw").write_bytes(b"x")
        half = parent / "datalake-scratch-half"
        half.write_bytes(b"x")
        yesterday = time.time() - 25 * 3600
        for path in (old / "raw", old, busy, half):
            os.utime(path, (yesterday, yesterday))
        with lake.scratch() as mine:
            assert not old.exists() and not half.exists()
            assert busy.exists() and new.exists() and mine.exists()


def test_folders_of_others_in_tmp_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / "lake-house").mkdir()
    os.utime(tmp_path / "lake-house", (0, 0))
    with S3Lake("bucket", "http://127.0.0.1:1").scratch():
        assert (tmp_path / "lake-house").exists()


def test_many_writers_of_one_key_leave_one_whole_object(lake: Lake) -> None:
    together = threading.Barrier(6)

    def put(number: int) -> None:
        together.wait()
        lake.put_bytes("k", bytes([number]) * 50_000)

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(put, range(6)))
    content = lake.read_bytes("k")
    assert len(content) == 50_000
    assert len(set(content)) == 1


@pytest.mark.parametrize("key", ["", "/etc/passwd", "../outside", "a/../../b", ".scratch/x"])
def test_a_key_cannot_leave_the_lake(tmp_path: Path, key: str) -> None:
    with pytest.raises(ValueError, match="not a lake key"):
        FileLake(tmp_path).put_bytes(key, b"")


def test_publishing_on_the_same_disk_copies_nothing(tmp_path: Path) -> None:
    lake = FileLake(tmp_path)
    with lake.scratch() as folder:
        (folder / "big").write_bytes(b"x")
        inode = (folder / "big").stat().st_ino
        lake.put_file("k", folder / "big")
    assert (tmp_path / "k").stat().st_ino == inode


def test_publishing_from_another_disk_copies_whole(tmp_path: Path) -> None:
    shared_memory = Path("/dev/shm")
    if not shared_memory.exists() or shared_memory.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("needs a second file system")
    source = shared_memory / f"lake-test-{os.getpid()}"
    source.write_bytes(b"from afar")
    try:
        FileLake(tmp_path).put_file("a/k", source)
    finally:
        source.unlink()
    assert (tmp_path / "a/k").read_bytes() == b"from afar"
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["k"]


def test_a_full_disk_names_the_folder_and_the_remedy(tmp_path: Path) -> None:
    full = pytest.raises(StoreUnavailable, match=r"lake.*No space left on device.*free space")
    with full, FileLake(tmp_path / "lake").scratch():
        Path("/dev/full").write_bytes(b"x")
    assert list((tmp_path / "lake/.scratch").iterdir()) == []


def test_other_errors_in_scratch_are_not_the_lakes(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="broken pipe"), FileLake(tmp_path).scratch():
        raise OSError(errno.EPIPE, "broken pipe")


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "lake").write_text("a file where the folder should be")
    with pytest.raises(StoreUnavailable, match="check the folder"):
        FileLake(tmp_path / "lake").put_bytes("k", b"")


def test_the_uri_chooses_the_lake(tmp_path: Path, s3_endpoint: str, s3_bucket: str) -> None:
    relative = open_lake("file://.embedded/lake", tmp_path)
    relative.put_bytes("k", b"x")
    assert (tmp_path / ".embedded/lake/k").read_bytes() == b"x"
    absolute = open_lake(f"file://{tmp_path}/elsewhere", Path("/nowhere"))
    absolute.put_bytes("k", b"y")
    assert (tmp_path / "elsewhere/k").read_bytes() == b"y"
    assert open_lake(f"s3://{s3_bucket}", tmp_path, s3_endpoint).uri("k") == f"s3://{s3_bucket}/k"


@pytest.mark.parametrize("uri", ["ftp://host/lake", "lake", "s3://", ""])
def test_other_uris_are_refused(tmp_path: Path, uri: str) -> None:
    with pytest.raises(ConfigurationError, match="LAKE_URI"):
        open_lake(uri, tmp_path)


def test_a_bucket_that_is_not_there(s3_endpoint: str) -> None:
    with pytest.raises(StoreUnavailable, match="no such bucket"):
        S3Lake("no-such-bucket", s3_endpoint).put_bytes("k", b"")


def test_a_large_object_goes_up_in_parts(s3_endpoint: str, s3_bucket: str, tmp_path: Path) -> None:
    source = tmp_path / "source"
    with source.open("wb") as file:
        file.truncate(120 * 1024**2)
    lake = S3Lake(s3_bucket, s3_endpoint)
    lake.put_file("large", source)
    lake.put_file("large", source)
    with lake.local_path("large") as path:
        assert path.stat().st_size == 120 * 1024**2


@pytest.fixture
def s3_bucket(s3_endpoint: str) -> str:
    name = f"lake-{uuid.uuid4().hex[:12]}"
    fsspec.filesystem("s3", endpoint_url=s3_endpoint).mkdir(name)
    return name
