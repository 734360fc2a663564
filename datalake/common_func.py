"""Small functions that several layers need."""

from __future__ import annotations

import json
from uuid import UUID, uuid5

from datalake.contracts import WorkIdentity

_POINTS = UUID("6f1f3a4e-3f0b-5b0e-9c39-0c6a7d1f5b52")


def point_id(work: WorkIdentity, time_us: int) -> UUID:
    """Id of the Qdrant point for the frame at `time_us` microseconds; the same frame always gets the same."""
    return uuid5(_POINTS, json.dumps([work.asset_id, time_us, work.model, work.settings_hash]))
