from __future__ import annotations

import os
import socket
import traceback
import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from datalake.adapters.sources import AllowedSources
from datalake.errors import BadVideo, SourceUnavailable
from tests.web_host import CONTENT, web_host


@pytest.fixture
def host() -> Iterator[str]:
    """Address of a web server on 127.0.0.1."""
    with web_host() as address:
        yield address


@pytest.fixture
def videos(tmp_path: Path) -> Path:
    folder = tmp_path / "videos"
    folder.mkdir()
    (folder / "clip one.mp4").write_bytes(CONTENT)
    (tmp_path / "secret").write_text("not yours")
    return folder


def sources(home: Path, **options: object) -> AllowedSources:
    limits: dict[str, object] = {"private_hosts": True, "timeout_s": 5.0} | options
    return AllowedSources(("file", "http", "https", "s3"), (Path("videos"),), home, **limits)  # type: ignore[arg-type]


def read(reader: AllowedSources, uri: str) -> bytes:
    return b"".join(reader.chunks(uri))


def refusal(reader: AllowedSources, uri: str) -> tuple[str, str, str]:
    with pytest.raises(BadVideo) as caught:
        read(reader, uri)
    finding = caught.value.finding
    return finding.code, finding.evidence, finding.remedy


def test_a_file_by_uri_by_path_and_by_a_link_inside(videos: Path) -> None:
    reader = sources(videos.parent)
    (videos / "link.mp4").symlink_to(videos / "clip one.mp4")
    path = videos / "clip one.mp4"
    for uri in (path.as_uri(), f"file://localhost{videos}/clip%20one.mp4", str(path), "videos/clip one.mp4"):
        assert read(reader, uri) == CONTENT
    assert read(reader, (videos / "link.mp4").as_uri()) == CONTENT
    assert max(len(chunk) for chunk in reader.chunks(str(path))) <= 1024**2


def test_paths_out_of_the_roots_are_refused(videos: Path) -> None:
    (videos / "sneaky.mp4").symlink_to(videos.parent / "secret")
    reader = sources(videos.parent)
    for uri in (
        f"file://{videos}/../secret",
        f"file://{videos}/%2e%2e/secret",
        (videos / "sneaky.mp4").as_uri(),
        (videos.parent / "secret").as_uri(),
        "/etc/passwd",
        f"{videos}-other/clip.mp4",
    ):
        code, _, remedy = refusal(reader, uri)
        assert code == "source_not_allowed"
        assert "SOURCE_ROOTS" in remedy


def test_nothing_is_told_about_files_outside(videos: Path) -> None:
    reader = sources(videos.parent)
    there, not_there = refusal(reader, "/etc/passwd"), refusal(reader, "/etc/no-such-file")
    assert there[1].replace("/etc/passwd", "") == not_there[1].replace("/etc/no-such-file", "")


def test_files_that_are_no_files(videos: Path) -> None:
    reader = sources(videos.parent)
    os.mkfifo(videos / "pipe.mp4")
    (videos / "folder.mp4").mkdir()
    assert refusal(reader, str(videos / "gone.mp4"))[0] == "source_missing"
    assert refusal(reader, str(videos / "clip one.mp4/x"))[0] == "source_missing"
    assert refusal(reader, str(videos / "pipe.mp4"))[:1] == ("source_unreadable",)
    assert refusal(reader, str(videos / "folder.mp4"))[0] == "source_unreadable"


def test_another_hosts_file_is_refused(videos: Path) -> None:
    assert "mount it" in refusal(sources(videos.parent), "file://nas/videos/clip.mp4")[2]


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


def test_http_is_streamed(tmp_path: Path, host: str) -> None:
    chunks = list(sources(tmp_path).chunks(f"{host}/clip.mp4?token=1"))
    assert b"".join(chunks) == CONTENT
    assert max(map(len, chunks)) <= 1024**2


def test_http_follows_redirects(tmp_path: Path, host: str) -> None:
    assert read(sources(tmp_path), f"{host}/to/{host}/clip.mp4") == CONTENT


