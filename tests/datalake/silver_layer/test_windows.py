"""Windows and damage, through the whole dataflow."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from datalake.adapters.memory.embedder import MemoryEmbedder
from datalake.adapters.memory.lake import MemoryLake
from datalake.adapters.ports import DecodedWindow, Frame, FrameSource, Sampling, Window
from datalake.contracts import Finding, SilverVideo
from datalake.errors import BadVideo, LeaseLost
from datalake.findings import finding
from datalake.silver_layer.windows import frame_sampling, frames
from tests.datalake.silver_layer.conftest import CountingFrameSource, rows_of, scene, video

Run = Callable[..., SilverVideo]
IMAGES = [scene(number) for number in range(8)]  # windows of 3, 3 and 2
DAMAGED = finding("decode_failed", "2 packets at 5.0 s")
HUNG = finding("decoder_hung", "no frame for 120 s")


class NoPictures(FrameSource):
    """A file that has nothing to decode, and may say why."""

    def __init__(self, *findings: Finding) -> None:
        self._findings = findings

    @property
    def findings(self) -> tuple[Finding, ...]:
        return self._findings

    def windows(self, sampling: Sampling) -> list[Window]:
        return []

    def decoded(self, window: Window) -> DecodedWindow:
        raise AssertionError("there is no window")


def test_the_settings_are_what_is_asked_of_the_source() -> None:
    assert frame_sampling("keyframe", 0.5, 10, 2**20, 60.0) == Sampling(0.5, 10, 2**20, 60.0, "keyframe")


def test_nothing_is_wanted_beyond_the_limits(run_silver: Run, lake: MemoryLake) -> None:
    limited = run_silver(CountingFrameSource(video(IMAGES)), duration_limit_s=5.0)
    assert [row.time_us for row in rows_of(lake, limited)] == [second * 1_000_000 for second in range(5)]
    lake.objects.clear()
    assert run_silver(CountingFrameSource(video(IMAGES)), max_frames=2).frame_count == 2


def test_strict_damage_stops_the_video_with_the_finding_itself(run_silver: Run, lake: MemoryLake) -> None:
    with pytest.raises(BadVideo) as raised:
        run_silver(CountingFrameSource(video(IMAGES), damage={1: DAMAGED}))
    assert raised.value.finding is DAMAGED
    assert not any(key.endswith("manifest.json") for key in lake.objects)


@pytest.mark.parametrize("mode", ["lenient", "report-only"])
def test_otherwise_what_is_whole_goes_on_and_the_rest_is_told_once(
    mode: str, run_silver: Run, lake: MemoryLake
) -> None:
    source = CountingFrameSource(video(IMAGES), damage={0: DAMAGED, 1: DAMAGED}, dies_at={2: HUNG})
    silver = run_silver(source, validation_mode=mode)
    assert [row.time_us // 1_000_000 for row in rows_of(lake, silver)] == [0, 1, 2, 3, 4, 5]
    assert [(one.code, one.evidence) for one in silver.findings] == [
        ("decode_failed", "2 packets at 5.0 s (+1 more)"),
        ("decoder_hung", "no frame for 120 s"),
    ]


@pytest.mark.parametrize("mode", ["lenient", "report-only"])
def test_a_window_over_which_our_own_code_failed_stops_the_video(
    mode: str, run_silver: Run, lake: MemoryLake
) -> None:
    failed = finding("code_failed", "ValueError: unheard-of format")
    with pytest.raises(BadVideo, match="code_failed"):
        run_silver(CountingFrameSource(video(IMAGES), dies_at={2: failed}), validation_mode=mode)
    assert not any(key.endswith("manifest.json") for key in lake.objects)


def test_a_fatal_finding_stops_a_lenient_video_and_a_warning_no_strict_one() -> None:
    fatal, warning = finding("no_frames", "none"), finding("broken_index", "at its end")
    frame = Frame(0, 0, scene(0))
    with pytest.raises(BadVideo, match="no_frames"):
        frames(DecodedWindow((frame,), (fatal,)), "lenient")
    assert frames(DecodedWindow((frame,), (fatal,)), "report-only") == [frame]
    assert frames(DecodedWindow((frame,), (warning,)), "strict") == [frame]


def test_a_retry_still_knows_the_damage_of_windows_that_were_finished(run_silver: Run) -> None:
    class BreaksOff(CountingFrameSource):
        def decoded(self, window: Window) -> DecodedWindow:
            if window.index == 2:
                raise LeaseLost("another task took over")
            return super().decoded(window)

    with pytest.raises(LeaseLost):
        run_silver(BreaksOff(video(IMAGES), damage={1: DAMAGED}), validation_mode="lenient")
    again = CountingFrameSource(video(IMAGES))
    silver = run_silver(again, validation_mode="lenient")
    assert (again.decoded_windows, silver.findings) == ([2], (DAMAGED,))


class LosesItsGpu(MemoryEmbedder):
    """Its GPU fails over the second batch."""

    @property
    def on_cpu_because(self) -> str:
        return "AcceleratorError: CUDA error" if len(self.batches) > 1 else ""


def test_a_gpu_that_fails_stops_no_video_and_is_told_also_after_a_retry(
    run_silver: Run, lake: MemoryLake
) -> None:
    silver = run_silver(CountingFrameSource(video(IMAGES)), embedder=LosesItsGpu())
    (found,) = silver.findings
    assert (found.code, found.severity) == ("embedded_on_cpu", "warning")
    assert found.evidence == "from 2.000 s on: AcceleratorError: CUDA error (+1 more)"
    del lake.objects[silver.manifest_key]
    again = run_silver(CountingFrameSource(video(IMAGES)))
    assert again == silver


@pytest.mark.parametrize("mode", ["strict", "lenient"])
def test_a_video_without_a_frame_is_a_bad_video(mode: str, run_silver: Run, lake: MemoryLake) -> None:
    with pytest.raises(BadVideo, match="no_frames"):
        run_silver(NoPictures(), validation_mode=mode)
    assert lake.objects == {}


@pytest.mark.parametrize(
    ("source", "codes", "windows"),
    [
        (NoPictures(), ["no_frames"], 0),
        (NoPictures(HUNG), ["decoder_hung", "no_frames"], 0),
        (CountingFrameSource(video(IMAGES[:1]), dies_at={0: HUNG}), ["decoder_hung", "no_frames"], 1),
    ],
    ids=["no window", "no window and why", "no frame"],
)
def test_report_only_finishes_the_work_without_a_frame_and_again(
    source: FrameSource, codes: list[str], windows: int, run_silver: Run, lake: MemoryLake
) -> None:
    silver = run_silver(source, validation_mode="report-only")
    assert (silver.frame_count, silver.kept_count, len(silver.part_keys)) == (0, 0, windows)
    assert [one.code for one in silver.findings] == codes
    assert rows_of(lake, silver) == []
    assert run_silver(source, validation_mode="report-only") == silver
