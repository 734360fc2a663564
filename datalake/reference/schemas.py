"""docs/schemas/*.json: the JSON Schema of every record that leaves a process."""

from __future__ import annotations

import json
import re

from datalake.contracts import (
    BronzeVideo,
    Chunk,
    Contract,
    GoldVideo,
    Outcome,
    SearchHit,
    SilverVideo,
    VideoArrived,
)

PUBLISHED: tuple[type[Contract], ...] = (
    VideoArrived,
    BronzeVideo,
    SilverVideo,
    GoldVideo,
    Outcome,
    Chunk,
    SearchHit,
)


def schema_files() -> dict[str, str]:
    """File name to JSON Schema (draft 2020-12), keys sorted."""
    return {f"{_snake_case(contract.__name__)}.json": _schema(contract) for contract in PUBLISHED}


def _schema(contract: type[Contract]) -> str:
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema"} | contract.model_json_schema()
    return json.dumps(schema, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _snake_case(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
