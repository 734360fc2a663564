"""Tables and pictures that a notebook shows by itself, small and without a line of this machine."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from io import BytesIO
from typing import Any

from PIL import Image

from datalake.adapters.ports import FrameRow, Lake, Mail
from datalake.contracts import Contract, Finding, QualityReport, SearchHit

_THUMBNAIL_PX = 176
_JPEG_QUALITY = 65
_LONGEST_TEXT = 60
_LABELS = 2
_PICTURES_A_ROW = 5
_CELL = 'style="text-align: left; vertical-align: top"'


class Shown:
    """HTML with the plain text that stands for it where there is none."""

    def __init__(self, html: str, text: str) -> None:
        self.html, self.text = html, text

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return self.html


def table(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Shown:
    """A table; floats are rounded, long texts cut in the middle."""
    lines = [[_short(value) for value in row] for row in rows]
    head = "".join(f"<th {_CELL}>{escape(name)}</th>" for name in header)
    body = "".join(
        f"<tr>{''.join(f'<td {_CELL}>{escape(value)}</td>' for value in line)}</tr>" for line in lines
    )
    widths = [max(map(len, column)) for column in zip(header, *lines, strict=True)]
    text = "\n".join(
        "  ".join(value.ljust(width) for value, width in zip(line, widths, strict=True)).rstrip()
        for line in (header, *lines)
    )
    return Shown(f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>", text)


def record(contract: Contract) -> Shown:
    """The fields of a record that hold something, nested ones by their path."""
    return table(("Field", "Value"), _leaves(contract.model_dump(mode="json")))


def findings(found: Sequence[Finding]) -> Shown:
    """What was noticed: code, severity, evidence and remedy."""
    rows = ((one.code, one.severity, one.evidence, one.remedy) for one in found)
    return table(("Finding", "Severity", "What was measured", "What to do"), rows)


def pictures(images: Iterable[bytes], captions: Iterable[str]) -> Shown:
    """Images in rows, each scaled down, with its lines of text below."""
    pairs = list(zip(images, captions, strict=True))
    figures = [f"<td {_CELL}>{_thumbnail(image)}<br>{_lines(caption)}</td>" for image, caption in pairs]
    rows = (figures[at : at + _PICTURES_A_ROW] for at in range(0, len(figures), _PICTURES_A_ROW))
    html = "".join(f"<tr>{''.join(row)}</tr>" for row in rows)
    text = "\n".join(caption.replace("\n", ", ") for _, caption in pairs)
    return Shown(f"<table>{html}</table>", text)


def frames(rows: Iterable[FrameRow], lake: Lake) -> Shown:
    """Kept frames with time, labels and scores."""
    kept = [row for row in rows if row.frame_key is not None]
    return pictures((lake.read_bytes(row.frame_key or "") for row in kept), map(_frame_caption, kept))


def duplicates(rows: Iterable[FrameRow]) -> Shown:
    """Frames that were dropped, with those that stand for them."""
    return table(
        ("Dropped at", "Stood for by", "Perceptual hash", "Mean change since the frame before"),
        (
            (_seconds(row.time_us), _seconds(row.duplicate_of_us), row.phash, row.difference)
            for row in rows
            if row.duplicate_of_us is not None
        ),
    )


def scores(report: QualityReport) -> Shown:
    """The overall score and its parts."""
    parts = ((part.name, part.score, part.measured, part.unit) for part in report.parts)
    return table(("Part", "Score, 0 to 1", "Measured", "Unit"), [("overall", report.overall, "", ""), *parts])


def hits(found: Sequence[SearchHit], lake: Lake) -> Shown:
    """What a search found, best first."""
    captions = (f"{hit.video_id} at {hit.time_s:.2f} s\nscore {hit.score:.3f}" for hit in found)
    return pictures((lake.read_bytes(hit.frame_key) for hit in found), captions)


def mail(sent: Mail) -> Shown:
    """The HTML of a mail without its head, whose style is for the whole window."""
    body = re.sub(r"^.*<body[^>]*>|</body>.*$", "", sent.html, flags=re.DOTALL)
    # a notebook turns cells to the right unless their style says otherwise
    aligned = re.sub(r'align="(\w+)" style="', r'style="text-align: \1; ', body)
    return Shown(f"<div>{aligned}</div>", f"To: {sent.recipient}\nSubject: {sent.subject}\n\n{sent.text}")


def _frame_caption(row: FrameRow) -> str:
    labels = (f"{label.name} {label.score:.2f}" for label in row.labels[:_LABELS])
    raw = f"blur {row.blur:.0f}, brightness {row.brightness:.0f}"
    return "\n".join((_seconds(row.time_us), *labels, raw))


def _seconds(time_us: int | None) -> str:
    return "" if time_us is None else f"{time_us / 1e6:.2f} s"


def _leaves(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Path and value of everything that is not empty."""
    for name, value in tree.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{name}.")
        elif value not in (None, [], ""):
            yield f"{prefix}{name}", value


def _short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list | tuple):
        return ", ".join(map(_short, value)) or "–"
    if isinstance(value, Finding):
        return value.code
    if isinstance(value, Mapping) and "code" in value:  # a finding that was dumped
        return str(value["code"])
    text = str(value)
    half = _LONGEST_TEXT // 2
    return text if len(text) <= _LONGEST_TEXT else f"{text[:half]}…{text[-half:]}"


def _lines(text: str) -> str:
    return escape(text).replace("\n", "<br>")


def _thumbnail(image: bytes) -> str:
    """The image scaled down, its bytes within the tag."""
    small = Image.open(BytesIO(image))
    small.thumbnail((_THUMBNAIL_PX, _THUMBNAIL_PX))
    data = BytesIO()
    small.save(data, "JPEG", quality=_JPEG_QUALITY)
    source = f"data:image/jpeg;base64,{base64.b64encode(data.getvalue()).decode('ascii')}"
    return f'<img width="{small.width}" height="{small.height}" src="{source}">'
