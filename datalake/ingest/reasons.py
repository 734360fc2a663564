"""Why a message does not become work, or its video nothing new: stable codes and what to do about each.

They stand in `ledger.reason`, in the header of the dead letter, and in the view `failure_reasons`. A
quarantined video has the code of a finding there instead (`datalake/findings.py`).
"""

from __future__ import annotations

from datalake.contracts import OutcomeKind

REASONS: dict[OutcomeKind, dict[str, str]] = {
    "rejected": {
        "no_value": "The message has no value. Send the record as the value; a tombstone names no video.",
        "too_large": "Longer than MESSAGE_MAX_BYTES. Send a URI in place of what the message carries.",
        "not_utf8": "The bytes are not UTF-8. Encode the JSON as UTF-8.",
        "not_json": "The text is not JSON. `ledger.detail` names line and column.",
        "nan": "NaN, Infinity, or a number no double can hold. Leave the field out, or send null.",
        "duplicate_key": "A key occurs twice in one object, so a value would be lost. Send it once.",
        "not_an_object": "The JSON is a list, a text or a number. Send one object a message.",
        "nul": "A text contains a NUL character, which PostgreSQL cannot hold. Remove it.",
        "lone_surrogate": "A text contains half of a surrogate pair. Send whole characters.",
        "too_deep": "Nested deeper than 32 levels. Flatten what the pipeline need not read.",
        "unknown_version": "`schema_version` is not 1. Send version 1.",
        "unknown_field": "Version 1 lacks the field, and KAFKA_STRICT_FIELDS is on. Remove the field; "
        "or switch it off, then `datalake retry --class unknown_field`.",
        "invalid_field": "A field is missing or holds what is not allowed. `ledger.detail` says which.",
        "event_id_reused": "Another message came before with this `event_id`. Take a new UUID.",
        "not_storable": "The database refuses the record. Its bytes are in `ledger.payload`.",
    },
    "duplicate": {
        "event_id_seen": "The same bytes came before: a sender or broker that sends twice. Nothing to do.",
        "older_version": "A newer message about the video was processed before. Nothing to do.",
        "unchanged": "The video is catalogued with exactly this already. Nothing to do.",
    },
    "cancelled": {
        "cancelled": "A person ended it: `datalake cancel`. Take it up: `datalake retry --class cancelled`.",
    },
    "failed": {
        "code_error": "MAX_CODE_ERRORS attempts of the batch ended in an error of our code, named in "
        "`batches.last_error`. Mend it, then `datalake retry --class code_error`.",
    },
}
"""Reasons by outcome."""
