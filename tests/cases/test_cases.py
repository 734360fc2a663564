"""Every case of the table in every validation mode, through the real layers."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from datalake import factory
from datalake.adapters.embedders.batcher import MicroBatcher
from datalake.adapters.media.children import MediaChildren
from datalake.adapters.ports import FrameRow
from datalake.contracts import ValidationMode, VideoProgress
from datalake.findings import FINDINGS
from datalake.settings import Settings
from tests.cases.case import MODES, Case
from tests.cases.product import arrived, findings_of, settings, through
from tests.cases.table import CASES
from tests.clips import frame_number

# they need a server, a machine, a GPU or a model in trouble, and are tested beside what reports them
ELSEWHERE = {
    "source_unavailable",
    "source_unreadable",
    "decoder_hung",
    "decoder_died",
    "decoder_out_of_memory",
    "code_failed",
    "kills_worker",
    "embedding_failed",
    "embedded_on_cpu",
    "decoded_on_cpu",
    "frame_not_encodable",
    "derivative_failed",
}


def test_every_finding_has_a_case_and_every_case_a_name_of_its_own() -> None:
    named = {code for case in CASES for mode in MODES for code in case.ending(mode)[1]}
    assert named | ELSEWHERE == set(FINDINGS)
    assert not named & ELSEWHERE
    assert len({case.name for case in CASES}) == len(CASES) >= 40


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(
    case: Case, mode: ValidationMode, media: MediaChildren, embedder: MicroBatcher, tmp_path: Path
) -> None:
    config, path = settings(tmp_path, case.config), case.file(tmp_path)
    video = through(arrived(path, mode, case.message), config, media, embedder)
    assert video.error is None
    stopped, codes = case.ending(mode)
    assert tuple(sorted(one.code for one in findings_of(video))) == codes
    if stopped:
        assert (video.outcome.kind, video.outcome.reason) == ("quarantined", stopped)
        return
    assert video.outcome is None
    rows = stored_rows(video, config)
    expected = case.frames_in(mode)
    assert [row.time_us for row in rows] == [shown.time_us for shown in expected]
    assert video.silver.frame_count == len(expected)
    if case.is_numbered:
        numbers = {shown.time_us: shown.number for shown in expected}
        seen = {row.time_us: stored_number(row, case, config) for row in rows if row.frame_key}
        assert seen == {time_us: numbers[time_us] for time_us in seen}
        assert len(seen) == video.silver.kept_count


def stored_rows(video: VideoProgress, config: Settings) -> list[FrameRow]:
    """The rows of all parts, in order."""
    table = factory.build_frame_table(config)
    return [row for key in video.silver.part_keys for row in table.scores(key)]


def stored_number(row: FrameRow, case: Case, config: Settings) -> int:
    """The bar code of a stored image."""
    content = factory.build_lake(config).read_bytes(row.frame_key)
    image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    assert image.shape[:2] == (row.height_px, row.width_px)
    return frame_number(image, case.parts.look)
