"""A chunk through one layer, whatever happened to it before.

What has ended elsewhere is left out, and what an earlier try got through is not done again. A video that
was in flight when a task process died goes last and alone: a death over it then is the video's doing.
"""

from __future__ import annotations

import signal
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from logging import getLogger
from threading import Event, Thread, current_thread, main_thread
from types import FrameType
from uuid import UUID

from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_random_exponential

from datalake import chunks
from datalake.adapters.ports import AttemptLog, EarlierTries, FileLayer
from datalake.chunks import Result, Step
from datalake.contracts import Chunk, ClaimedVideo, VideoProgress
from datalake.crash_points import crash_point
from datalake.errors import DatabaseUnavailable, TransientError
from datalake.findings import finding
from datalake.stopping import StopSign, stoppable

_log = getLogger(__name__)
_LOOK_S = 1.0
_PATIENCE_S = 120.0  # with a database that is away when an attempt ends
_NEVER = EarlierTries()


@dataclass(frozen=True)
class ChunkRun:
    """Takes chunks through a step that opens files.

    Args:
        layer: whose step it is.
        step: what is done with each video.
        log: who is at which video.
        at_once: videos in flight, at most.
        max_deaths_alone: so many task processes may die over a video that was in flight alone.
    """

    layer: FileLayer
    step: Step
    log: AttemptLog
    at_once: int
    max_deaths_alone: int

    def __call__(self, chunk: Chunk) -> Chunk:
        """The chunk with every open video through the layer.

        Raises:
            TransientError: a service is away; raised after the other videos are through.
            ConfigurationError: a setting is wrong; likewise.
        """
        chunk = still_open(chunk, self.log)
        waiting = [video for video in chunk.videos if video.is_open]
        tries = self.log.earlier(self.layer, [video.claimed for video in waiting])
        settled = {
            video.claimed.message_id: known
            for video in waiting
            if (known := self._settled(video, tries.get(video.claimed.message_id, _NEVER)))
        }
        todo = [video for video in waiting if video.claimed.message_id not in settled]
        ended = settled | self._through(todo, tries)
        return chunks.joined(chunk, [ended.get(video.claimed.message_id, video) for video in chunk.videos])

    def _settled(self, video: VideoProgress, tries: EarlierTries) -> VideoProgress | None:
        """The video as an earlier try got it through, or at its end if it has killed too often; else None."""
        if tries.progress is not None:
            return tries.progress
        if tries.deaths_alone < self.max_deaths_alone:
            return None
        evidence = f"{tries.deaths_alone} task processes died in {self.layer} with no other video in flight"
        _log.error("%s: %s", video.claimed.label, evidence)
        return chunks.quarantined(video, finding("kills_worker", evidence))

    def _through(
        self, videos: Sequence[VideoProgress], tries: Mapping[UUID, EarlierTries]
    ) -> dict[UUID, Result]:
        """What became of each: first those under no suspicion together, then the suspects one by one."""
        suspects = _suspects(videos, tries)
        calm = [video for video in videos if video not in suspects]
        with self._watched(videos) as signs:
            attempt = partial(self._attempted, signs, self.at_once == 1 or len(calm) == 1)
            made = chunks.results(calm, attempt, self.at_once)
            made += chunks.results(suspects, partial(self._attempted, signs, True), at_once=1)
        ids = (video.claimed.message_id for video in (*calm, *suspects))
        return dict(zip(ids, made, strict=True))

    def _attempted(self, signs: Mapping[UUID, StopSign], is_alone: bool, video: VideoProgress) -> Result:
        """One attempt at a video, written down before its file is opened and after that.

        None is begun where a process that was taken for dead has got the video through meanwhile.
        """
        claimed = video.claimed
        try:
            known = self.log.begin(self.layer, claimed, is_alone)
        except DatabaseUnavailable as error:
            return error
        if known is not None:
            return known
        crash_point("video.after_begin")
        with stoppable(signs[claimed.message_id]):
            result = chunks.guarded(video, self.step)
        crash_point("video.before_end")
        through = (
            result if isinstance(result, VideoProgress) and not (result.error or result.put_off) else None
        )
        try:
            self._end(claimed, through)
        except DatabaseUnavailable as error:
            return error
        return result

    @retry(
        retry=retry_if_exception_type(DatabaseUnavailable),
        wait=wait_random_exponential(0.5, max=10),
        stop=stop_after_delay(_PATIENCE_S),
        reraise=True,
    )
    def _end(self, claimed: ClaimedVideo, through: VideoProgress | None) -> None:
        """End the row; a database that is away for moments must not look like the death of this process."""
        self.log.end(self.layer, claimed, through)

    @contextmanager
    def _watched(self, videos: Sequence[VideoProgress]) -> Iterator[Mapping[UUID, StopSign]]:
        """A stop sign a video; that of a message that ends elsewhere is set within a second or two."""
        signs = {video.claimed.message_id: StopSign() for video in videos}
        over = Event()

        def look() -> None:
            while videos and not over.wait(_LOOK_S):
                try:
                    left = self.log.still_open([video.claimed for video in videos])
                except TransientError:
                    continue  # nobody can have cancelled anything while the database is away
                for message_id in signs.keys() - left:
                    signs[message_id].set()

        watcher = Thread(target=look, name="stop-signs", daemon=True)
        watcher.start()
        try:
            with _stopped_by_sigterm(signs.values()):
                yield signs
        finally:
            over.set()
            watcher.join()


def still_open(chunk: Chunk, log: AttemptLog) -> Chunk:
    """The chunk without videos whose message has ended, or belongs to another attempt by now."""
    left = log.still_open([video.claimed for video in chunk.videos])
    videos = tuple(video for video in chunk.videos if video.claimed.message_id in left)
    return chunk.model_copy(update={"videos": videos})


@contextmanager
def _stopped_by_sigterm(signs: Collection[StopSign]) -> Iterator[None]:
    """Have SIGTERM stop the videos, so that they end in order and nobody takes it for a death over them.

    Raises:
        TransientError: it came; what was not through is left to the next try.
    """
    if current_thread() is not main_thread():  # only the main thread hears signals
        yield
        return
    is_told = Event()

    def stop(number: int, frame: FrameType | None) -> None:
        is_told.set()
        for sign in signs:
            sign.set()

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
    if is_told.is_set():
        raise TransientError("the task was asked to end; its next try goes on")


def _suspects(videos: Sequence[VideoProgress], tries: Mapping[UUID, EarlierTries]) -> list[VideoProgress]:
    """Videos over which a process died, the guilty one last, so that it holds up no other."""

    def suspicion(video: VideoProgress) -> tuple[int, int]:
        found = tries.get(video.claimed.message_id, _NEVER)
        return found.deaths_alone, found.deaths

    return sorted((video for video in videos if suspicion(video) != (0, 0)), key=suspicion)
