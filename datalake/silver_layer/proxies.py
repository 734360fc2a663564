"""Proxies: smaller copies of the video, each made in a child, probed, and only then published.

A proxy whose record is in the lake is there and whole; it is not made again. What goes wrong with one is a
finding, for the video is searchable without it. The scratch folder is the caller's, and goes with it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hamilton.function_modifiers import tag
from hamilton.htypes import Collect, Parallelizable

from datalake.adapters.ports import Lake, MediaProbe, Probe, Transcoder
from datalake.contracts import Assessment, Derivative, Finding, SilverVideo, ValidationMode
from datalake.errors import BadVideo
from datalake.findings import blocking, finding

_PREFIX, _SUFFIX = "proxy_", "p"
_TOLERANCE_S = 0.1
_LEAST_STRICT: ValidationMode = "report-only"  # only what stops a video in every mode stops it over a proxy


@dataclass(frozen=True)
class ProxyWish:
    """A proxy that was asked for, by name and the height in it."""

    name: str
    height_px: int


@dataclass(frozen=True)
class ProxyFile:
    """What came of a wish in the scratch folder: a file, or why there is none."""

    wish: ProxyWish
    path: Path | None = None
    failure: str | None = None


@dataclass(frozen=True)
class ProxyResult:
    """What came of a wish in the lake: a derivative, or a finding."""

    derivative: Derivative | None = None
    finding: Finding | None = None


def proxy_wishes(derivative_names: Sequence[str]) -> list[ProxyWish]:
    """The proxies among the names, each once, in the order they were asked for."""
    names = dict.fromkeys(name for name in derivative_names if name.startswith(_PREFIX))
    return [ProxyWish(name, int(name.removeprefix(_PREFIX).removesuffix(_SUFFIX))) for name in names]


def derivatives_prefix(silver_video: SilverVideo) -> str:
    """Lake prefix of the files made from the video, within the work that they belong to."""
    return f"{silver_video.work.prefix}/derivatives"


def provenance_tags(silver_video: SilverVideo) -> dict[str, str]:
    """What a file says about itself: the asset, the settings and the code that it was made from and by."""
    return {
        "asset_id": silver_video.work.asset_id,
        "settings_hash": silver_video.work.settings_hash,
        "pipeline_version": silver_video.pipeline_version,
    }


def stored_proxies(proxy_wishes: list[ProxyWish], derivatives_prefix: str, lake: Lake) -> list[Derivative]:
    """The proxies that an earlier run made, by their records in the lake."""
    keys = [_record_key(derivatives_prefix, wish.name) for wish in proxy_wishes]
    records = [Derivative.model_validate_json(lake.read_bytes(key)) for key in keys if lake.exists(key)]
    return [record for record in records if lake.exists(record.key)]


def missing_proxy(
    proxy_wishes: list[ProxyWish], stored_proxies: list[Derivative]
) -> Parallelizable[ProxyWish]:
    """One proxy that is still to be made."""
    stored = {derivative.name for derivative in stored_proxies}
    yield from (wish for wish in proxy_wishes if wish.name not in stored)


@tag(effect="decodes")
def proxy_file(
    missing_proxy: ProxyWish,
    provenance_tags: dict[str, str],
    scratch_folder: Path,
    transcoder: Transcoder,
) -> ProxyFile:
    """The proxy in the scratch folder, made by a child; an error of our own in it ends the video."""
    try:
        path = transcoder.proxy(missing_proxy.height_px, scratch_folder, provenance_tags)
    except BadVideo as bad:
        if blocking((bad.finding,), _LEAST_STRICT):
            raise
        return ProxyFile(missing_proxy, failure=bad.finding.evidence)
    return ProxyFile(missing_proxy, path)


@tag(effect="decodes")
def proxy_probe(proxy_file: ProxyFile, media_probe: MediaProbe) -> Probe:
    """What is really in the file."""
    return Probe(None) if proxy_file.path is None else media_probe.probe(proxy_file.path)


def proxy_failure(
    proxy_file: ProxyFile, proxy_probe: Probe, assessment: Assessment, transcoder: Transcoder
) -> str | None:
    """Why the proxy must not be published; None when it is as it has to be."""
    if proxy_file.failure is not None:
        return proxy_file.failure
    if stopping := blocking(proxy_probe.findings, _LEAST_STRICT):
        raise BadVideo(stopping[0])
    errors = [found for found in proxy_probe.findings if found.severity == "error"]
    if errors:
        return f"the file made is not good: {errors[0].evidence}"
    media = proxy_probe.media
    if media is None or media.video is None or media.measured_duration_s is None:
        return "the file made has no pictures"
    highest_px = min(proxy_file.wish.height_px, assessment.metadata.height_px or proxy_file.wish.height_px)
    height_px = media.video.height_px
    if not highest_px - 2 < height_px <= max(2, highest_px):
        return f"the file made is {height_px} px high instead of {highest_px}"
    off_s = abs(media.measured_duration_s - transcoder.duration_s)
    if off_s > _TOLERANCE_S + 1 / (media.video.frame_rate_fps or 25.0):
        return f"the file made lasts {media.measured_duration_s:.2f} s instead of {transcoder.duration_s:.2f}"
    return None


def proxy_derivative(
    proxy_file: ProxyFile,
    proxy_probe: Probe,
    proxy_failure: str | None,
    provenance_tags: dict[str, str],
    derivatives_prefix: str,
) -> Derivative | None:
    """The record of a proxy that is good; its key holds its content, so that a record never lies."""
    media = proxy_probe.media
    if proxy_failure is not None or proxy_file.path is None or media is None or media.video is None:
        return None
    with proxy_file.path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return Derivative(
        **provenance_tags,
        name=proxy_file.wish.name,
        key=f"{derivatives_prefix}/{proxy_file.wish.name}-{sha256[:16]}.mp4",
        sha256=sha256,
        media_type="video/mp4",
        size_bytes=proxy_file.path.stat().st_size,
        width_px=media.video.width_px,
        height_px=media.video.height_px,
        duration_s=media.measured_duration_s,
    )


@tag(effect="writes")
def published_proxy(
    proxy_file: ProxyFile,
    proxy_derivative: Derivative | None,
    derivatives_prefix: str,
    lake: Lake,
) -> Derivative | None:
    """The proxy in the lake, then its record; None for one that is not good. The scratch file goes."""
    if proxy_file.path is not None and proxy_derivative is not None:
        lake.put_file(proxy_derivative.key, proxy_file.path)
        record = proxy_derivative.model_dump_json().encode()
        lake.put_bytes(_record_key(derivatives_prefix, proxy_derivative.name), record)
    if proxy_file.path is not None:
        proxy_file.path.unlink()  # the disk need not hold all proxies of a video at once
    return proxy_derivative


def proxy_result(
    proxy_file: ProxyFile, proxy_failure: str | None, published_proxy: Derivative | None
) -> ProxyResult:
    """The proxy that is in the lake, or why it is not."""
    if proxy_failure is not None:
        return ProxyResult(finding=finding("derivative_failed", f"{proxy_file.wish.name}: {proxy_failure}"))
    return ProxyResult(published_proxy)


def proxy_results(proxy_result: Collect[ProxyResult]) -> list[ProxyResult]:
    """What came of every proxy that was made in this execution."""
    return list(proxy_result)


def _record_key(prefix: str, name: str) -> str:
    return f"{prefix}/{name}.json"
