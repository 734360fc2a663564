"""Silver work is done once: by one thread, under a lease, or not at all because it is finished."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from threading import Barrier, Event, get_ident
from uuid import uuid4

import numpy as np
import pytest

from datalake.adapters.embedders.batcher import MicroBatcher
from datalake.adapters.media.limits import Limits
from datalake.adapters.memory.embedder import MemoryEmbedder
from datalake.adapters.memory.lake import MemoryLake
from datalake.adapters.memory.leases import MemoryLeases
from datalake.adapters.memory.media import MemoryFrameSource
from datalake.adapters.ports import DecodedWindow, Frame
from datalake.contracts import (
    BronzeVideo,
    Chunk,
    ClaimedVideo,
    MediaFacts,
    Options,
    VideoArrived,
    VideoProgress,
    VideoStream,
)
from datalake.errors import BadVideo, LeaseLost, StoreUnavailable
from datalake.findings import finding
from datalake.settings import BronzeSettings, LakeSettings, SilverSettings
from datalake.silver_layer.identity import effective_options, work_identity
from datalake.silver_layer.manifest import manifest_key
from datalake.steps.workshop import Workshop

ASSET_ID = "cd" * 32
BATCH = uuid4()
LEASE_S = 0.3
LIMITS = Limits(timeout_s=0.05, timeout_per_video_s=0.1, memory_bytes=2**30, resident_bytes=2**30)
OPTIONS_OF = partial(effective_options, silver=SilverSettings(), lake=LakeSettings(), bronze=BronzeSettings())
ONE_A_WINDOW = partial(OPTIONS_OF, silver=SilverSettings().model_copy(update={"window_max_bytes": 1}))


MEDIA = MediaFacts(
    container="mp4",
    duration_s=3.0,
    measured_duration_s=3.0,
    video=VideoStream(index=0, codec="h264", width_px=64, height_px=48, time_base=(1, 25)),
)


def picture(number: int) -> np.ndarray:
    return np.random.default_rng(number).integers(0, 255, (48, 64, 3), dtype=np.uint8)


class Picky(MemoryEmbedder):
    """Refuses the third picture."""

    def embed(self, images):
        if any(np.array_equal(image, picture(2)) for image in images):
            raise ValueError("this picture is not for me")
        return super().embed(images)


class Media:
    """Opens the same three frames for every file, and counts how often."""

    limits = LIMITS

    def __init__(self) -> None:
        self.opened = 0
        self.error: Exception | None = None
        self.meanwhile = lambda: None
        self.waiting: set[int] = set()
        self.source = partial(MemoryFrameSource, duration_s=3.0)

    def serves(self, thread: int) -> bool:
        return thread not in self.waiting

    @contextmanager
    def frame_source(self, path, media) -> Iterator[MemoryFrameSource]:
        self.opened += 1
        self.meanwhile()
        if self.error:
            raise self.error
        frames = [Frame(n * 1_000_000, n, picture(n)) for n in range(3)]
        yield self.source(frames)


def progress(
    video_id: str, mode: str | None = None, media: MediaFacts | None = MEDIA, asset_id: str = ASSET_ID
) -> VideoProgress:
    options = Options(validation_mode=mode)
    uri = f"file:///videos/{video_id}"
    arrived = VideoArrived(event_id=uuid4(), video_id=video_id, uri=uri, options=options)
    claimed = ClaimedVideo(
        message_id=uuid4(), batch_id=BATCH, attempt=1, run_id="run", version=(1, 0, 0), arrived=arrived
    )
    bronze = BronzeVideo(
        asset_id=asset_id,
        size_bytes=3,
        raw_key=f"bronze/{asset_id[:2]}/{asset_id}/raw",
        media=media,
    )
    return VideoProgress(claimed=claimed, bronze=bronze)


@pytest.fixture
def lake() -> MemoryLake:
    lake = MemoryLake()
    lake.put_bytes(f"bronze/cd/{ASSET_ID}/raw", b"raw")
    return lake


@pytest.fixture
def make_workshop(lake):
    media, leases = Media(), MemoryLeases()
    with MicroBatcher(MemoryEmbedder(), batch_size=8) as embedder:

        def make(**changes) -> Workshop:
            chunk = Chunk(label="test", batch_id=BATCH, attempt=1, videos=())
            parts = {"chunk": chunk, "leases": leases, "lake": lake, "media": media, "embedder": embedder}
            config = SilverSettings(lease_s=LEASE_S)
            return Workshop(**{"config": config, "options_of": OPTIONS_OF, **parts, **changes})

        yield make


def test_equal_work_of_a_chunk_is_done_once_and_linked_by_the_others(make_workshop):
    workshop = make_workshop()
    with ThreadPoolExecutor(4) as threads:
        videos = list(threads.map(workshop.silver_of, [progress(f"copy-{n}") for n in range(4)]))
    assert workshop.media.opened == 1
    assert {video.silver for video in videos} == {videos[0].silver}
    assert videos[0].silver.frame_count == 3


class Hanging(MemoryFrameSource):
    """Gives nothing until two children have hung over each window."""

    def __init__(self, frames: list[Frame], give_up) -> None:
        super().__init__(frames, duration_s=3.0)
        self._give_up = give_up

    def decoded(self, window):
        self._give_up(LIMITS.decoded_within_s(progress("video").bronze.size_bytes, window))
        return DecodedWindow((), (finding("decoder_hung", "no answer within the time limit; killed"),))


def test_a_window_over_which_two_children_hang_keeps_its_lease_and_what_comes_after_does_not(make_workshop):
    now_s = 1000.0
    leases = MemoryLeases(lambda: now_s)
    workshop = make_workshop(leases=leases, options_of=ONE_A_WINDOW)
    video = progress("video", "report-only")
    options = ONE_A_WINDOW(video.claimed.arrived.options)
    work = work_identity(video.bronze, workshop.embedder, options)
    answers = []

    def give_up(within_s: float) -> None:
        nonlocal now_s
        for later_s in (within_s, 0.9 * LEASE_S):
            now_s += later_s
            answers.append(leases.lease(work, uuid4(), uuid4(), 1, LEASE_S))

    workshop.media.source = lambda frames: Hanging(frames, give_up)
    assert workshop.silver_of(video).silver.frame_count == 0
    assert answers == ["busy"] * 6
    assert leases.windows(work) == (3, 3)


def test_finished_work_is_read_back_by_the_next_try(make_workshop):
    first = make_workshop().silver_of(progress("video"))
    again = make_workshop(token=uuid4())
    assert again.silver_of(progress("other")).silver == first.silver
    assert again.media.opened == 1


def test_work_whose_lease_row_was_lost_with_the_database_is_linked_by_its_manifest(make_workshop):
    first = make_workshop().silver_of(progress("video"))
    restored = make_workshop(leases=MemoryLeases())
    assert restored.silver_of(progress("video")).silver == first.silver
    assert restored.media.opened == 1


def test_finished_work_whose_manifest_the_lake_lost_is_done_again(make_workshop, lake):
    workshop = make_workshop()
    first = workshop.silver_of(progress("video"))
    lake_without_silver = MemoryLake()
    raw_key = progress("video").bronze.raw_key
    lake_without_silver.put_bytes(raw_key, lake.read_bytes(raw_key))
    again = make_workshop(lake=lake_without_silver, token=uuid4())
    assert again.silver_of(progress("video")).silver == first.silver
    assert again.media.opened == 2


def test_an_error_releases_the_lease_for_whoever_waits(make_workshop):
    workshop = make_workshop()
    workshop.media.error = StoreUnavailable("the lake is away")
    with pytest.raises(StoreUnavailable):
        workshop.silver_of(progress("video"))
    workshop.media.error = None
    other = make_workshop(chunk=Chunk(label="other", batch_id=uuid4(), attempt=1, videos=()))
    assert other.silver_of(progress("video")).silver is not None


def test_who_waits_for_a_holder_that_never_ends_gives_up_with_a_transient_error(make_workshop):
    class AlwaysBusy(MemoryLeases):
        def lease(self, *_, **__):
            return "busy"

    with pytest.raises(LeaseLost, match="another task is at this work"):
        make_workshop(leases=AlwaysBusy()).silver_of(progress("video"))


def test_a_task_that_was_overtaken_writes_no_manifest(make_workshop, lake):
    workshop, newer = make_workshop(), uuid4()

    video = progress("video")
    work = work_identity(video.bronze, workshop.embedder, OPTIONS_OF(Options()))

    def overtake() -> None:
        assert workshop.leases.lease(work, newer, BATCH, 2, 60.0) == "acquired"

    workshop.media.meanwhile = overtake
    with pytest.raises(LeaseLost):
        workshop.silver_of(video)
    assert not lake.exists(manifest_key(work))


@pytest.mark.parametrize(
    ("mode", "code"),
    [("strict", "decode_failed"), ("lenient", "decode_failed"), ("report-only", "code_failed")],
)
def test_a_file_that_cannot_be_opened_is_a_bad_video_without_work(make_workshop, lake, mode, code):
    workshop = make_workshop()
    workshop.media.error = BadVideo(finding(code, "at opening the file"))
    with pytest.raises(BadVideo, match="at opening the file"):
        workshop.silver_of(progress("video", mode))
    assert not any(key.endswith("manifest.json") for key in lake.objects)


def test_report_only_goes_on_without_frames_and_keeps_the_finding(make_workshop):
    workshop = make_workshop()
    workshop.media.error = BadVideo(finding("decode_failed", "at opening the file"))
    silver = workshop.silver_of(progress("video", "report-only")).silver
    assert (silver.frame_count, silver.kept_count, silver.part_keys) == (0, 0, ())
    assert [one.code for one in silver.findings] == ["decode_failed", "no_frames"]
    assert silver.findings[0].evidence == "at opening the file"
    workshop.media.error = None
    assert workshop.silver_of(progress("other", "report-only")).silver == silver


def test_report_only_keeps_what_was_stored_before_the_model_refused_a_frame(make_workshop):
    with MicroBatcher(Picky(), batch_size=8) as embedder:
        workshop = make_workshop(embedder=embedder, options_of=ONE_A_WINDOW)
        silver = workshop.silver_of(progress("video", "report-only")).silver
    assert (silver.frame_count, silver.kept_count) == (2, 2)
    assert [one.code for one in silver.findings] == ["embedding_failed"]


def test_report_only_opens_nothing_where_the_probe_found_no_pictures(make_workshop):
    workshop = make_workshop()
    silver = workshop.silver_of(progress("video", "report-only", media=None)).silver
    assert (silver.frame_count, silver.part_keys) == (0, ())
    assert [one.code for one in silver.findings] == ["no_frames"]
    assert workshop.media.opened == 0


def unlike(count: int, lake: MemoryLake) -> list[VideoProgress]:
    """So many videos of different bytes."""
    videos = [progress(f"video-{n}", asset_id=f"{n:02x}" * 32) for n in range(count)]
    for video in videos:
        lake.put_bytes(video.bronze.raw_key, b"raw")
    return videos


def test_a_video_that_waits_for_a_child_keeps_no_batch_from_leaving(make_workshop, lake):
    first, second = unlike(2, lake)
    is_waiting, has_child = Event(), Event()
    with MicroBatcher(MemoryEmbedder(), 8, max_wait_s=3600) as embedder, ThreadPoolExecutor(2) as threads:
        workshop = make_workshop(embedder=embedder)

        def wait_for_child() -> None:
            workshop.media.meanwhile = lambda: None
            workshop.media.waiting.add(get_ident())
            is_waiting.set()
            assert has_child.wait(60)

        workshop.media.meanwhile = wait_for_child
        later = threads.submit(workshop.silver_of, second)
        assert is_waiting.wait(60)
        assert threads.submit(workshop.silver_of, first).result(20).silver.frame_count == 3
        has_child.set()
        later.result(60)


def test_videos_that_have_a_child_fill_batches_together(make_workshop, lake):
    model = MemoryEmbedder()
    with MicroBatcher(model, 100, max_wait_s=3600) as embedder, ThreadPoolExecutor(4) as threads:
        workshop = make_workshop(embedder=embedder)
        workshop.media.meanwhile = partial(Barrier(4).wait, 60)
        list(threads.map(workshop.silver_of, unlike(4, lake)))
    assert [count for count in model.batches if count > 1] == [12]


def test_progress_is_written_down_window_by_window(make_workshop):
    noted = []

    class Noting(MemoryLeases):
        def renew(self, work, token, lease_s, windows_done, windows_total):
            noted.append((windows_done, windows_total))
            super().renew(work, token, lease_s, windows_done, windows_total)

    config = SilverSettings(window_max_bytes=1024**2)
    small = partial(effective_options, silver=config, lake=LakeSettings(), bronze=BronzeSettings())
    make_workshop(leases=Noting(), options_of=small).silver_of(progress("video"))
    assert noted == [(0, 1)]
