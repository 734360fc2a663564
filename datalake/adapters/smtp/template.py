"""Mail bodies from the jinja2 templates of the adapters."""

from __future__ import annotations

import re
from collections.abc import Sequence

from jinja2 import Environment, PackageLoader, StrictUndefined

from datalake.adapters.ports import MailBody, MailTemplate, VideoReport
from datalake.uris import shown

_MOST_ROWS = 200
_ORDER = ("failed", "quarantined", "rejected", "cancelled", "done", "duplicate")


def _one_line(text: str) -> str:
    """Text that cannot pretend to be a line of its own."""
    return re.sub(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029]+", " ", text).strip()


class JinjaMailTemplate(MailTemplate):
    """`templates/batch.txt.j2` and `templates/batch.html.j2`; HTML is escaped."""

    def __init__(self) -> None:
        self._environment = Environment(
            loader=PackageLoader("datalake.adapters"),
            autoescape=lambda name: name is not None and ".html" in name,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        self._environment.filters["one_line"] = _one_line
        self._environment.filters["shown"] = shown

    def render(self, subject: str, videos: Sequence[VideoReport], run_url: str) -> MailBody:
        """As the port says; what went wrong comes first."""
        ordered = sorted(videos, key=lambda video: (_ORDER.index(video.outcome.kind), video.label))
        values = {
            "subject": subject,
            "videos": ordered[:_MOST_ROWS],
            "left_out": max(0, len(ordered) - _MOST_ROWS),
            "run_url": run_url,
        }
        text, html = (
            self._environment.get_template(f"batch.{form}.j2").render(values) for form in ("txt", "html")
        )
        return MailBody(text, html)
