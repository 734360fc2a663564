"""One piece of silver work, done once: under a lease, or linked to what is finished already."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from threading import Event, Lock
from typing import TypeVar
from uuid import UUID, uuid4

from datalake.adapters.embedders.batcher import MicroBatcher
from datalake.adapters.media.children import MediaChildren
from datalake.adapters.ports import DecodedWindow, FrameSource, Lake, Sampling, Window, WorkLeases
from datalake.contracts import BronzeVideo, Chunk, Finding, Options, SilverVideo, VideoProgress, WorkIdentity
from datalake.errors import BadVideo, LeaseLost
from datalake.pipeline import run_layer
from datalake.settings import SilverSettings
from datalake.silver_layer.identity import SilverOptions, work_identity
from datalake.silver_layer.manifest import manifest_key, silver_video_from_manifest

T = TypeVar("T")
_POLL_S = 0.5
_NO_WINDOW = 99_999


class LeasedFrameSource(FrameSource):
    """Renews the lease with every window, so that only progress keeps it.

    Args:
        source: where the frames come from.
        renew: told how many windows are done, and of how many.
    """

    def __init__(self, source: FrameSource, renew: Callable[[int, int], None]) -> None:
        self._source, self._renew, self._total = source, renew, 0

    def windows(self, sampling: Sampling) -> Sequence[Window]:
        """As the source."""
        windows = self._source.windows(sampling)
        self._total = len(windows)
        return windows

    def decoded(self, window: Window) -> DecodedWindow:
        """As the source, after renewing.

        Raises:
            LeaseLost: another task try took over.
        """
        self._renew(min(window.index, self._total), self._total)
        return self._source.decoded(window)


class NoFrames(FrameSource):
    """Stands in for a video that cannot be worked on and goes on all the same: its findings, no frame."""

    def __init__(self, findings: tuple[Finding, ...] = ()) -> None:
        self._findings = findings

    def windows(self, sampling: Sampling) -> Sequence[Window]:
        """A window that carries the findings, if there are any; no earlier try can have stored its number."""
        return [Window(_NO_WINDOW, 0, 0, ())] if self._findings else []

    def decoded(self, window: Window) -> DecodedWindow:
        """The findings."""
        return DecodedWindow((), self._findings)


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
            self._acquire(work, str(video.claimed.message_id))
            with self._released_on_error(work):
                silver = self._finished(video, work, options)
        return video.model_copy(update={"silver": silver})

    def _finished(self, video: VideoProgress, work: WorkIdentity, options: SilverOptions) -> SilverVideo:
        key = manifest_key(work)
        if self.lake.exists(key):
            silver = silver_video_from_manifest(self.lake.read_bytes(key))
        else:
            silver = self._do(known(video.bronze), work, options)
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

    def _do(self, bronze: BronzeVideo, work: WorkIdentity, options: SilverOptions) -> SilverVideo:
        """The layer on the video's frames; in `report-only` mode on none, where they cannot be had."""
        try:
            with self._frame_source(bronze, options) as frames, self.embedder.producer():
                return self._run(bronze, work, options, frames)
        except BadVideo as bad:
            if options.validation_mode != "report-only":
                raise
            return self._run(bronze, work, options, NoFrames((bad.finding,)))

    def _run(
        self, bronze: BronzeVideo, work: WorkIdentity, options: SilverOptions, frames: FrameSource
    ) -> SilverVideo:
        renew = partial(self.leases.renew, work, self.token, self.config.lease_s)
        records = {"bronze_video": bronze, "work": work}
        ports = {
            "lake": self.lake,
            "frame_source": LeasedFrameSource(frames, renew),
            "embedder": self.embedder,
        }
        silver: SilverVideo = run_layer("silver", {**records, **ports, **options.as_inputs()})
        return silver

    @contextmanager
    def _frame_source(self, bronze: BronzeVideo, options: SilverOptions) -> Iterator[FrameSource]:
        media = bronze.media
        has_pictures = media is not None and media.video is not None and media.measured_duration_s is not None
        if options.validation_mode == "report-only" and not has_pictures:
            yield NoFrames()  # why, bronze has said
            return
        with (
            self.lake.local_path(bronze.raw_key) as path,
            self.media.frame_source(path, known(media)) as frames,
        ):
            yield frames


def known(value: T | None) -> T:
    """The value, which the layer before has set.

    Raises:
        AssertionError: it has not; an error of our code.
    """
    if value is None:
        raise AssertionError("a layer was given a video that did not pass the one before")
    return value
