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
from datalake.adapters.ports import DecodedWindow, Embedding, Frame, FrameSource, Image, Sampling, Window
from datalake.common_func import PIPELINE_VERSION, point_id
from datalake.contracts import SilverVideo, WorkIdentity
from datalake.errors import LeaseLost
from datalake.pipeline import build
from datalake.silver_layer.manifest import silver_video_from_manifest
from tests.datalake.silver_layer.conftest import CountingFrameSource, grainy, rows_of, scene, video

Run = Callable[..., SilverVideo]
CUT_SCENE = [scene(number) for number in range(7)]
STILL_SCENE = [grainy(scene(1), seed) for seed in range(7)]


def jpegs(lake: MemoryLake) -> list[str]:
    return [key for key in lake.objects if key.endswith(".jpg")]


def test_the_graph_has_one_expansion_and_no_node_both_decodes_and_writes() -> None:
    nodes = [node for node in build("silver").list_available_variables() if not node.is_external_input]
    assert len(nodes) >= 12
    effects = {node.name: node.tags["effect"] for node in nodes if "effect" in node.tags}
    assert effects == {
        "decoded_window": "decodes",
        "embeddings": "embeds",
        "stored_images": "writes",
        "stored_part": "writes",
        "stored_manifest": "writes",
    }
    takers = {
        port: {node.name for node in nodes if port in node.required_dependencies}
        for port in ("frame_source", "lake")
    }
    assert takers["frame_source"] == {"source_findings", "windows", "decoded_window"}
    assert takers["lake"] == {
        "finished_windows",
        "part_before",
        "stored_images",
        "stored_part",
        "stored_manifest",
    }


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


def test_a_still_scene_is_one_frame_however_many_windows_it_spans(run_silver: Run, lake: MemoryLake) -> None:
    silver = run_silver(CountingFrameSource(video(STILL_SCENE)))
    assert (silver.frame_count, silver.kept_count, len(silver.part_keys)) == (7, 1, 3)
    first, *repeats = rows_of(lake, silver)
    assert (first.time_us, first.duplicate_of_us) == (0, None)
    assert {row.duplicate_of_us for row in repeats} == {0}
    assert {(row.point_id, row.frame_key, row.sha256, row.vector, row.labels) for row in repeats} == {
        (None, None, None, None, ())
    }
    assert len(jpegs(lake)) == 1


def test_every_row_says_whose_it_is_and_what_made_it(run_silver: Run, lake: MemoryLake) -> None:
    silver = run_silver(CountingFrameSource(video([*CUT_SCENE, *STILL_SCENE])))
    assert {(row.asset_id, row.settings_hash, row.pipeline_version) for row in rows_of(lake, silver)} == {
        (silver.work.asset_id, silver.work.settings_hash, PIPELINE_VERSION)
    }
    assert silver.pipeline_version == PIPELINE_VERSION


@pytest.mark.parametrize(("labels", "counts"), [(True, {1}), (False, {0})])
def test_labels_are_stored_if_asked(
    labels: bool, counts: set[int], run_silver: Run, lake: MemoryLake
) -> None:
    silver = run_silver(CountingFrameSource(video(CUT_SCENE)), labels=labels)
    assert {len(row.labels) for row in rows_of(lake, silver)} == counts


def test_the_stored_picture_is_the_decoded_one(run_silver: Run, lake: MemoryLake) -> None:
    silver = run_silver(CountingFrameSource(video(CUT_SCENE)), jpeg_quality=100)
    for row, image in zip(rows_of(lake, silver), CUT_SCENE, strict=True):
        stored = cv2.imdecode(np.frombuffer(lake.objects[row.frame_key], np.uint8), cv2.IMREAD_COLOR)
        difference = np.abs(cv2.cvtColor(stored, cv2.COLOR_BGR2RGB).astype(int) - image)
        assert difference.mean() < 3  # chroma is stored at half size; swapped channels would differ by 80
        assert stored.shape == image.shape


def test_images_are_there_before_the_model_takes_its_time(run_silver: Run, lake: MemoryLake) -> None:
    stored: list[int] = []

    class Watching(MemoryEmbedder):
        def embed(self, images: Sequence[Image]) -> list[Embedding]:
            stored.append(len(jpegs(lake)) - sum(self.batches))
            assert stored[-1] == len(images)
            return super().embed(images)

    run_silver(CountingFrameSource(video(CUT_SCENE)), embedder=Watching())
    assert sum(stored) == len(CUT_SCENE)


