"""What a collection is, kept beside its points."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import qdrant_edge as engine
from pydantic import BaseModel, ConfigDict, Field

from datalake.embedded.qdrant.requests import Distance

SPEC_FILE = "collection.json"


class Spec(BaseModel):
    """What a collection is; `collection.json`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    name: str
    size: int
    distance: Distance
    metadata: dict[str, Any] | None = None
    created_at: datetime = Field(default_factory=lambda: datetime.now(UTC))

    @property
    def engine_config(self) -> engine.EdgeConfig:
        """The engine's configuration of the shard."""
        distance = getattr(engine.Distance, self.distance)
        return engine.EdgeConfig(vectors=engine.EdgeVectorParams(size=self.size, distance=distance))

    @staticmethod
    def read(folder: Path) -> Spec:
        """The spec of the collection in `folder`."""
        return Spec.model_validate_json((folder / SPEC_FILE).read_bytes())

    def write(self, folder: Path) -> None:
        """Keep the spec in a folder that has none yet, down to the disk."""
        with (folder / SPEC_FILE).open("xb") as file:
            file.write(self.model_dump_json(indent=2).encode())
            file.flush()
            os.fsync(file.fileno())
        sync_folder(folder)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
