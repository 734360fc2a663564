"""What makes two pieces of silver work the same one. Pure; used before the layer runs, no node."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Protocol

from datalake.adapters.ports import Embedder
from datalake.contracts import BronzeVideo, Options, WorkIdentity

# raised by hand when the same input would give other frames, rows or vectors
CODE_VERSION = 1


class SilverDefaults(Protocol):
    """The settings of silver that change what it writes."""

    @property
    def interval_s(self) -> float: ...  # noqa: D102
    @property
    def max_frames(self) -> int: ...  # noqa: D102
    @property
    def window_max_bytes(self) -> int: ...  # noqa: D102
    @property
    def duplicate_max_bits(self) -> int: ...  # noqa: D102


class ImageDefaults(Protocol):
    """The setting of the lake that changes what silver writes."""

    @property
    def jpeg_quality(self) -> int: ...  # noqa: D102


@dataclass(frozen=True)
class SilverOptions:
    """Everything but the bytes and the model that changes what silver writes."""

    sampling: str
    interval_s: float
    max_frames: int
    window_max_bytes: int
    duplicate_max_bits: int
    jpeg_quality: int

    def as_inputs(self) -> dict[str, object]:
        """The layer's narrow settings, by input name."""
        inputs = asdict(self)
        del inputs["sampling"]  # the contract knows one way only; its nodes take no choice
        return inputs


def effective_options(options: Options, silver: SilverDefaults, lake: ImageDefaults) -> SilverOptions:
    """The sender's wishes over the settings."""
    return SilverOptions(
        sampling=options.sampling,
        interval_s=options.interval_s or silver.interval_s,
        max_frames=options.max_frames or silver.max_frames,
        window_max_bytes=silver.window_max_bytes,
        duplicate_max_bits=silver.duplicate_max_bits,
        jpeg_quality=lake.jpeg_quality,
    )


def work_identity(bronze: BronzeVideo, embedder: Embedder, options: SilverOptions) -> WorkIdentity:
    """Names the work: same bytes, model and options, same identity."""
    facts = {**asdict(options), "fingerprint": embedder.fingerprint, "code_version": CODE_VERSION}
    canonical = json.dumps(facts, sort_keys=True, separators=(",", ":"))
    return WorkIdentity(
        asset_id=bronze.asset_id,
        model=embedder.model,
        settings_hash=hashlib.sha256(canonical.encode()).hexdigest()[:16],
    )
