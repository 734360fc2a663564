"""Mail bodies from the jinja2 templates of the adapters."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from datalake.adapters.ports import URGENCY, MailBody, MailTemplate, VideoFigures, VideoReport
from datalake.contracts import Finding, OutcomeKind
from datalake.uris import shown

_MOST_ROWS = 200
_REMEDIES: dict[OutcomeKind, str] = {
    "rejected": "Send a corrected message with a new event_id; the original is in the dead-letter topic.",
    "failed": "Tell those who run the pipeline; the run shows where it failed.",
}
_SEVERITIES = ("error", "warning")
_MINUTE_S, _HOUR_S = 60, 3600


class JinjaMailTemplate(MailTemplate):
    """`templates/{batch,alert}.{txt,html}.j2`; HTML is escaped."""

    def __init__(self) -> None:
        self._environment = Environment(
            loader=PackageLoader("datalake.adapters"),
            autoescape=lambda name: name is not None and ".html" in name,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        filters = {"one_line": _one_line, "shown": shown, "figures": _figures}
        self._environment.filters |= filters | {"to_act_on": _to_act_on, "folded": _folded}

    def render(self, subject: str, videos: Sequence[VideoReport], run_url: str, equation: str) -> MailBody:
        """As the port says; what went wrong comes first."""
        counts = Counter(video.outcome.kind for video in videos)
        values = {
            "subject": subject,
            "counts": [(kind, counts[kind]) for kind in URGENCY if counts[kind]],
            "videos": sorted(videos, key=_urgency)[:_MOST_ROWS],
            "left_out": max(0, len(videos) - _MOST_ROWS),
            "total": len(videos),
            "remedies": _REMEDIES,
            "run_url": run_url,
            "equation": equation,
        }
        return self._rendered("batch", values)

    def render_alert(self, subject: str, detail: str, airflow_url: str) -> MailBody:
        """As the port says."""
        return self._rendered("alert", {"subject": subject, "detail": detail, "airflow_url": airflow_url})

    def _rendered(self, name: str, values: Mapping[str, Any]) -> MailBody:
        text, html = (
            self._environment.get_template(f"{name}.{form}.j2").render(values) for form in ("txt", "html")
        )
        return MailBody(text, html)


def _urgency(video: VideoReport) -> tuple[int, bool, str]:
    """Trouble first, and of what is done that with errors."""
    has_errors = any(finding.severity == "error" for finding in video.outcome.findings)
    return URGENCY.index(video.outcome.kind), not has_errors, video.label


def _one_line(text: str) -> str:
    """Text that cannot pretend to be a line of its own."""
    return re.sub(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029]+", " ", text).strip()


def _to_act_on(findings: Sequence[Finding]) -> list[Finding]:
    """Errors, then warnings."""
    return [finding for severity in _SEVERITIES for finding in findings if finding.severity == severity]


def _folded(findings: Sequence[Finding]) -> str:
    """The rest in one line."""
    rest = (finding for finding in findings if finding.severity not in _SEVERITIES)
    return "; ".join(f"{_one_line(finding.code)} ({_one_line(finding.evidence)})" for finding in rest)


def _figures(figures: VideoFigures | None) -> list[str]:
    """Duration, resolution, frames and quality as people read them; what is not known is left out."""
    if figures is None:
        return []
    known = []
    if figures.duration_s is not None:
        known.append(_duration(figures.duration_s))
    if figures.width_px is not None and figures.height_px is not None:
        known.append(f"{figures.width_px} × {figures.height_px}")
    of = "" if figures.frame_count is None else f" of {figures.frame_count}"
    known.append(f"{figures.kept_count}{of} frames kept")
    if figures.quality_score is not None:
        known.append(f"quality {figures.quality_score:.2f}")
    return known


def _duration(seconds: float) -> str:
    """E.g. `5.3 s`, `3:32 min`, `1:02:03 h`."""
    whole = round(seconds)
    if whole < _MINUTE_S:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(whole, 60)
    if whole < _HOUR_S:
        return f"{minutes}:{rest:02d} min"
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d} h"
