from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import get_args

import pytest

import datalake
from datalake import findings
from datalake.contracts import ValidationMode
from datalake.findings import FINDINGS, NO_BYTES, SECTIONS, blocking, finding, once_a_code
from datalake.settings import Settings

MODES = get_args(ValidationMode)
# Codes are stored, mailed and alerted on: one may be added, none renamed or dropped.
FATAL = {
    "source_not_allowed",
    "source_missing",
    "source_unavailable",
    "source_unreadable",
    "too_large",
    "hash_differs",
    "empty_file",
    "not_a_video",
    "no_video_stream",
    "encrypted",
    "unsupported_codec",
    "codec_not_allowed",
    "no_timestamps",
    "no_frames",
    "embedding_failed",
    "kills_worker",
    "frame_not_encodable",
}
ERRORS = {
    "damaged_container",
    "truncated",
    "too_long",
    "too_small",
    "timestamps_jump",
    "decode_failed",
    "decoder_hung",
    "decoder_died",
    "decoder_out_of_memory",
    "code_failed",
}
WARNINGS = {
    "extension_lies",
    "broken_index",
    "missing_timestamps",
    "interlaced",
    "black_video",
    "blank_video",
    "frozen_video",
    "blurred_video",
    "silent_audio",
    "audio_gap",
    "derivative_failed",
    "embedded_on_cpu",
}
INFOS = {
    "decoded_on_cpu",
    "keyframes_unknown",
    "negative_timestamps",
    "variable_frame_rate",
    "rotated",
    "non_square_pixels",
    "hdr",
    "no_audio",
}


def codes_in(folder: Path) -> set[str]:
    """Codes that some module beside the table names, as a text of its own."""
    texts = (path.read_text("utf-8") for path in folder.rglob("*.py") if path.name != "findings.py")
    return {code for text in texts for code in re.findall(r'"([a-z0-9_]+)"', text)} & set(FINDINGS)


def test_the_codes_and_what_they_weigh_are_stable() -> None:
    assert {code for code, kind in FINDINGS.items() if kind.fatal} == FATAL
    assert {code for code, kind in FINDINGS.items() if kind.severity == "error"} == FATAL | ERRORS
    assert {code for code, kind in FINDINGS.items() if kind.severity == "warning"} == WARNINGS
    assert {code for code, kind in FINDINGS.items() if kind.severity == "info"} == INFOS


def test_a_code_is_in_one_section_only() -> None:
    assert sum(len(kinds) for kinds in SECTIONS.values()) == len(FINDINGS)
    assert set(SECTIONS["The bytes could not be had"]) == NO_BYTES
    assert NO_BYTES <= FATAL


@pytest.mark.parametrize("code", FINDINGS)
def test_every_code_has_a_plain_name_and_a_remedy(code: str) -> None:
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", code)
    found = finding(code, "evidence", setting="SOURCE_ROOTS")
    assert found.code == code
    assert re.match(r"[A-Z]\w+", found.remedy)
    assert "{" not in found.remedy
    assert not found.fatal or found.severity == "error"


def test_every_setting_that_a_remedy_names_exists() -> None:
    groups = (field.type for field in dataclasses.fields(Settings))
    known = {name.upper() for group in groups for name in vars(datalake.settings)[str(group)].model_fields}
    named = {
        name for kind in FINDINGS.values() for name in re.findall(r"\b[A-Z]+(?:_[A-Z]+)+\b", kind.remedy)
    }
    assert {"MAX_DURATION_S", "ALLOWED_CODECS"} <= named
    assert named - known == set()


def test_every_code_is_found_by_somebody() -> None:
    assert set(FINDINGS) - codes_in(Path(findings.__file__).parent) == set()


def test_a_finding_carries_evidence_and_a_remedy_with_its_blanks_filled() -> None:
    found = finding("source_not_allowed", "ftp://host/x", setting="SOURCE_SCHEMES")
    assert found.severity == "error"
    assert found.evidence == "ftp://host/x"
    assert "SOURCE_SCHEMES" in found.remedy


def test_a_code_that_is_not_in_the_table_is_a_mistake() -> None:
    with pytest.raises(KeyError):
        finding("no_such_code", "")


def test_every_code_that_is_used_is_in_the_table() -> None:
    used = {
        code
        for path in Path(findings.__file__).parent.rglob("*.py")
        for code in re.findall(r'\bfinding\("(\w+)"', path.read_text("utf-8"))
    }
    assert {"truncated", "decoder_hung", "source_missing", "no_frames"} <= used
    assert used - set(FINDINGS) == set()


@pytest.mark.parametrize(
    ("code", "has_pictures", "stopped_in"),
    [
        ("hdr", True, set()),
        ("hdr", False, set()),
        ("extension_lies", True, set()),
        ("truncated", True, {"strict"}),
        ("truncated", False, {"strict", "lenient"}),
        ("not_a_video", True, {"strict", "lenient"}),
        ("not_a_video", False, {"strict", "lenient"}),
        ("code_failed", True, set(MODES)),
    ],
)
@pytest.mark.parametrize("mode", MODES)
def test_what_a_finding_stops(
    mode: ValidationMode, code: str, has_pictures: bool, stopped_in: set[str]
) -> None:
    found = finding(code, "evidence")
    assert blocking([found], mode, has_pictures) == ((found,) if mode in stopped_in else ())


def test_only_what_stops_the_video_is_blocking() -> None:
    found = [finding(code, "") for code in ("hdr", "truncated", "extension_lies", "not_a_video")]
    assert [one.code for one in blocking(found, "strict")] == ["truncated", "not_a_video"]
    assert [one.code for one in blocking(found, "lenient")] == ["not_a_video"]


def test_a_code_is_told_once_with_how_many_more_there_were() -> None:
    times = [finding("decode_failed", f"at {second} s") for second in (1, 2, 3)]
    told = once_a_code([times[0], finding("hdr", "PQ"), *times[1:]])
    assert [(one.code, one.evidence) for one in told] == [
        ("decode_failed", "at 1 s (+2 more)"),
        ("hdr", "PQ"),
    ]
    assert once_a_code([]) == ()
