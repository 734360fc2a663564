"""docs/schemas/*.json: the JSON Schema of every record that leaves a process."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from datalake.contracts import (
    Assessment,
    BronzeVideo,
    Chunk,
    Contract,
    Derivatives,
    GoldVideo,
    Outcome,
    SearchHit,
    SilverVideo,
    VideoArrived,
)
from datalake.errors import ConfigurationError
from datalake.reference.compatibility import breaks
from datalake.reference.document import Document, read

PUBLISHED: tuple[type[Contract], ...] = (
    VideoArrived,
    BronzeVideo,
    SilverVideo,
    Assessment,
    Derivatives,
    GoldVideo,
    Outcome,
    Chunk,
    SearchHit,
)
# Records that others write: what was valid once stays valid, or senders break.
SENT_BY_OTHERS: tuple[type[Contract], ...] = (VideoArrived,)


@dataclass(frozen=True)
class SentSchema(Document):
    """A schema that others write messages by: a change may accept more, never less."""

    def staleness(self) -> str | None:
        """What would no longer be accepted, else how the file differs."""
        found = self._breaks()
        return f"would break senders: {found[0]}" if found else super().staleness()

    def write(self) -> None:
        """Bring the file up to date.

        Raises:
            ConfigurationError: a message that was valid would be refused; that needs a new schema_version.
        """
        if found := self._breaks():
            raise ConfigurationError(
                f"{self.path.name} would break senders: {'; '.join(found)}. Accept the old form as well, or "
                "publish a new schema_version under a name of its own"
            )
        super().write()

    def _breaks(self) -> list[str]:
        current = read(self.path)
        return breaks(json.loads(current), json.loads(self.text)) if current else []


def schema_documents(folder: Path) -> list[Document]:
    """The schemas as files of a folder."""
    return [
        (SentSchema if contract in SENT_BY_OTHERS else Document)(
            folder / file_name(contract), _schema(contract)
        )
        for contract in PUBLISHED
    ]


def file_name(contract: type[Contract]) -> str:
    """Name of a record's schema file."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", contract.__name__).lower() + ".json"


def _schema(contract: type[Contract]) -> str:
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema"} | contract.model_json_schema()
    return json.dumps(schema, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
