"""What every vector index agrees on: the fields of a point's payload and what a search hit is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from datalake.contracts import SearchHit
from datalake.errors import ConfigurationError


@dataclass(frozen=True)
class CollectionModel:
    """What a collection was made for; a vector of another model means nothing in it."""

    model: str
    fingerprint: str
    dim: int

    def check(self, wanted: CollectionModel, collection: str) -> None:
        """Refuse another model.

        Raises:
            ConfigurationError: `wanted` is not what the collection was made for.
        """
        if self != wanted:
            raise ConfigurationError(
                f"collection `{collection}` holds vectors of {self}, but the embedder is {wanted}; set "
                "EMBEDDER back, or delete the collection and index the lake again with the new model"
            )

    def __str__(self) -> str:
        return f"model {self.model!r}, fingerprint {self.fingerprint!r}, {self.dim} numbers"


def hits(
    score: float, payload: Mapping[str, Any], frame_uri: Callable[[str], str], platform: str | None
) -> list[SearchHit]:
    """One hit for each video that holds the point, of one platform only if asked."""
    owners = (video_id.partition("/") for video_id in payload["video_ids"])
    return [
        SearchHit(
            score=score,
            platform=owner,
            video_id=video_id,
            asset_id=payload["asset_id"],
            settings_hash=payload["settings_hash"],
            time_s=payload["timestamp_s"],
            frame_key=payload["frame_key"],
            frame_uri=frame_uri(payload["frame_key"]),
            labels=tuple(payload.get("labels") or ()),
        )
        for owner, _, video_id in owners
        if platform in (None, owner)
    ]
