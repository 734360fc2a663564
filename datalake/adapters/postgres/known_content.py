"""What is known of bytes that were looked at before: rows of `known_content`."""

from __future__ import annotations

from psycopg2.extras import Json

from datalake.adapters.ports import KnownBytes, KnownContent, Probe
from datalake.adapters.postgres import Connection, execute, row, transaction
from datalake.common_func import PIPELINE_VERSION
from datalake.contracts import BronzeVideo, Finding, MediaFacts, Outcome
from datalake.findings import OURS, about_bytes

_FIND = """
SELECT media, findings, stopped_by FROM known_content
WHERE (asset_id, rules_hash, pipeline_version) = (%s, %s, %s)
"""
_KEEP = """
INSERT INTO known_content (asset_id, rules_hash, pipeline_version, media, findings, stopped_by)
VALUES (%s, %s, %s, %s, %s, %s)
ON CONFLICT (asset_id, rules_hash, pipeline_version) DO NOTHING
"""
_TELLING = ("done", "quarantined")  # outcomes that say something about the bytes


class PostgresKnownContent(KnownContent):
    """See the port."""

    def __init__(self, uri: str) -> None:
        self._uri = uri

    def find(self, asset_id: str, rules_hash: str) -> KnownBytes | None:
        """As the port says, for this version of the code."""
        with transaction(self._uri) as connection:
            found = row(connection, _FIND, (asset_id, rules_hash, PIPELINE_VERSION))
        if found is None:
            return None
        media = MediaFacts.model_validate(found["media"]) if found["media"] else None
        findings = tuple(Finding.model_validate(one) for one in found["findings"])
        return KnownBytes(Probe(media, findings), found["stopped_by"])


def keep_known(connection: Connection, bronze: BronzeVideo, outcome: Outcome) -> None:
    """Remember what a message that ends found out about its bytes, in the transaction of its outcome."""
    if outcome.kind not in _TELLING or not bronze.rules_hash:
        return
    if any(one.code in OURS for one in (*bronze.findings, *outcome.findings)):
        return
    found = about_bytes(outcome.findings if outcome.kind == "quarantined" else bronze.findings)
    findings = Json([one.model_dump(mode="json") for one in found])
    stopped_by = next((one.code for one in found if one.code == outcome.reason), None)
    media = Json(bronze.media.model_dump(mode="json")) if bronze.media else None
    key = (bronze.asset_id, bronze.rules_hash, PIPELINE_VERSION)
    execute(connection, _KEEP, (*key, media, findings, stopped_by))
