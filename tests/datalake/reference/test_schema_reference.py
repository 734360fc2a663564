from __future__ import annotations

import re

import pytest

from datalake.reference.schema_reference import schemas_page
from datalake.reference.schemas import PUBLISHED, file_name

TEXT = schemas_page()


@pytest.mark.parametrize("record", PUBLISHED, ids=lambda record: record.__name__)
def test_each_published_record_has_its_fields_and_its_schema(record: type) -> None:
    section = re.split(r"^##+ ", TEXT.partition(f"\n## {record.__name__}\n")[2], flags=re.MULTILINE)[0]
    assert f"(schemas/{file_name(record)})" in section
    assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) == list(record.model_fields)


def test_every_link_leads_to_a_record_on_the_page() -> None:
    headings = {f"#{heading.lower()}" for heading in re.findall(r"^##+ (\w+)$", TEXT, re.MULTILINE)}
    links = set(re.findall(r"\]\((#\w+)\)", TEXT))
    assert {"#finding", "#mediafacts", "#videometadata"} <= links
    assert links <= headings


def test_every_field_is_described() -> None:
    rows = [line.split(" | ") for line in TEXT.splitlines() if line.startswith("| `")]
    assert len(rows) > 100
    assert [row[0] for row in rows if not row[-1].strip(" |")] == []


def test_a_message_is_marked_as_what_others_send() -> None:
    assert TEXT.count(", sent by others") == 1
    assert "[schemas/video_arrived.json](schemas/video_arrived.json), sent by others" in TEXT
