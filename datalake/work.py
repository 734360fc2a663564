"""One piece of silver work, done once: under a lease, or linked to what is finished already."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Lock
from typing import TypeVar
from uuid import UUID, uuid4

from datalake.adapters.embedders.batcher import MicroBatcher
from datalake.adapters.media.children import MediaChildren
from datalake.adapters.ports import Frame, FrameSource, Lake, Window, WorkLeases
from datalake.contracts import Chunk, SilverVideo, VideoProgress, WorkIdentity
from datalake.errors import LeaseLost
from datalake.pipeline import run_layer
from datalake.settings import LakeSettings, SilverSettings
from datalake.silver_layer.identity import effective_options, work_identity
from datalake.silver_layer.manifest import manifest_key, silver_video_from_manifest

T = TypeVar("T")
_POLL_S = 0.5


class LeasedFrameSource(FrameSource):
    """Renews the lease with every window, so that only progress keeps it."""

    def __init__(self, source: FrameSource, renew: Callable[[], None]) -> None:
        self._source = source
        self._renew = renew

    def windows(self, interval_s: float, max_frames: int, window_max_bytes: int) -> Sequence[Window]:
        """As the source."""
        return self._source.windows(interval_s, max_frames, window_max_bytes)

    def frames(self, window: Window) -> Sequence[Frame]:
        """As the source, after renewing.

        Raises:
            LeaseLost: another task try took over.
        """
        self._renew()
        return self._source.frames(window)


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
    lake_config: LakeSettings
    leases: WorkLeases
    lake: Lake
    media: MediaChildren
    embedder: MicroBatcher
    token: UUID = field(default_factory=uuid4)
    one_at_a_time: OneAtATime = field(default_factory=OneAtATime)

    def silver_of(self, video: VideoProgress) -> VideoProgress:
        """The video with its silver record: read back if the work is finished, else done now.

        Raises:
            BadVideo: its frames cannot be decoded or embedded.
            LeaseLost: another task is at this work, and stays at it.
        """
        options = effective_options(video.claimed.arrived.options, self.config, self.lake_config)
        work = work_identity(known(video.bronze), self.embedder, options)
        with self.one_at_a_time(work):
            self._acquire(work, str(video.claimed.message_id))
            with self._released_on_error(work):
                silver = self._finished(video, work, options.as_inputs())
        return video.model_copy(update={"silver": silver})

    def _finished(self, video: VideoProgress, work: WorkIdentity, options: dict[str, object]) -> SilverVideo:
        key = manifest_key(work)
        if self.lake.exists(key):
            silver = silver_video_from_manifest(self.lake.read_bytes(key))
        else:
            silver = self._do(video, work, options)
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

    def _acquire(self, work: WorkIdentity, task: str) -> None:
        """Get the lease, or wait while another task is at it and makes progress.

        Work that was finished and whose manifest the lake has lost is opened again.
        """
        deadline = time.monotonic() + self.config.child_timeout_s + self.config.lease_s
        while (answer := self._lease(work, task)) != "acquired":
            if answer == "finished":
                if self.lake.exists(manifest_key(work)):
                    return
                self.leases.reopen(work, manifest_key(work))
                continue
            if time.monotonic() > deadline:
                raise LeaseLost(f"{work.prefix}: another task is at this work; trying again later")
            Event().wait(_POLL_S)

    def _lease(self, work: WorkIdentity, task: str) -> str:
        chunk = self.chunk
        return self.leases.lease(work, self.token, chunk.batch_id, chunk.attempt, self.config.lease_s, task)

    def _do(self, video: VideoProgress, work: WorkIdentity, options: dict[str, object]) -> SilverVideo:
        bronze = known(video.bronze)
        with (
            self.lake.local_path(bronze.raw_key) as path,
            self.media.frame_source(path, known(bronze.media)) as frames,
            self.embedder.producer(),
        ):
            source = LeasedFrameSource(
                frames, lambda: self.leases.renew(work, self.token, self.config.lease_s)
            )
            records = {"bronze_video": bronze, "work": work}
            ports = {"lake": self.lake, "frame_source": source, "embedder": self.embedder}
            silver: SilverVideo = run_layer("silver", {**records, **ports, **options})
            return silver


def known(value: T | None) -> T:
    """The value, which the layer before has set.

    Raises:
        AssertionError: it has not; an error of our code.
    """
    if value is None:
        raise AssertionError("a layer was given a video that did not pass the one before")
    return value
