"""What landing hands to the nodes after it."""

from __future__ import annotations

from dataclasses import dataclass

from datalake.contracts import SourceFacts


@dataclass(frozen=True)
class LandedObject:
    """A raw object in the lake: SHA-256 of its bytes (hex), how many they are, and what their source said."""

    sha256: str
    size_bytes: int
    source: SourceFacts

    @property
    def key(self) -> str:
        """Its lake key."""
        return f"bronze/{self.sha256[:2]}/{self.sha256}/raw"