def letterboxed(image: Image, bar_px: int) -> Image:
    boxed = np.zeros_like(image)
    boxed[bar_px:-bar_px] = cv2.resize(image, (image.shape[1], image.shape[0] - 2 * bar_px))
    return boxed


@pytest.mark.parametrize(("crop", "height_px"), [(True, 72), (False, 96)])
def test_bars_are_cut_off_images_and_vectors_if_asked(
    crop: bool, height_px: int, run_silver: Run, lake: MemoryLake
) -> None:
    images = [letterboxed(image, 12) for image in CUT_SCENE]
    rows = rows_of(lake, run_silver(CountingFrameSource(video(images)), crop=crop))
    assert {row.content_box for row in rows} == {(0, 12, 128, 72)}
    assert {(row.width_px, row.height_px) for row in rows} == {(128, 96)}
    shown = [
        cv2.imdecode(np.frombuffer(lake.objects[key], np.uint8), cv2.IMREAD_COLOR) for key in jpegs(lake)
    ]
    assert {image.shape for image in shown} == {(height_px, 128, 3)}
    seen = [image[12:-12] if crop else image for image in images]
    expected = MemoryEmbedder().embed(seen)
    assert [row.vector.tolist() for row in rows] == [each.vector.tolist() for each in expected]


def stored_shapes(lake: MemoryLake, silver: SilverVideo) -> list[tuple[int, int]]:
    """Width and height of each stored image, as its row says and as it is."""
    shapes = []
    for row in rows_of(lake, silver):
        if row.frame_key is not None:
            stored = cv2.imdecode(np.frombuffer(lake.objects[row.frame_key], np.uint8), cv2.IMREAD_COLOR)
            assert stored.shape[:2] == (row.content_box.height_px, row.content_box.width_px)
            shapes.append(stored.shape[1::-1])
    return shapes


