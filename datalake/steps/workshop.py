"""One piece of silver work, done once: under a lease, or linked to what is finished already."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Lock
from uuid import UUID, uuid4

from datalake.adapters.embedders.batcher import MicroBatcher
from datalake.adapters.media.children import MediaChildren
from datalake.adapters.ports import FrameSource, Lake, Window, WorkLeases
from datalake.contracts import BronzeVideo, Chunk, Options, SilverVideo, VideoProgress, WorkIdentity
from datalake.crash_points import crash_point
from datalake.errors import BadVideo, LeaseLost
from datalake.findings import blocking
from datalake.pipeline import run_layer
from datalake.settings import SilverSettings
from datalake.silver_layer.identity import SilverOptions, work_identity
from datalake.silver_layer.manifest import manifest_key, silver_video_from_manifest
from datalake.steps.frame_sources import LeasedFrameSource, NoFrames
from datalake.steps.known import known
from datalake.stopping import current_stop

_POLL_S = 0.5


class OneAtATime:
    """Lets one thread of this process at a time do a piece of work; the next one finds it finished."""

    def __init__(self) -> None:
        self._guard = Lock()
        self._locks: dict[WorkIdentity, Lock] = {}

    @contextmanager
    def __call__(self, work: WorkIdentity) -> Iterator[None]:
        """Wait for whoever is at this work."""
        with self._guard:
            lock = self._locks.setdefault(work, Lock())
        with lock:
            yield


@dataclass
class Workshop:
    """Does the silver work of one chunk; `silver_of` may run in many threads at once."""

    chunk: Chunk
    config: SilverSettings
    options_of: Callable[[Options], SilverOptions]
    leases: WorkLeases
    lake: Lake
    media: MediaChildren
    embedder: MicroBatcher
    token: UUID = field(default_factory=uuid4)
    one_at_a_time: OneAtATime = field(default_factory=OneAtATime)

    def silver_of(self, video: VideoProgress) -> VideoProgress:
        """The video with its silver record: read back if the work is finished, else done now.

        Raises:
            BadVideo: its frames cannot be decoded or embedded, and its validation mode minds.
            LeaseLost: another task is at this work, and stays at it.
        """
        options = self.options_of(video.claimed.arrived.options)
        work = work_identity(known(video.bronze), self.embedder, options)
        with self.one_at_a_time(work):
            self._acquire(work, str(video.claimed.message_id), known(video.bronze).size_bytes)
            with self._released_on_error(work):
                silver = self._finished(video, work, options)
        return video.model_copy(update={"silver": silver})

    def _finished(self, video: VideoProgress, work: WorkIdentity, options: SilverOptions) -> SilverVideo:
        key = manifest_key(work)
        if self.lake.exists(key):
            silver = silver_video_from_manifest(self.lake.read_bytes(key))
        else:
            silver = self._do(known(video.bronze), work, options)
            crash_point("silver.after_manifest")
        self.leases.finish(work, self.token, key)
        return silver

    @contextmanager
    def _released_on_error(self, work: WorkIdentity) -> Iterator[None]:
        """Whoever waits for the same work need not wait until the lease runs out."""
        try:
            yield
        except BaseException:
            self.leases.release(work, self.token)
            raise

    def _acquire(self, work: WorkIdentity, task: str, size_bytes: int) -> None:
        """Get the lease, or wait as long as one without progress may last.

        Work that was finished and whose manifest the lake has lost is opened again.
        """
        lease_s = self._lease_s(self.media.limits.opened_within_s(size_bytes))
        deadline = time.monotonic() + lease_s
        while (answer := self._lease(work, task, lease_s)) != "acquired":
            if answer == "finished":
                if self.lake.exists(manifest_key(work)):
                    return
                self.leases.reopen(work, manifest_key(work))
                continue
            if time.monotonic() > deadline:
                raise LeaseLost(f"{work.prefix}: another task is at this work; trying again later")
            current_stop().check()
            Event().wait(_POLL_S)

    def _lease(self, work: WorkIdentity, task: str, lease_s: float) -> str:
        chunk = self.chunk
        return self.leases.lease(work, self.token, chunk.batch_id, chunk.attempt, lease_s, task)

    def _lease_s(self, within_s: float) -> float:
        """Seconds of a lease that outlasts a child over which no progress comes."""
        return self.config.lease_s + within_s

    def _do(self, bronze: BronzeVideo, work: WorkIdentity, options: SilverOptions) -> SilverVideo:
        """The layer on the video's frames; in `report-only` mode on those that can be had."""
        windows: tuple[Window, ...] = ()
        if bronze.is_decodable:
            self.embedder.warm_up()  # while a child starts and decodes
        try:
            # who waits for a child that will be free soon brings images soon
            with (
                self.embedder.producer(self.media.serves),
                self._frame_source(bronze, options) as frames,
            ):
                source = self._leased(frames, work, bronze.size_bytes)
                try:
                    return self._run(bronze, work, options, source)
                finally:
                    windows = source.known_windows
        except BadVideo as bad:
            if blocking((bad.finding,), options.validation_mode, has_pictures=False):
                raise
            rest = NoFrames((bad.finding,), windows)
            return self._run(bronze, work, options, self._leased(rest, work, bronze.size_bytes))

    def _leased(self, frames: FrameSource, work: WorkIdentity, size_bytes: int) -> LeasedFrameSource:
        def renew(window: Window, windows_total: int) -> None:
            lease_s = self._lease_s(self.media.limits.decoded_within_s(size_bytes, window))
            self.leases.renew(work, self.token, lease_s, window.index, windows_total)

        return LeasedFrameSource(frames, renew)

    def _run(
        self, bronze: BronzeVideo, work: WorkIdentity, options: SilverOptions, frames: FrameSource
    ) -> SilverVideo:
        records = {"bronze_video": bronze, "work": work}
        ports = {"lake": self.lake, "frame_source": frames, "embedder": self.embedder}
        silver: SilverVideo = run_layer("silver", {**records, **ports, **options.as_inputs()})
        return silver

    @contextmanager
    def _frame_source(self, bronze: BronzeVideo, options: SilverOptions) -> Iterator[FrameSource]:
        if options.validation_mode == "report-only" and not bronze.is_decodable:
            yield NoFrames()  # why, bronze has said
            return
        with (
            self.lake.local_path(bronze.raw_key) as path,
            self.media.frame_source(path, known(bronze.media)) as frames,
        ):
            yield frames