@pytest.mark.parametrize(
    ("status", "code"), [(404, "source_missing"), (403, "source_unreadable"), (401, "source_unreadable")]
)
def test_http_refusals_are_the_videos(tmp_path: Path, host: str, status: int, code: str) -> None:
    found, evidence, _ = refusal(sources(tmp_path), f"{host}/status/{status}")
    assert found == code
    assert str(status) in evidence


@pytest.mark.parametrize("path", ["status/500", "status/503", "status/429", "cut/", "drop/", "silent/"])
def test_http_troubles_are_to_be_tried_again(tmp_path: Path, host: str, path: str) -> None:
    with pytest.raises(SourceUnavailable, match=path):
        read(sources(tmp_path, timeout_s=0.3), f"{host}/{path}")


def test_a_host_that_does_not_listen_is_to_be_tried_again(tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        uri = f"http://127.0.0.1:{unused.getsockname()[1]}/clip.mp4"
        with pytest.raises(SourceUnavailable, match="check the host"):
            read(sources(tmp_path), uri)


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


def test_tls_that_fails_is_to_be_tried_again(tmp_path: Path, host: str) -> None:
    with pytest.raises(SourceUnavailable, match="check the host"):
        read(sources(tmp_path), f"{host.replace('http', 'https')}/clip.mp4")


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


def test_a_redirect_to_nonsense_is_refused(tmp_path: Path, host: str) -> None:
    for target in ("http://a..b/x", f"http://{'a' * 64}.example/x", "http://[nonsense/x"):
        assert refusal(sources(tmp_path), f"{host}/to/{target}")[0] == "source_missing"


def test_a_circle_of_links_and_a_name_too_long(videos: Path) -> None:
    (videos / "a.mp4").symlink_to(videos / "b.mp4")
    (videos / "b.mp4").symlink_to(videos / "a.mp4")
    reader = sources(videos.parent)
    assert refusal(reader, "videos/a.mp4")[0] == "source_missing"
    assert refusal(reader, f"videos/{'ä' * 200}.mp4")[0] == "source_missing"


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


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "[::1]", "0.0.0.0"])
def test_private_hosts_are_not_connected_to(tmp_path: Path, host: str, name: str) -> None:
    port = host.rpartition(":")[2]
    code, _, remedy = refusal(sources(tmp_path, private_hosts=False), f"http://{name}:{port}/clip.mp4")
    assert code == "source_not_allowed"
    assert "SOURCE_PRIVATE_HOSTS" in remedy


@pytest.mark.parametrize("name", ["127.1", "2130706433", "0x7f000001", "127.0.0.1.nip.invalid"])
def test_disguised_addresses_are_no_hosts(tmp_path: Path, host: str, name: str) -> None:
    port = host.rpartition(":")[2]
    code, _, _ = refusal(sources(tmp_path, private_hosts=False), f"http://{name}:{port}/clip.mp4")
    assert code in ("source_missing", "source_not_allowed")


class OnlyThisHost(AllowedSources):
    """As if 127.0.0.1 were the public internet."""

    def is_reachable(self, address: str) -> bool:
        return address == "127.0.0.1" or super().is_reachable(address)


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ("http://127.0.0.2:{port}/clip.mp4", "source_not_allowed"),
        ("http://169.254.169.254/latest/meta-data", "source_not_allowed"),
        ("http://[::ffff:10.0.0.1]/x", "source_not_allowed"),
        ("file:///etc/passwd", "source_missing"),
    ],
)
def test_a_redirect_is_checked_like_the_first_address(
    tmp_path: Path, host: str, target: str, code: str
) -> None:
    reader = OnlyThisHost(("http",), (), tmp_path, timeout_s=5)
    assert read(reader, f"{host}/to/{host}/clip.mp4") == CONTENT
    assert refusal(reader, f"{host}/to/{target.format(port=host.rpartition(':')[2])}")[0] == code


@pytest.mark.parametrize(
    ("address", "is_public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1::1", True),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("224.0.0.1", False),
        ("0.0.0.0", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("::ffff:127.0.0.1", False),
        ("2002:7f00:1::", False),
    ],
)
def test_which_addresses_are_public(tmp_path: Path, address: str, is_public: bool) -> None:
    assert sources(tmp_path, private_hosts=False).is_reachable(address) is is_public