def dark_in_the_middle() -> list[Image]:
    """Four windows with bars, the first and the third of which hardly show anything."""
    dim = np.zeros_like(scene(0))
    dim[40:60, 50:80] = 26
    black, lit = np.zeros_like(dim), [letterboxed(scene(number), 12) for number in range(6)]
    return [black, dim, black, *lit[:3], dim, dim // 2, dim, *lit[3:]]


def test_a_row_says_which_part_of_its_frame_the_cropped_image_shows(
    run_silver: Run, lake: MemoryLake
) -> None:
    silver = run_silver(CountingFrameSource(video(dark_in_the_middle())), crop=True)
    shapes = stored_shapes(lake, silver)
    assert {row.content_box for row in rows_of(lake, silver)[3:]} == {(0, 12, 128, 72)}
    assert set(shapes[-6:]) == {(128, 72)}


def test_a_retry_crops_as_the_first_try_would_have(run_silver: Run, lake: MemoryLake) -> None:
    images = dark_in_the_middle()
    untouched = MemoryLake()
    run_silver(CountingFrameSource(video(images)), crop=True, lake=untouched)
    for at in range(4):
        with pytest.raises(LeaseLost):
            run_silver(BrokenOff(CountingFrameSource(video(images)), at), crop=True)
    run_silver(CountingFrameSource(video(images)), crop=True)
    assert lake.objects == untouched.objects


def test_two_videos_that_show_the_same_picture_share_its_file(run_silver: Run, lake: MemoryLake) -> None:
    first = run_silver(CountingFrameSource(video(CUT_SCENE)))
    other = WorkIdentity(asset_id="cd" * 32, model="memory", settings_hash="0123456789abcdef")
    second = run_silver(CountingFrameSource(video(CUT_SCENE[::-1])), work=other)
    keys = [[row.frame_key for row in rows_of(lake, silver)] for silver in (first, second)]
    assert keys[0] == keys[1][::-1]
    assert len(jpegs(lake)) == len(CUT_SCENE)


def test_running_twice_changes_nothing(run_silver: Run, lake: MemoryLake) -> None:
    source = CountingFrameSource(video(CUT_SCENE))
    first, world = run_silver(source), dict(lake.objects)
    writes = lake.writes
    assert run_silver(source) == first
    assert (lake.objects, lake.writes) == (world, writes)
    assert source.decoded_windows == [0, 1, 2]


def test_two_runs_in_two_lakes_write_the_same_bytes(run_silver: Run, lake: MemoryLake) -> None:
    other = MemoryLake()
    run_silver(CountingFrameSource(video(CUT_SCENE)))
    run_silver(CountingFrameSource(video(CUT_SCENE)), lake=other)
    assert lake.objects == other.objects


class BrokenOff(FrameSource):
    """Loses the lease in one window."""

    def __init__(self, inner: FrameSource, at: int) -> None:
        self.inner, self.at = inner, at

    def windows(self, sampling: Sampling) -> Sequence[Window]:
        return self.inner.windows(sampling)

    def decoded(self, window: Window) -> DecodedWindow:
        if window.index == self.at:
            raise LeaseLost("another task took over")
        return self.inner.decoded(window)


@pytest.mark.parametrize("images", [CUT_SCENE, STILL_SCENE, [*CUT_SCENE, *STILL_SCENE]], ids=len)
def test_a_retry_decodes_only_what_is_missing_and_ends_with_the_same_bytes(
    images: list[Image], run_silver: Run, lake: MemoryLake
) -> None:
    last = (len(images) - 1) // 3
    for at in range(last + 1):
        again = CountingFrameSource(video(images))
        with pytest.raises(LeaseLost):
            run_silver(BrokenOff(again, at))
        assert again.decoded_windows == ([at - 1] if at else [])
        assert not any(key.endswith("manifest.json") for key in lake.objects)
    silver = run_silver(CountingFrameSource(video(images)))
    untouched = MemoryLake()
    assert silver == run_silver(CountingFrameSource(video(images)), lake=untouched)
    assert lake.objects == untouched.objects


def test_a_lost_part_comes_back_as_it_was(run_silver: Run, lake: MemoryLake) -> None:
    silver = run_silver(CountingFrameSource(video([*CUT_SCENE, *STILL_SCENE])))
    world = dict(lake.objects)
    del lake.objects[silver.part_keys[1]], lake.objects[silver.manifest_key]
    again = CountingFrameSource(video([*CUT_SCENE, *STILL_SCENE]))
    assert run_silver(again) == silver
    assert (lake.objects, again.decoded_windows) == (world, [1])


def test_the_manifest_tells_all_and_is_read_back(run_silver: Run, lake: MemoryLake) -> None:
    silver = run_silver(CountingFrameSource(video(STILL_SCENE)))
    manifest = lake.objects[silver.manifest_key]
    assert silver_video_from_manifest(manifest) == silver
    content = json.loads(manifest)
    assert content["raw_key"] == f"bronze/ab/{silver.work.asset_id}/raw"
    assert (content["fingerprint"], content["pipeline_version"]) == ("0" * 16, PIPELINE_VERSION)
    assert [part["kept_count"] for part in content["parts"]] == [1, 0, 0]


class WatchedFrameSource(CountingFrameSource):
    """Hands out copies and counts how many of earlier windows are still held."""

    def __init__(self, frames: Sequence[Frame]) -> None:
        super().__init__(frames)
        self.given: list[weakref.ref[np.ndarray]] = []
        self.held: list[int] = []

    def decoded(self, window: Window) -> DecodedWindow:
        self.held.append(sum(image() is not None for image in self.given))
        whole = super().decoded(window).frames
        copies = tuple(Frame(frame.time_us, frame.pts, frame.image.copy()) for frame in whole)
        self.given += [weakref.ref(frame.image) for frame in copies]
        return DecodedWindow(copies)


@pytest.mark.parametrize("crop", [False, True])
def test_no_pixels_outlive_their_window_even_before_garbage_is_collected(crop: bool, run_silver: Run) -> None:
    source = WatchedFrameSource(video(CUT_SCENE))
    gc.disable()
    try:
        run_silver(source, crop=crop)
    finally:
        gc.enable()
    assert len(source.given) == 7
    assert source.held == [0, 0, 0]


def test_prefix_names_model_and_settings(run_silver: Run, work: WorkIdentity) -> None:
    silver = run_silver(CountingFrameSource(video(CUT_SCENE)))
    assert all(key.startswith(f"{work.prefix}/frames/part-") for key in silver.part_keys)
