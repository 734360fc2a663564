from __future__ import annotations

import json

import jsonschema
import pytest

from datalake.contracts import VideoArrived
from datalake.reference.schemas import schema_files


@pytest.mark.parametrize(("name", "text"), schema_files().items())
def test_each_schema_is_valid_and_closed(name: str, text: str) -> None:
    schema = json.loads(text)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["additionalProperties"] is False, name


def test_other_languages_can_check_a_message_against_the_schema() -> None:
    schema = json.loads(schema_files()["video_arrived.json"])
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


@pytest.mark.parametrize(("name", "text"), schema_files().items())
def test_every_property_of_a_message_is_described(name: str, text: str) -> None:
    if name == "video_arrived.json":
        undescribed = [
            key for key, value in json.loads(text)["properties"].items() if "description" not in value
        ]
        assert undescribed == []
