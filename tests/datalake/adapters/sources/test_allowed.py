from __future__ import annotations

import traceback
import uuid
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from datalake.adapters.sources import AllowedSources
from datalake.errors import BadVideo, SourceUnavailable
from tests.sources import read, refusal, sources
from tests.web_host import CONTENT


@pytest.mark.parametrize("uri", ["ftp://host/x", "gopher://host/x", "javascript://x", "HTTPS2://x"])
def test_other_schemes_are_refused(tmp_path: Path, uri: str) -> None:
    code, evidence, remedy = refusal(sources(tmp_path), uri)
    assert code == "source_not_allowed"
    assert uri in evidence
    assert "SOURCE_SCHEMES" in remedy


def test_a_scheme_that_is_switched_off(videos: Path, host: str) -> None:
    reader = AllowedSources(("file",), (videos,), videos.parent, private_hosts=True)
    assert refusal(reader, f"{host}/clip.mp4")[0] == "source_not_allowed"
    assert read(reader, "videos/clip one.mp4") == CONTENT


def test_a_file_that_is_too_large(videos: Path) -> None:
    code, _, remedy = refusal(sources(videos.parent, max_bytes=1000), "videos/clip one.mp4")
    assert code == "too_large"
    assert "SOURCE_MAX_BYTES" in remedy
    assert read(sources(videos.parent, max_bytes=len(CONTENT)), "videos/clip one.mp4") == CONTENT


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        ({"max_s": 0.3}, "SOURCE_MAX_S=0.3|no answer in time"),
        ({"grace_s": 0.2}, r"\d+ bytes in 0\.\d s.*1024 bytes/s"),
    ],
)
def test_a_source_that_drips_is_given_up(
    tmp_path: Path, host: str, limits: dict[str, float], said: str
) -> None:
    with pytest.raises(SourceUnavailable, match=said):
        read(sources(tmp_path, **limits), f"{host}/drip/")


@pytest.mark.parametrize(
    "path", ["clip.mp4", "status/503", "status/403", "status/404", "drop/", "silent/", "cut/"]
)
def test_no_secret_of_a_uri_reaches_a_text(tmp_path: Path, host: str, path: str) -> None:
    address, secret = host.removeprefix("http://"), uuid.uuid4().hex
    reader = sources(tmp_path, timeout_s=0.3, max_bytes=1000)
    with pytest.raises((BadVideo, SourceUnavailable)) as caught:
        read(reader, f"http://user:{secret}@{address}/{path}?sig={secret}#{secret}")
    text = "".join(traceback.format_exception(caught.value)) + repr(getattr(caught.value, "finding", ""))
    assert f"http://{address}/{path}" in text
    assert secret not in text


def test_another_number_of_bytes_than_stated_waits(tmp_path: Path) -> None:
    reader = AllowedSources(("file",), (Path("/proc"),), tmp_path)  # the kernel states 0 bytes for these
    with pytest.raises(SourceUnavailable, match=r"changed while it was read \(0 bytes stated, \d+ read\)"):
        read(reader, "/proc/version")


def test_an_endless_answer_is_cut_off(tmp_path: Path, host: str) -> None:
    assert refusal(sources(tmp_path, max_bytes=10**6), f"{host}/endless/")[0] == "too_large"


@pytest.mark.parametrize(
    "uri",
    [
        "http://",
        "http:///x",
        "http://[nonsense/x",
        "http://a b/x",
        "http://a..b/x",
        f"http://{'a' * 64}.example/x",
        "http://host:port/x",
        "file:///x%00.mp4",
        "file://[::1/x",
        f"file:///{'x' * 256}",
        "videos/\ud800.mp4",
        "s3://",
        "s3://b",
        "s3://b/",
        "s3://a b/x",
        "s3:///x",
    ],
)
def test_nonsense_is_refused(tmp_path: Path, uri: str) -> None:
    code, evidence, remedy = refusal(AllowedSources(("file", "http", "s3"), (Path("/"),), tmp_path), uri)
    assert code == "source_missing"
    assert "valid" in evidence or "no such" in evidence or "names no object" in evidence
    assert "Check the URI" in remedy


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    scheme=st.sampled_from(
        ["", "file://", "file:///", "http://127.0.0.1:1/", "http://127.0.0.1", "http://["]
    ),
    rest=st.text() | st.text(alphabet="./%0@:[]?#\\ ax\x00\ud800é"),
)
def test_any_text_is_a_bad_video_or_away(tmp_path: Path, scheme: str, rest: str) -> None:
    host = urlsplit_host(scheme + rest)
    assume(scheme != "http://127.0.0.1" or host in ("127.0.0.1", None))
    reader = AllowedSources(("file", "http"), (tmp_path,), tmp_path, timeout_s=1.0)
    with pytest.raises((BadVideo, SourceUnavailable)):
        read(reader, scheme + rest)


def urlsplit_host(uri: str) -> str | None:
    """The host as parsed; None where nothing can be parsed."""
    try:
        return urlsplit(uri).hostname
    except ValueError:
        return None
