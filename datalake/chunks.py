"""A chunk of videos through one step: concurrently, each ending in its own way.

A bad video is data (`BadVideo` becomes an outcome). An error of our code stays with its video, and so does a
source that is away: that video waits for the batch's next attempt. Any other broken service is raised once
every other video of the chunk is through.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor

from datalake.contracts import Chunk, ClaimedVideo, Finding, Outcome, VideoProgress
from datalake.errors import (
    BadVideo,
    ConfigurationError,
    LeaseLost,
    SourceUnavailable,
    Stopped,
    TransientError,
)

_log = logging.getLogger(__name__)
_LABEL_VIDEOS = 3
_NAME_CHARS = 60  # Airflow keeps 250 characters of a label and refuses to end a task with a longer one
_MAX_CHUNKS = 1000  # Airflow maps over 1024 values at most

Step = Callable[[VideoProgress], VideoProgress]
Result = VideoProgress | TransientError | ConfigurationError


def chunk_size(videos: int, slots: int, smallest: int, largest: int) -> int:
    """Videos per chunk, so that every slot gets about two chunks of a large batch."""
    return max(min(max(-(-videos // (2 * slots)), smallest), largest), -(-videos // _MAX_CHUNKS))


def split(claimed: Sequence[ClaimedVideo], size: int) -> list[Chunk]:
    """Cut a batch into labelled chunks of at most `size` videos, in order."""
    return [_chunk(claimed[start : start + size]) for start in range(0, len(claimed), size)]


def run(chunk: Chunk, step: Step, at_once: int) -> Chunk:
    """Take every open video of the chunk through `step`, at most `at_once` at a time.

    Raises:
        TransientError: a service is away; raised after the other videos are through.
        ConfigurationError: a setting is wrong; likewise.
    """
    return joined(chunk, results(chunk.videos, lambda video: guarded(video, step), at_once))


def results(
    videos: Sequence[VideoProgress], attempt: Callable[[VideoProgress], Result], at_once: int
) -> list[Result]:
    """What `attempt` makes of each video, in order; at most `at_once` at a time."""
    with ThreadPoolExecutor(max_workers=at_once, thread_name_prefix="video") as pool:
        return list(pool.map(attempt, videos))


def joined(chunk: Chunk, made: Sequence[Result]) -> Chunk:
    """The chunk with its videos as they are now.

    Raises:
        TransientError: a service was away for one of them.
        ConfigurationError: a setting is wrong.
    """
    for result in made:
        if isinstance(result, TransientError | ConfigurationError):
            raise result
    videos = tuple(result for result in made if isinstance(result, VideoProgress))
    return chunk.model_copy(update={"videos": videos})


def guarded(video: VideoProgress, step: Step) -> Result:
    """The video after the step, as its outcome, its delay or its error says; or the service that is away."""
    if not video.is_open:
        return video
    try:
        return step(video)
    except BadVideo as bad:
        return quarantined(video, bad.finding)
    except (SourceUnavailable, LeaseLost, Stopped) as error:
        _log.warning("%s waits for the next attempt: %s", video.claimed.label, error)
        return video.model_copy(update={"put_off": str(error)[:500]})
    except (TransientError, ConfigurationError) as error:
        _log.warning("%s: %s", video.claimed.label, error)
        return error
    except Exception as error:  # noqa: BLE001 - a boundary: one video's bug must not take the chunk with it
        _log.exception("%s: an error of our code", video.claimed.label)
        return video.model_copy(update={"error": f"{type(error).__name__}: {error}"[:500]})


def quarantine(findings: Sequence[Finding], blocking: Collection[str]) -> Outcome:
    """Quarantine with all findings, explained by those whose codes are blocking."""
    reasons = [finding for finding in findings if finding.code in blocking]
    return Outcome(
        kind="quarantined",
        reason=reasons[0].code,
        detail="; ".join(finding.evidence for finding in reasons),
        findings=tuple(findings),
    )


def quarantined(video: VideoProgress, found: Finding) -> VideoProgress:
    """The video at its end, stopped by this finding; what bronze noticed is told with it."""
    findings = (*(video.bronze.findings if video.bronze else ()), found)
    return video.model_copy(update={"outcome": quarantine(findings, {found.code})})


def _chunk(claimed: Sequence[ClaimedVideo]) -> Chunk:
    shown = ", ".join(_shortened(video.label) for video in claimed[:_LABEL_VIDEOS])
    more = len(claimed) - _LABEL_VIDEOS
    return Chunk(
        label=f"{shown} +{more}" if more > 0 else shown,
        batch_id=claimed[0].batch_id,
        attempt=claimed[0].attempt,
        videos=tuple(VideoProgress(claimed=video) for video in claimed),
    )


def _shortened(name: str) -> str:
    return name if len(name) <= _NAME_CHARS else f"{name[: _NAME_CHARS - 1]}…"
