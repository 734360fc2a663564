from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from datalake.adapters.media.probe.tags import recorded_at, storable_tags
from datalake.contracts import MediaFacts

NOW = datetime(2025, 6, 1, tzinfo=UTC)


def test_what_is_no_text_is_replaced() -> None:
    latin = b"Caf\xe9".decode("utf-8", "surrogateescape")
    assert storable_tags({latin: f"{latin}\x00"}) == {"Caf\ufffd": "Caf\ufffd"}


def test_tags_are_so_many_and_so_long() -> None:
    tags = storable_tags({f"{number} {'n' * 200}": "v" * 9999 for number in range(99)})
    assert len(tags) == 50
    assert {len(name) for name in tags} == {100}
    assert {len(value) for value in tags.values()} == {500}


def test_tags_fit_the_packet_that_they_travel_in() -> None:
    """JSON writes twelve bytes for a character beyond the basic plane."""
    tags = storable_tags({str(number): "\U0001f3ac" * 500 for number in range(50)})
    assert 1 < len(tags) < 50
    assert len(json.dumps(tags)) < 64 * 1024


def test_tags_can_be_stored() -> None:
    tags = storable_tags({"a": "\udcff", "b": "\x00", "": ""})
    media = MediaFacts(container="mp4", tags=tags)
    assert MediaFacts.model_validate_json(media.model_dump_json()) == media


@pytest.mark.parametrize(
    ("tags", "moment"),
    [
        ({"creation_time": "2024-05-06T07:08:09.000000Z"}, datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)),
        ({"creation_time": "2024-05-06 07:08:09"}, datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)),
        ({"DATE": "2024-05-06"}, datetime(2024, 5, 6, tzinfo=UTC)),
        ({"date": "2024:05:06 07:08:09"}, datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)),
        ({"date": "Mon May 06 07:08:09 2024"}, datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)),
        (
            {
                "creation_time": "2024-05-06T05:08:10Z",
                "com.apple.quicktime.creationdate": "2024-05-06T07:08:09+0200",
            },
            datetime(2024, 5, 6, 7, 8, 9, tzinfo=timezone(timedelta(hours=2))),
        ),
        (
            {"creation_time": "1970-01-01T00:00:00Z", "date": "2024-05-06"},
            datetime(2024, 5, 6, tzinfo=UTC),
        ),
    ],
    ids=str,
)
def test_recording_times(tags: dict[str, str], moment: datetime) -> None:
    assert recorded_at(tags, NOW) == moment


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2024",
        "yesterday",
        "0000-00-00",
        "1904-01-01T00:00:00Z",
        "1970-01-01T00:00:00Z",
        "2091-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-12:00",
        "2024-13-45T99:99:99Z",
        "\ufffd\ufffd",
    ],
)
def test_nonsense_is_no_time(text: str) -> None:
    assert recorded_at({"creation_time": text}, NOW) is None
