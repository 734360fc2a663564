"""The whole dataflow on fakes: its shape, its results, its promises."""

from __future__ import annotations

import gc
import json
import weakref
from collections.abc import Callable, Sequence

import cv2
import numpy as np
import pytest

from datalake.adapters.memory.embedder import MemoryEmbedder
from datalake.adapters.memory.lake import MemoryLake
from datalake.adapters.ports import Frame, FrameRow, FrameSource, Window
from datalake.common_func import point_id
from datalake.contracts import SilverVideo, WorkIdentity
from datalake.errors import BadVideo, LeaseLost
from datalake.findings import finding
from datalake.frame_parts import read_frames
from datalake.pipeline import build
from datalake.silver_layer.manifest import silver_video_from_manifest
from tests.datalake.silver_layer.conftest import CountingFrameSource, grainy, scene, video

Run = Callable[..., SilverVideo]
CUT_SCENE = [scene(number) for number in range(7)]
STILL_SCENE = [grainy(scene(1), seed) for seed in range(7)]


def rows_of(lake: MemoryLake, silver: SilverVideo) -> list[FrameRow]:
    return [row for key in silver.part_keys for row in read_frames(lake, key)]


def test_the_graph_has_one_expansion_and_no_node_both_decodes_and_writes() -> None:
    nodes = [node for node in build("silver").list_available_variables() if not node.is_external_input]
    assert len(nodes) >= 12
    effects = {node.name: node.tags["effect"] for node in nodes if "effect" in node.tags}
    assert effects == {
        "frames": "decodes",
        "embeddings": "embeds",
        "stored_images": "writes",
        "stored_part": "writes",
        "stored_manifest": "writes",
    }
    takers = {
        port: {node.name for node in nodes if port in node.required_dependencies}
        for port in ("frame_source", "lake")
    }
    assert takers["frame_source"] == {"windows", "frames"}
    assert takers["lake"] == {"finished_windows", "stored_images", "stored_part", "stored_manifest"}


def test_every_scene_of_a_cut_video_is_kept(run_silver: Run, lake: MemoryLake) -> None:
    silver = run_silver(CountingFrameSource(video(CUT_SCENE)))
    assert (silver.frame_count, silver.kept_count, silver.vector_dim) == (7, 7, 4)
    rows = rows_of(lake, silver)
    assert [row.time_us for row in rows] == [second * 1_000_000 for second in range(7)]
    assert [row.pts for row in rows] == [second * 25 for second in range(7)]
    assert [row.point_id for row in rows] == [point_id(silver.work, row.time_us) for row in rows]
    assert all(row.frame_key in lake.objects for row in rows)
    expected = MemoryEmbedder().embed(CUT_SCENE)
    assert [row.vector.tolist() for row in rows] == [each.vector.tolist() for each in expected]


def test_a_still_scene_is_one_frame_a_window(run_silver: Run, lake: MemoryLake) -> None:
    silver = run_silver(CountingFrameSource(video(STILL_SCENE)))
    assert (silver.frame_count, silver.kept_count, len(silver.part_keys)) == (7, 3, 3)
    repeats = [row for row in rows_of(lake, silver) if row.duplicate_of_us is not None]
    assert [row.duplicate_of_us for row in repeats] == [0, 0, 3_000_000, 3_000_000]
    assert {(row.point_id, row.frame_key, row.vector, row.labels) for row in repeats} == {
        (None, None, None, ())
    }
    assert sum(key.endswith(".jpg") for key in lake.objects) == 3


def test_when_every_bit_may_differ_one_frame_a_window_is_kept(run_silver: Run) -> None:
    silver = run_silver(CountingFrameSource(video(CUT_SCENE)), duplicate_max_bits=64)
    assert silver.kept_count == 3


def test_the_stored_picture_is_the_decoded_one(run_silver: Run, lake: MemoryLake) -> None:
    silver = run_silver(CountingFrameSource(video(CUT_SCENE)), jpeg_quality=100)
    for row, image in zip(rows_of(lake, silver), CUT_SCENE, strict=True):
        stored = cv2.imdecode(np.frombuffer(lake.objects[row.frame_key], np.uint8), cv2.IMREAD_COLOR)
        difference = np.abs(cv2.cvtColor(stored, cv2.COLOR_BGR2RGB).astype(int) - image)
        assert difference.mean() < 3  # chroma is stored at half size; swapped channels would differ by 80
        assert stored.shape == image.shape


