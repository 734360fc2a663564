from __future__ import annotations

import socket
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

import pytest

from datalake.adapters.sources.web import WebSources
from datalake.errors import BadVideo, SourceUnavailable
from tests.sources import read, refusal, sources, stated
from tests.web_host import CONTENT


def test_http_is_streamed(tmp_path: Path, host: str) -> None:
    with sources(tmp_path).opened(f"{host}/clip.mp4?token=1") as source:
        chunks = list(source.chunks)
    assert b"".join(chunks) == CONTENT
    assert max(map(len, chunks)) <= 1024**2


def test_http_is_read_as_it_is_stored(tmp_path: Path, host: str) -> None:
    assert read(sources(tmp_path), f"{host}/packed/") == CONTENT


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


def test_tls_that_fails_is_to_be_tried_again(tmp_path: Path, host: str) -> None:
    with pytest.raises(SourceUnavailable, match="check the host"):
        read(sources(tmp_path), f"{host.replace('http', 'https')}/clip.mp4")


def test_a_redirect_to_nonsense_is_refused(tmp_path: Path, host: str) -> None:
    for target in ("http://a..b/x", f"http://{'a' * 64}.example/x", "http://[nonsense/x"):
        assert refusal(sources(tmp_path), f"{host}/to/{target}")[0] == "source_missing"


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


class OnlyThisHost(WebSources):
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
def test_a_redirect_is_checked_like_the_first_address(host: str, target: str, code: str) -> None:
    reader = OnlyThisHost(private_hosts=False, timeout_s=5, max_s=60)
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
def test_which_addresses_are_public(address: str, is_public: bool) -> None:
    assert WebSources(private_hosts=False, timeout_s=5, max_s=60).is_reachable(address) is is_public


def test_the_answer_states_what_is_known_of_the_bytes(tmp_path: Path, host: str) -> None:
    headers = {
        "ETag": '"abc"',
        "Last-Modified": "Wed, 21 Oct 2015 07:28:00 GMT",
        "Content-Type": "video/mp4",
        "Content-Disposition": 'attachment; filename="holiday.mp4"',
        "X-Amz-Meta-Owner": "me",
        "Set-Cookie": "session=secret",
        "Authorization": "secret",
    }
    address = host.removeprefix("http://")
    facts = stated(sources(tmp_path), f"http://user:secret@{address}/stated/?{urlencode(headers)}#secret")
    assert facts.uri == f"{host}/stated/"
    assert (facts.size_bytes, facts.etag, facts.content_type) == (len(CONTENT), '"abc"', "video/mp4")
    assert facts.modified_at == datetime(2015, 10, 21, 7, 28, tzinfo=UTC)
    assert facts.headers == {
        "content-disposition": 'attachment; filename="holiday.mp4"',
        "x-amz-meta-owner": "me",
    }
    assert "secret" not in facts.model_dump_json()


def test_an_answer_without_a_size_is_read_to_its_end(tmp_path: Path, host: str) -> None:
    assert stated(sources(tmp_path), f"{host}/endless/").size_bytes is None


def test_an_answer_shorter_than_stated_waits(tmp_path: Path, host: str) -> None:
    with pytest.raises(SourceUnavailable, match=rf"changed while it was read .*{len(CONTENT)} bytes stated"):
        read(sources(tmp_path), f"{host}/cut/")


def test_a_larger_size_than_allowed_is_refused_before_the_first_byte(tmp_path: Path, host: str) -> None:
    reader = sources(tmp_path, max_bytes=1000)
    with pytest.raises(BadVideo, match="too_large"), reader.opened(f"{host}/clip.mp4"):
        pytest.fail("it was opened")
