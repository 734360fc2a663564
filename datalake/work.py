"""One piece of silver work, done once: under a lease, or linked to what is finished already."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Event
from uuid import UUID

from datalake.adapters.ports import Catalog, Frame, FrameSource, Lake, Window
from datalake.contracts import SilverVideo, WorkIdentity
from datalake.errors import LeaseLost
from datalake.silver_layer.manifest import silver_video_from_manifest

_POLL_S = 0.5


@dataclass(frozen=True)
class Holder:
    """Who works: a task try of one attempt of one batch."""

    token: UUID
    batch_id: UUID
    attempt: int


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


def finished_once(
    work: WorkIdentity,
    holder: Holder,
    catalog: Catalog,
    lake: Lake,
    lease_s: float,
    do: Callable[[Callable[[], None]], SilverVideo],
) -> SilverVideo:
    """The finished work: read back if it exists, waited for if another is at it, else done now.

    Args:
        work: which work.
        holder: who asks.
        catalog: keeps the leases.
        lake: holds the manifests.
        lease_s: seconds without progress after which a lease may be taken over.
        do: does the work; calls its argument to renew the lease.

    Raises:
        LeaseLost: another task try took over, or is still at it after `lease_s` without end.
    """
    manifest_key = f"{work.prefix}/manifest.json"
    deadline = time.monotonic() + 2 * lease_s
    while catalog.lease(work, holder.token, holder.batch_id, holder.attempt, lease_s) == "busy":
        if time.monotonic() > deadline:
            raise LeaseLost(f"{work.prefix}: another task is still at this work; trying again later")
        Event().wait(_POLL_S)
    if lake.exists(manifest_key):
        silver = silver_video_from_manifest(lake.read_bytes(manifest_key))
    else:
        silver = do(lambda: catalog.renew(work, holder.token, lease_s))
    catalog.finish(work, holder.token, manifest_key)
    return silver
