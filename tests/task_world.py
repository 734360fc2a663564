"""What the tasks of `video_process` work on when they run without Airflow."""

from __future__ import annotations

from pathlib import Path

from datalake import tasks
from datalake.adapters.postgres import execute, row, rows, transaction
from tests.clips import clip

RUN = "manual__1"


class World:
    """One database and lake, with the few verbs that tests speak in."""

    def __init__(self, uri: str, videos: Path) -> None:
        self.uri, self.videos = uri, videos

    def row(self, sql: str) -> dict[str, object]:
        with transaction(self.uri) as connection:
            found = row(connection, sql)
        assert found is not None
        return found

    def rows(self, sql: str) -> list[dict[str, object]]:
        with transaction(self.uri) as connection:
            return rows(connection, sql)

    def execute(self, sql: str) -> None:
        with transaction(self.uri) as connection:
            execute(connection, sql)

    def good(self, frames: int = 60) -> Path:
        """A clip of `frames` frames at 30 a second; other lengths are other videos."""
        return clip(self.videos, frames=frames)

    def truncated(self) -> Path:
        whole = self.good(frames=45)
        path = self.videos / "cut.mp4"
        path.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
        return path

    def plan(self, *files: Path) -> list[dict[str, object]]:
        return tasks.plan({"uris": [file.as_uri() for file in files]}, RUN)

    def outcomes(self) -> dict[str, tuple[object, object]]:
        """(outcome, reason) by the name of the file."""
        found = self.rows("SELECT arrived->>'uri' AS uri, outcome, reason FROM ledger")
        return {Path(str(one["uri"])).name: (one["outcome"], one["reason"]) for one in found}
