from __future__ import annotations

from datetime import UTC, datetime

import pytest

from datalake.adapters.sources.facts import facts_of_answer, facts_of_file, storable
from datalake.contracts import SourceFacts

URI = "https://user:password@host/clip.mp4?signature=1"


def test_names_of_headers_are_lower_case_and_values_as_stated() -> None:
    facts = facts_of_answer(URI, {"ETAG": 'W/"a"', "Content-Length": "7", "X-AMZ-META-Title": "Ein Tag"})
    assert (facts.uri, facts.size_bytes, facts.etag) == ("https://host/clip.mp4", 7, 'W/"a"')
    assert facts.headers == {"x-amz-meta-title": "Ein Tag"}


@pytest.mark.parametrize(
    "name", ["Set-Cookie", "Authorization", "WWW-Authenticate", "X-Amz-Security-Token", "Server", "X-Any"]
)
def test_a_header_that_is_not_listed_is_not_kept(name: str) -> None:
    assert facts_of_answer(URI, {name: "value"}).headers == {}


@pytest.mark.parametrize(
    "length",
    ["", "-1", "1.5", "many", "\u0661", "1, 1"],
    ids=["none", "negative", "broken", "word", "arabic", "two"],
)
def test_a_length_that_is_no_number_is_not_stated(length: str) -> None:
    assert facts_of_answer(URI, {"Content-Length": length}).size_bytes is None


@pytest.mark.parametrize(
    ("date", "moment"),
    [
        ("Wed, 21 Oct 2015 07:28:00 GMT", datetime(2015, 10, 21, 7, 28, tzinfo=UTC)),
        ("Wed, 21 Oct 2015 09:28:00 +0200", datetime(2015, 10, 21, 7, 28, tzinfo=UTC)),
        ("Wed, 21 Oct 2015 07:28:00 -0000", datetime(2015, 10, 21, 7, 28, tzinfo=UTC)),
        ("yesterday", None),
        ("", None),
        ("Wed, 99 Oct 2015 07:28:00 GMT", None),
        ("Fri, 31 Dec 9999 23:59:59 -2300", None),
        (f"Wed, 21 Oct 2015 07:28:00 +{'9' * 30}", None),
    ],
)
def test_times_are_in_utc_or_not_stated(date: str, moment: datetime | None) -> None:
    assert facts_of_answer(URI, {"Last-Modified": date}).modified_at == moment


def test_what_is_kept_can_be_stored_and_is_bounded() -> None:
    headers = {f"x-amz-meta-{number:03}": "x" * 5000 for number in range(100)}
    headers |= {"x-amz-meta-\x00": "a\x00b\ud800c\nd", "etag": "\udcff" * 5000}
    facts = facts_of_answer(f"https://host/{'y' * 9000}", headers)
    assert SourceFacts.model_validate_json(facts.model_dump_json()) == facts
    assert facts.headers["x-amz-meta-\ufffd"] == "a\ufffdb\ufffdc\ufffdd"
    assert len(facts.model_dump_json()) < 50_000
    assert len(facts.headers) == 32


@pytest.mark.parametrize("modified_ns", [10**30, -(10**30)])
def test_a_file_from_outside_of_the_calendar_has_no_time(modified_ns: int) -> None:
    assert facts_of_file("clip.mp4", 7, modified_ns) == SourceFacts(uri="clip.mp4", size_bytes=7)


def test_text_in_any_language_stays() -> None:
    assert storable("Čau 🎬 日本") == "Čau 🎬 日本"
    assert storable("abc", 2) == "ab"
