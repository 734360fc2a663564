"""Bronze's step where the layer itself is not concerned: what becomes of sources and of what it found."""

from __future__ import annotations

from pathlib import Path

import pytest

from datalake.adapters.media.children import MediaChildren
from datalake.adapters.memory.attempts import MemoryKnownContent
from datalake.chunks import Step
from datalake.contracts import VideoProgress
from datalake.embedded.process import free_port
from datalake.errors import BadVideo, SourceUnavailable
from datalake.steps.bronze import bronze_step
from tests.cases.product import arrived, settings
from tests.limits import ROOMY

LAST_ATTEMPT = 3
NEVER_STARTED = MediaChildren(slots=1, limits=ROOMY)


@pytest.fixture
def away(tmp_path: Path) -> VideoProgress:
    """A message about a video on a host that does not listen."""
    uri = f"http://127.0.0.1:{free_port()}/clip.mp4"
    return arrived(tmp_path / "clip.mp4", "report-only", {"uri": uri})


def step_of(folder: Path, attempt: int, media: MediaChildren = NEVER_STARTED) -> Step:
    changes = {"source_private_hosts": True, "source_max_attempts": LAST_ATTEMPT}
    return bronze_step(settings(folder, changes), attempt, media, MemoryKnownContent())


def test_a_source_that_is_away_is_tried_again(away: VideoProgress, tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailable):
        step_of(tmp_path, LAST_ATTEMPT - 1)(away)


def test_in_the_last_attempt_it_is_the_video_that_is_bad(away: VideoProgress, tmp_path: Path) -> None:
    with pytest.raises(BadVideo, match="source_unavailable") as raised:
        step_of(tmp_path, LAST_ATTEMPT)(away)
    assert raised.value.finding.evidence.startswith(f"attempt {LAST_ATTEMPT}: ")


def test_what_bronze_found_stops_the_video_or_goes_with_it(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"no media file")
    with MediaChildren(slots=1, limits=ROOMY) as media:
        step = step_of(tmp_path, 1, media)
        stopped, reported = (step(arrived(path, mode, {})) for mode in ("strict", "report-only"))
    assert stopped.outcome is not None and stopped.bronze is not None
    assert (stopped.outcome.kind, stopped.outcome.findings) == ("quarantined", stopped.bronze.findings)
    assert (stopped.outcome.reason, reported.outcome) == (stopped.bronze.blocking[0], None)
    assert reported.bronze is not None
    assert reported.bronze.findings == stopped.bronze.findings
