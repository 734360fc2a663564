from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from datalake.adapters.sources.files import FileSources
from datalake.errors import SourceUnavailable
from tests.descriptors import open_files
from tests.sources import read, refusal, sources, stated
from tests.web_host import CONTENT


def test_a_file_by_uri_by_path_and_by_a_link_inside(videos: Path) -> None:
    reader = sources(videos.parent)
    (videos / "link.mp4").symlink_to(videos / "clip one.mp4")
    path = videos / "clip one.mp4"
    for uri in (path.as_uri(), f"file://localhost{videos}/clip%20one.mp4", str(path), "videos/clip one.mp4"):
        assert read(reader, uri) == CONTENT
    assert read(reader, (videos / "link.mp4").as_uri()) == CONTENT
    with reader.opened(str(path)) as source:
        assert max(map(len, source.chunks)) <= 1024**2


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


def test_a_circle_of_links_and_a_name_too_long(videos: Path) -> None:
    (videos / "a.mp4").symlink_to(videos / "b.mp4")
    (videos / "b.mp4").symlink_to(videos / "a.mp4")
    reader = sources(videos.parent)
    assert refusal(reader, "videos/a.mp4")[0] == "source_missing"
    assert refusal(reader, f"videos/{'ä' * 200}.mp4")[0] == "source_missing"


def test_a_file_states_its_size_and_time(videos: Path) -> None:
    os.utime(videos / "clip one.mp4", (1_000_000_000, 1_000_000_000.25))
    facts = stated(sources(videos.parent), "videos/clip one.mp4")
    assert (facts.uri, facts.size_bytes) == ("videos/clip one.mp4", len(CONTENT))
    assert facts.modified_at is not None
    assert facts.modified_at.timestamp() == 1_000_000_000.25
    assert (facts.etag, facts.content_type, facts.headers) == (None, None, {})


def _grow(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more")


def _shrink(path: Path) -> None:
    os.truncate(path, 1024**2 + 5)


def _rewrite_in_place(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(b"another beginning")
    os.utime(path, (1, 1))


def _replace(path: Path) -> None:
    new = path.with_name("upload")
    new.write_bytes(CONTENT)
    os.utime(new, ns=(path.stat().st_mtime_ns, path.stat().st_mtime_ns))
    new.replace(path)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_grow, f"{len(CONTENT)} bytes, then {len(CONTENT) + 4}"),
        (_shrink, f"{len(CONTENT)} bytes, then {1024**2 + 5}"),
        (_rewrite_in_place, "it was written to"),
        (_replace, f"{len(CONTENT)} bytes, then another file of {len(CONTENT)}"),
        (Path.unlink, "it was removed"),
    ],
)
def test_a_file_that_changes_while_it_is_read_waits(
    videos: Path, change: Callable[[Path], None], said: str
) -> None:
    path = videos / "clip one.mp4"
    with FileSources((videos,), videos).opened(str(path)) as source:
        assert next(source.chunks) == CONTENT[: 1024**2]
        change(path)
        with pytest.raises(SourceUnavailable) as caught:
            list(source.chunks)
    assert str(caught.value) == f"{path}: changed while it was read ({said})"


def test_what_only_looks_at_a_file_does_not_change_it(videos: Path) -> None:
    path = videos / "clip one.mp4"
    with FileSources((videos,), videos).opened(str(path)) as source:
        next(source.chunks)
        path.chmod(0o600)
        os.link(path, videos / "backup.mp4")
        assert sum(map(len, source.chunks)) == len(CONTENT) - 1024**2


def test_a_refused_folder_is_closed_again(videos: Path) -> None:
    refusal(FileSources((videos,), videos), str(videos))
    assert str(videos.resolve()) not in open_files()
