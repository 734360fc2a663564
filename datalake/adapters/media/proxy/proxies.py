"""Proxies of one video, asked of a child step by step."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from datalake.adapters.media.answers import believed
from datalake.adapters.media.pool import ChildPool
from datalake.adapters.media.process import Child
from datalake.adapters.ports import Transcoder, believable_s
from datalake.contracts import MediaFacts
from datalake.errors import BadVideo, MachineBusy
from datalake.findings import finding

_TOLD = TypeAdapter(dict[str, Any])
_STEP_S = 5.0  # work asked for at once, where the time limit of a request allows it
_STEPS_A_LIMIT = 4
_LEAST_SOUND_BYTES_PER_S = 500  # of speech; music takes more


class ChildTranscoder(Transcoder):
    """Proxies by whichever child of the pool is free; it is leased for one proxy only.

    However long the video is, a request lasts a few seconds and the child holds a few pictures.

    Args:
        pool: where the children are.
        path: the video.
        media: what the probe said of it.
        limit_s: a proxy ends here at the latest; None: it is as long as the video.

    Raises:
        BadVideo: the probe found no pictures.
    """

    def __init__(self, pool: ChildPool, path: Path, media: MediaFacts, limit_s: float | None = None) -> None:
        if media.video is None or media.measured_duration_s is None:
            raise BadVideo(finding("no_video_stream", "the probe found no pictures to make a proxy of"))
        self._pool, self._path, self._limit_s = pool, path, limit_s
        self._video, self._audio = media.video, media.audio
        self._duration_s = media.measured_duration_s

    @property
    def duration_s(self) -> float:
        """As long as the pictures, or up to the limit."""
        return self._duration_s if self._limit_s is None else min(self._duration_s, self._limit_s)

    @property
    def _pictures_s(self) -> float:
        return believable_s(self.duration_s, self._video.measured_frames)

    @property
    def _sound_s(self) -> float:
        """As its clock says, if a file of this size can hold so much, and up to the limit."""
        if self._audio is None or self._audio.duration_s is None:
            return 0.0
        held_s = self._path.stat().st_size / _LEAST_SOUND_BYTES_PER_S
        return min(self._audio.duration_s, held_s, self._limit_s or math.inf)

    def proxy(self, height_px: int, folder: Path, tags: Mapping[str, str]) -> Path:
        """As the port says."""
        target = folder / f"proxy_{height_px}p.mp4"
        with self._pool.lease() as child:
            try:
                self._make(child, target, height_px, tags)
            except BaseException:
                child.kill()  # it still holds the file
                target.unlink(missing_ok=True)
                raise
        return target

    def _make(self, child: Child, target: Path, height_px: int, tags: Mapping[str, str]) -> None:
        _asked(
            child,
            "proxy_open",
            path=str(self._path),
            target=str(target),
            stream=self._video.model_dump(mode="json"),
            audio_index=None if self._audio is None else self._audio.index,
            height_px=height_px,
            duration_s=self.duration_s,
            limit_s=self._limit_s,
            tags=dict(tags),
        )
        limits = self._pool.limits
        seconds = min(_STEP_S, limits.timeout_s / _STEPS_A_LIMIT)
        limit_s = limits.transcoding_s(max(self._pictures_s, self._sound_s))
        until_s = time.monotonic() + limit_s
        while not _asked(child, "proxy_step", seconds=seconds).get("is_finished"):
            if time.monotonic() > until_s:
                raise BadVideo(finding("decoder_hung", f"no proxy after {limit_s:.0f} s; given up"))
        # the index moves to the front: the whole file is copied once more
        _asked(child, "proxy_close", limits.reading_s(target.stat().st_size))


def _asked(child: Child, op: str, timeout_s: float | None = None, **arguments: Any) -> dict[str, Any]:
    answer = believed(child.request(op, timeout_s, **arguments), _TOLD, child.disbelieved)
    if why := answer.get("cannot_write"):
        raise MachineBusy(f"a proxy cannot be written ({why}): free space on the lake's disk")
    return answer
