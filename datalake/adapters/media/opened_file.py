"""One file held open by a child of the pool; where that child ends, by the next one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from datalake.adapters.media.decode.coded_video import CodedVideo
from datalake.adapters.media.limits import Limits
from datalake.adapters.media.pixel_files import Pixels
from datalake.adapters.media.pool import ChildPool, tried_twice
from datalake.adapters.media.process import ENDED, Child
from datalake.contracts import Finding, VideoStream
from datalake.errors import BadVideo
from datalake.findings import finding

_MOST_ENDED = 6  # children over one file; each may have cost the whole time limit


class OpenedFile:
    """A file open for decoding, in one child at a time. For one thread.

    Where the child ends over a request, another one opens the file and is asked the same. Once too many have
    ended nothing more is tried, so a file costs a bounded time whatever it does to them.
    """

    def __init__(self, pool: ChildPool, path: Path, video: VideoStream) -> None:
        self._pool = pool
        self._reading_s = pool.limits.reading_s(path.stat().st_size)
        self._opening: dict[str, Any] = {"path": str(path), "stream": asdict(CodedVideo.of(video))}
        self._lease = ExitStack()
        self._child: Child | None = None
        self._ahead: dict[str, Any] | None = None
        self._endings: list[Finding] = []

    @property
    def limits(self) -> Limits:
        """Of each of its children."""
        return self._pool.limits

    def open(self) -> None:
        """Open the file, if it is not.

        Raises:
            BadVideo: it cannot be opened, or two children ended over it.
        """
        tried_twice(self._opened)

    def keyframes(self, is_exact: bool) -> Pixels:
        """Keyframe times, as bytes (int64, microseconds).

        Args:
            is_exact: True for when each is on screen; else about that is enough.

        Raises:
            BadVideo: as of `request`.
        """
        return self.request("keyframes", timeout_s=self._reading_s, is_exact=is_exact)[1]

    def request(self, op: str, **arguments: Any) -> tuple[Any, Pixels]:
        """The answer and its pixels; arguments as of `Child.send`.

        Raises:
            BadVideo: the child refused, two children ended over it, or too many have ended before.
        """
        if len(self._endings) >= _MOST_ENDED:
            raise BadVideo(_not_tried(self._endings))
        asked = {"op": op, **arguments}
        if self._ahead not in (None, asked):
            with suppress(BadVideo):  # decoded for nobody
                self._received()
        return tried_twice(lambda: self._answered(asked))

    def disbelieve(self, why: str) -> BadVideo:
        """An answer cannot be true: its child ends, and the next request is another one's."""
        bad = self._opened().disbelieved(why)
        self._endings.append(bad.finding)
        self._give_back()
        return bad

    def ask_ahead(self, op: str, **arguments: Any) -> None:
        """Let the child begin with what is requested next."""
        with suppress(BadVideo):  # it has ended since its last answer: the request will find another one
            self._send({"op": op, **arguments})

    def close(self) -> None:
        """Make the child let go of the file, if it is there to be asked, and give it back."""
        try:
            if self._child is not None and not self._child.is_busy:
                with suppress(BadVideo):  # it died idle: there is nothing left to let go
                    self._child.request("close")
        finally:
            self._give_back()

    def _opened(self) -> Child:
        if self._child is not None:
            return self._child
        with self._given_back_if_bad():
            child = self._lease.enter_context(self._pool.lease())
            child.request("open", self._reading_s, **self._opening)
        self._child = child
        return child

    def _answered(self, asked: dict[str, Any]) -> tuple[Any, Pixels]:
        if self._ahead != asked:
            self._send(asked)
        return self._received()

    def _send(self, asked: dict[str, Any]) -> None:
        child = self._opened()
        with self._given_back_if_bad():
            child.send(**asked)
        self._ahead = asked

    def _received(self) -> tuple[Any, Pixels]:
        child, self._ahead = self._opened(), None
        with self._given_back_if_bad():
            return child.receive()

    @contextmanager
    def _given_back_if_bad(self) -> Iterator[None]:
        """After a failure the pool replaces the child: it has ended, or is of no more use."""
        try:
            yield
        except BadVideo as bad:
            if bad.finding.code in ENDED:
                self._endings.append(bad.finding)
            self._give_back()
            raise

    def _give_back(self) -> None:
        self._child = self._ahead = None
        self._lease.close()


def _not_tried(endings: list[Finding]) -> Finding:
    last = endings[-1]
    return finding(last.code, f"not tried after {len(endings)} decoders ended; the last one: {last.evidence}")
