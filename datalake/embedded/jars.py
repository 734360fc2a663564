"""The jars of Apache Kafka: resolved from Maven Central by `jgo`, checked against a committed lock.

`kafka_jars.lock` has the format of `sha256sum`; `python -m datalake.embedded.jars --lock` rewrites it
after a change of `ENDPOINT`. The jars lie in a cache folder of the user, so that every checkout shares
them, and their hashes are checked at every start.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import tempfile
import warnings
from pathlib import Path

from datalake.embedded.process import ServerFailed
from datalake.settings import cache_folder

ENDPOINT = "org.apache.kafka:kafka_2.13:4.1.0+org.slf4j:slf4j-simple:1.7.36"
LOCK = Path(__file__).with_name("kafka_jars.lock")


def kafka_jars() -> list[Path]:
    """Every jar of the class path, downloaded if need be; each has the locked SHA-256.

    Raises:
        ServerFailed: the download failed, or what came is not what is locked.
    """
    locked = read_lock(LOCK)
    folder = cache_folder() / f"kafka-{_digest(LOCK)[:16]}"
    if not folder.exists():
        _download(folder, locked)
    _verify(folder, locked)
    return [folder / name for name in locked]


def read_lock(path: Path) -> dict[str, str]:
    """File name to SHA-256, in the order of the file."""
    lines = (line.split() for line in path.read_text("utf-8").splitlines() if line.strip())
    return {name: digest for digest, name in lines}


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _verify(folder: Path, locked: dict[str, str]) -> None:
    """Refuse a jar that is missing or has another hash."""
    wrong = [n for n, digest in locked.items() if not (folder / n).is_file() or _digest(folder / n) != digest]
    if wrong:
        raise ServerFailed(
            f"{', '.join(wrong)} in {folder} differ from {LOCK.name}; delete the folder and start again"
        )


def _resolve(folder: Path) -> list[Path]:
    """Ask Maven Central for the jars and all they depend on; `folder` takes jgo's own files."""
    os.environ.setdefault("M2_REPO", str(folder / "repository"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import jgo

        # not `jgo.build`: to sort jars into modules it would fetch a JDK from elsewhere
        return [artifact.resolve() for artifact in jgo.resolve(ENDPOINT)]


def _download(folder: Path, locked: dict[str, str]) -> None:
    """Fill a temporary folder and rename it, so that an interrupted download leaves nothing half."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".kafka-") as scratch:
        try:
            jars = _resolve(Path(scratch) / "jgo")
        except (OSError, ValueError, RuntimeError) as error:
            raise ServerFailed(f"Maven Central did not give the jars of Apache Kafka: {error}") from error
        fresh = Path(scratch) / "jars"
        fresh.mkdir()
        for jar in jars:
            shutil.copy2(jar, fresh / jar.name)
        _verify(fresh, locked)
        try:
            fresh.rename(folder)
        except OSError:
            if not folder.is_dir():  # another process was first: its jars are as good
                raise


def _write_lock() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        jars = sorted(_resolve(Path(scratch)), key=lambda jar: jar.name)
        LOCK.write_text("".join(f"{_digest(jar)}  {jar.name}\n" for jar in jars), "utf-8")


if __name__ == "__main__" and sys.argv[1:] == ["--lock"]:
    _write_lock()
