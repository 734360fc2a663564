"""What makes two pieces of silver work the same one. Pure; used before the layer runs, no node."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Protocol

from datalake.adapters.ports import Embedder
from datalake.common_func import PIPELINE_VERSION
from datalake.contracts import BronzeVideo, Options, SamplingMode, ValidationMode, WorkIdentity


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


class CheckDefaults(Protocol):
    """The settings of bronze that change what silver looks at."""

    @property
    def validation_mode(self) -> ValidationMode: ...  # noqa: D102
    @property
    def max_duration_s(self) -> float: ...  # noqa: D102


@dataclass(frozen=True)
class SilverOptions:
    """Everything but the bytes and the model that changes what silver writes.

    Attributes:
        sampling: how frames are chosen.
        interval_s: seconds between wanted frames, of keyframes at least.
        max_frames: frames wanted of the whole video, at most.
        window_max_bytes: decoded pixels that one window may hold.
        duration_limit_s: nothing is wanted from here on; None: to the end.
        duplicate_max_bits: perceptual hashes that differ in so many bits are near-duplicates.
        jpeg_quality: of stored frames, 1 to 100.
        crop: cut black bars off before frames are stored and embedded.
        labels: store what the model thinks is in each frame.
        validation_mode: what damage stops.
    """

    sampling: SamplingMode
    interval_s: float
    max_frames: int
    window_max_bytes: int
    duration_limit_s: float | None
    duplicate_max_bits: int
    jpeg_quality: int
    crop: bool
    labels: bool
    validation_mode: ValidationMode

    def as_inputs(self) -> dict[str, object]:
        """The layer's narrow settings, by input name."""
        return asdict(self)


def effective_options(
    options: Options, silver: SilverDefaults, lake: ImageDefaults, bronze: CheckDefaults
) -> SilverOptions:
    """The sender's wishes over the settings; only in `lenient` mode is a long video cut short."""
    mode = options.validation_mode or bronze.validation_mode
    return SilverOptions(
        sampling=options.sampling,
        interval_s=options.interval_s or silver.interval_s,
        max_frames=options.max_frames or silver.max_frames,
        window_max_bytes=silver.window_max_bytes,
        duration_limit_s=bronze.max_duration_s if mode == "lenient" else None,
        duplicate_max_bits=silver.duplicate_max_bits,
        jpeg_quality=lake.jpeg_quality,
        crop=options.crop,
        labels=options.labels,
        validation_mode=mode,
    )


def work_identity(bronze: BronzeVideo, embedder: Embedder, options: SilverOptions) -> WorkIdentity:
    """Names the work: same bytes, model, options and code, same identity."""
    facts = {
        **asdict(options),
        "fingerprint": embedder.fingerprint,
        "labels_fingerprint": embedder.labels_fingerprint if options.labels else "",
        "pipeline_version": PIPELINE_VERSION,
    }
    canonical = json.dumps(facts, sort_keys=True, separators=(",", ":"))
    return WorkIdentity(
        asset_id=bronze.asset_id,
        model=embedder.model,
        settings_hash=hashlib.sha256(canonical.encode()).hexdigest()[:16],
    )
