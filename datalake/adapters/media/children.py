"""The way into media files: a pool of children, and the two ports that they serve."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from pydantic import TypeAdapter

from datalake.adapters.media.answers import believed
from datalake.adapters.media.frames import DecodedFrames
from datalake.adapters.media.limits import Limits
from datalake.adapters.media.opened_file import OpenedFile
from datalake.adapters.media.pool import ChildPool, tried_twice
from datalake.adapters.media.process import ENTRY
from datalake.adapters.media.proxy.proxies import ChildTranscoder
from datalake.adapters.ports import FrameSource, MediaProbe, Probe, Transcoder
from datalake.common_func import given_cores
from datalake.contracts import MediaFacts
from datalake.errors import BadVideo
from datalake.findings import finding

_PROBE: TypeAdapter[Probe] = TypeAdapter(Probe)


class MediaChildren:
    """So many children, started ahead: `with MediaChildren(slots=4, ...) as media`.

    Args:
        slots: probes and frame sources that can be open at once; one more waits.
        limits: of each child, but for its threads: the slots share the processors that we were given.
        entry: the module that a child runs.
    """

    def __init__(self, slots: int, limits: Limits, entry: str = ENTRY) -> None:
        threads = -(-given_cores() // slots)
        self._pool = ChildPool(slots, replace(limits, threads=threads), entry)

    @property
    def limits(self) -> Limits:
        """Of each child."""
        return self._pool.limits

    def __enter__(self) -> Self:
        self._pool.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.__exit__(kind, error, trace)

    def serves(self, thread: int) -> bool:
        """False while a thread waits for a child and all are taken."""
        return self._pool.serves(thread)

    def probe_port(self) -> MediaProbe:
        """A probe; any number of threads may share it."""
        return ChildProbe(self._pool)

    @contextmanager
    def frame_source(self, path: Path, media: MediaFacts) -> Iterator[FrameSource]:
        """The frames of one file, by a child that is this source's alone; one that ends is replaced.

        Raises:
            BadVideo: the file cannot be opened for decoding.
        """
        if media.video is None or media.measured_duration_s is None:
            raise BadVideo(finding("no_video_stream", "the probe found no pictures to decode"))
        with closing(OpenedFile(self._pool, path, media.video)) as file:
            file.open()
            yield DecodedFrames(file, media.video, media.measured_duration_s)

    @contextmanager
    def transcoder(self, path: Path, media: MediaFacts, limit_s: float | None = None) -> Iterator[Transcoder]:
        """Makes proxies of one file; each takes a child of its own, so that it can be probed in between.

        Args:
            path: the file, there until the block ends.
            media: what the probe said of it.
            limit_s: a proxy ends here at the latest; None: it is as long as the video.

        Raises:
            BadVideo: the probe found no pictures.
        """
        yield ChildTranscoder(self._pool, path, media, limit_s)


class ChildProbe(MediaProbe):
    """Probes by whichever child of the pool is free."""

    def __init__(self, pool: ChildPool) -> None:
        self._pool = pool

    def probe(self, path: Path) -> Probe:
        """Facts and findings; that two children hung or died is a finding as well."""
        try:
            return tried_twice(lambda: self._probed(path))
        except BadVideo as bad:
            return Probe(media=None, findings=(bad.finding,))

    def _probed(self, path: Path) -> Probe:
        limit_s = self._pool.limits.reading_s(path.stat().st_size)
        with self._pool.lease() as child:
            return believed(child.request("probe", limit_s, path=str(path)), _PROBE, child.disbelieved)
