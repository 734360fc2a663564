"""docs/lake.md: which objects lie where, and what the columns of a Parquet part mean."""

from __future__ import annotations

import hashlib
from inspect import getdoc
from typing import Any

import pyarrow as pa

from datalake.adapters.ports import Window
from datalake.bronze_layer.landed import LandedObject
from datalake.contracts import SourceFacts, WorkIdentity
from datalake.frame_parts import frame_schema
from datalake.reference.markdown import code, codes, page, table
from datalake.silver_layer.manifest import Manifest, image_key, manifest_key, part_key
from datalake.silver_layer.part_metadata import part_metadata

_VECTOR_DIM = 384  # of the default model
_INTRO = """\
The lake (`LAKE_URI`, by default `.embedded/lake/`) holds files under keys. A key is written once, appears
when its file is whole, and is not changed afterwards; nothing here removes one. Keys name content: `<sha256>`
is the SHA-256 of the bytes, hex, and the folder before it its first two digits.

With DuckDB, all frames are one table: `SELECT * FROM '.embedded/lake/silver/*/*/*/frames/*.parquet'`."""
_PART_WORDS = """\
One file a window, one row for each frame that was looked at, in time order. A near-duplicate has a row, but
neither image nor vector. Files of one pipeline version have the same columns, but for the length of the
vector: the model says how long it is."""
_FOOTER_WORDS = """\
The footer (Parquet key/value metadata) says whose part it is, so that a retry goes on after it without
reading its rows"""


def lake_page() -> str:
    """The layout, the columns of a part, what its footer says, and what a manifest holds."""
    manifest = table(
        ("Field", "What it is"),
        (
            (code(name), field.description or _first_line(field.annotation))
            for name, field in Manifest.model_fields.items()
        ),
    )
    blocks = (
        f"## Layout\n\n{table(('Key', 'What it is'), _layout())}",
        f"## Columns of a part\n\n{_PART_WORDS}\n\n{_columns(frame_schema(_VECTOR_DIM))}",
        f"{_FOOTER_WORDS}: {codes(_footer_names())}.",
        f"## Fields of a manifest\n\n{manifest}",
    )
    return page("Lake", "`datalake/frame_parts.py` and `datalake/silver_layer/manifest.py`", _INTRO, *blocks)


def _columns(schema: pa.Schema) -> str:
    """Columns with type and description."""
    rows = ((code(f.name), code(_type(f.type)), "yes" if f.nullable else "", _words(f)) for f in schema)
    return table(("Column", "Type", "Null", "What it is"), rows)


def _layout() -> list[tuple[str, str]]:
    """Each kind of object under a key of its own making, with its hashes taken out."""
    sha256 = hashlib.sha256().hexdigest()
    work = _work(sha256)
    keys = {
        LandedObject(sha256, 0, SourceFacts(uri="")).key: "The bytes of a video, as they came.",
        image_key(sha256): "A kept frame as JPEG; equal images of any videos are one file.",
        part_key(work, 0): "The frames of one window; windows are counted from 0.",
        manifest_key(work): "The table of contents of finished work; written last.",
        f"{work.prefix}/derivatives/": "Proxies as MP4, each with a JSON record. A poster is an image above.",
    }
    return [(code(_without_hash(key, sha256)), words) for key, words in keys.items()]


def _without_hash(key: str, sha256: str) -> str:
    return key.replace(f"/{sha256[:2]}/", "/<2 digits>/").replace(sha256, "<sha256>")


def _first_line(kind: Any) -> str:
    """The first line about a type."""
    return (getdoc(kind) or "").split("\n", 1)[0]


def _work(sha256: str) -> WorkIdentity:
    return WorkIdentity(asset_id=sha256, model="model", settings_hash="settings_hash")


def _footer_names() -> list[str]:
    window = Window(0, 0, 0, ())
    return list(part_metadata(_work(hashlib.sha256().hexdigest()), window, [], None, None, [], {}))


def _type(kind: pa.DataType) -> str:
    """The type without what every field of it repeats."""
    return str(kind).replace(" not null", "").replace("item: ", "")


def _words(field: pa.Field) -> str:
    return str((field.metadata or {})[b"description"].decode())