def test_running_twice_changes_nothing(run_silver: Run, lake: MemoryLake) -> None:
    source = CountingFrameSource(video(CUT_SCENE))
    first, world = run_silver(source), dict(lake.objects)
    writes = lake.writes
    assert run_silver(source) == first
    assert (lake.objects, lake.writes) == (world, writes)
    assert source.decoded == [0, 1, 2]


def test_two_runs_in_two_lakes_write_the_same_bytes(run_silver: Run, lake: MemoryLake) -> None:
    other = MemoryLake()
    run_silver(CountingFrameSource(video(CUT_SCENE)))
    run_silver(CountingFrameSource(video(CUT_SCENE)), lake=other)
    assert lake.objects == other.objects


class BrokenOff(FrameSource):
    """Loses the lease in one window."""

    def __init__(self, inner: FrameSource, at: int) -> None:
        self.inner, self.at = inner, at

    def windows(self, interval_s: float, max_frames: int, window_max_bytes: int) -> Sequence[Window]:
        return self.inner.windows(interval_s, max_frames, window_max_bytes)

    def frames(self, window: Window) -> Sequence[Frame]:
        if window.index == self.at:
            raise LeaseLost("another task took over")
        return self.inner.frames(window)


def test_a_retry_decodes_only_what_is_missing(run_silver: Run, lake: MemoryLake) -> None:
    source = CountingFrameSource(video(CUT_SCENE))
    with pytest.raises(LeaseLost):
        run_silver(BrokenOff(source, at=1))
    assert not any(key.endswith("manifest.json") for key in lake.objects)
    again = CountingFrameSource(video(CUT_SCENE))
    silver = run_silver(again)
    assert again.decoded == [1, 2]
    untouched = run_silver(CountingFrameSource(video(CUT_SCENE)), lake=MemoryLake())
    assert silver == untouched


def test_the_manifest_tells_all_and_is_read_back(run_silver: Run, lake: MemoryLake) -> None:
    silver = run_silver(CountingFrameSource(video(STILL_SCENE)))
    manifest = lake.objects[silver.manifest_key]
    assert silver_video_from_manifest(manifest) == silver
    content = json.loads(manifest)
    assert content["raw_key"] == f"bronze/ab/{silver.work.asset_id}/raw"
    assert content["fingerprint"] == "0" * 16
    assert [part["kept_count"] for part in content["parts"]] == [1, 1, 1]


def test_a_video_without_a_frame_is_a_bad_video(run_silver: Run, lake: MemoryLake) -> None:
    source = CountingFrameSource([])
    source._duration_s = 5.0
    with pytest.raises(BadVideo, match="no_frames"):
        run_silver(source)
    assert not any(key.endswith("manifest.json") for key in lake.objects)


def test_what_the_decoder_finds_leaves_the_layer_as_it_is(run_silver: Run) -> None:
    hung = BadVideo(finding("decoder_hung", "no frame for 120 s"))
    with pytest.raises(BadVideo) as raised:
        run_silver(CountingFrameSource(video(CUT_SCENE), fails_at={2: hung}))
    assert raised.value is hung


class WatchedFrameSource(CountingFrameSource):
    """Hands out copies and counts how many of earlier windows are still held."""

    def __init__(self, frames: Sequence[Frame]) -> None:
        super().__init__(frames)
        self.given: list[weakref.ref[np.ndarray]] = []
        self.held: list[int] = []

    def frames(self, window: Window) -> Sequence[Frame]:
        self.held.append(sum(image() is not None for image in self.given))
        copies = [Frame(frame.time_us, frame.pts, frame.image.copy()) for frame in super().frames(window)]
        self.given += [weakref.ref(frame.image) for frame in copies]
        return copies


def test_no_pixels_outlive_their_window_even_before_garbage_is_collected(run_silver: Run) -> None:
    source = WatchedFrameSource(video(CUT_SCENE))
    gc.disable()
    try:
        run_silver(source)
    finally:
        gc.enable()
    assert len(source.given) == 7
    assert source.held == [0, 0, 0]


def test_prefix_names_model_and_settings(run_silver: Run, work: WorkIdentity) -> None:
    silver = run_silver(CountingFrameSource(video(CUT_SCENE)))
    assert all(key.startswith(f"{work.prefix}/frames/part-") for key in silver.part_keys)
