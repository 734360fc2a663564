from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from datalake import pipeline
from datalake.contracts import Contract, VideoArrived
from datalake.errors import ConfigurationError
from datalake.reference.schemas import PUBLISHED, SentSchema, schema_documents

SCHEMAS = {document.path.name: json.loads(document.text) for document in schema_documents(Path())}
OLD_MESSAGE = Path(__file__).parents[1] / "golden"


@pytest.mark.parametrize("name", SCHEMAS)
def test_each_schema_is_valid_and_closed(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMAS[name])
    assert SCHEMAS[name]["additionalProperties"] is False


def test_every_record_that_a_dataflow_takes_or_gives_is_published() -> None:
    ends = {end for flow in pipeline.DATAFLOWS.values() for end in (flow.takes, flow.gives)}
    assert {end for end in ends if issubclass(end, Contract)} <= set(PUBLISHED)


@pytest.mark.parametrize("path", sorted(OLD_MESSAGE.glob("*.json")), ids=lambda path: path.stem)
def test_a_message_of_the_first_version_is_still_valid(path: Path) -> None:
    jsonschema.validate(json.loads(path.read_text("utf-8"))["message"], SCHEMAS["video_arrived.json"])


def test_other_languages_can_check_a_message_against_the_schema() -> None:
    schema = SCHEMAS["video_arrived.json"]
    good = {
        "event_id": "0b9c3f6e-6f5c-4f55-9c2e-0d0f4f1f1a11",
        "video_id": "C8x",
        "uri": "file:///videos/a.mp4",
    }
    jsonschema.validate(good, schema)
    VideoArrived.model_validate_json(json.dumps(good))
    for bad in ({"video_id": ""}, {"schema_version": 2}, {"surprise": 1}, {"options": {"interval_s": 0}}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(good | bad, schema)


def test_every_property_of_a_message_is_described() -> None:
    properties = SCHEMAS["video_arrived.json"]["properties"]
    assert [name for name, schema in properties.items() if "description" not in schema] == []


def sent(path: Path, **properties: dict[str, object]) -> SentSchema:
    return SentSchema(path, json.dumps({"type": "object", "properties": properties}))


def test_a_schema_of_senders_may_accept_more(tmp_path: Path) -> None:
    path = tmp_path / "message.json"
    sent(path, uri={"type": "string"}).write()
    wider = sent(path, uri={"type": "string"}, crop={"type": "boolean"})
    assert (wider.staleness() or "").startswith("still says")
    wider.write()
    assert wider.staleness() is None


def test_a_schema_of_senders_that_accepts_less_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "message.json"
    sent(path, uri={"type": "string"}).write()
    before = path.read_text("utf-8")
    narrower = sent(path, uri={"type": "string", "maxLength": 9})
    assert narrower.staleness() == "would break senders: message.uri: maxLength was open and becomes 9"
    with pytest.raises(ConfigurationError, match="schema_version"):
        narrower.write()
    assert path.read_text("utf-8") == before
