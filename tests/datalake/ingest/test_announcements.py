from __future__ import annotations

import json
from pathlib import Path

import pytest

from datalake.errors import ConfigurationError
from datalake.ingest.announcements import Announcer, Wishes
from datalake.ingest.messages import parse
from datalake.settings import SourceSettings


@pytest.fixture
def videos(tmp_path: Path) -> Path:
    """A folder that the pipeline sees, with two videos and a text file."""
    folder = tmp_path / "videos"
    (folder / "deep").mkdir(parents=True)
    for name in ("a.mp4", "deep/b.MOV", "readme.txt"):
        (folder / name).write_bytes(b"x")
    return folder


@pytest.fixture
def announcer(videos: Path) -> Announcer:
    return Announcer(SourceSettings(source_roots=(videos,)), Wishes())


def ids(announcer: Announcer, *arguments: object) -> list[str]:
    found = announcer.announcements([str(argument) for argument in arguments])
    return [announcement.fields["video_id"] for announcement in found]


def csv_file(videos: Path, text: str) -> Path:
    path = videos / "list.csv"
    path.write_text(text, "utf-8")
    return path


def test_files_folders_globs_and_uris(announcer: Announcer, videos: Path) -> None:
    assert ids(announcer, videos / "a.mp4") == ["a"]
    assert ids(announcer, videos) == ["a", "b"]
    assert ids(announcer, videos / "**" / "*.MOV") == ["b"]
    assert ids(announcer, "https://example.com/v/c%20d.mp4?x=1") == ["c d"]


def test_every_announcement_is_a_message_the_pipeline_reads(videos: Path) -> None:
    wishes = Wishes("youtube", ("a@b.c",), {"interval_s": 2.0})
    found = Announcer(SourceSettings(source_roots=(videos,)), wishes).announcements([str(videos)])
    arrived = [parse(announcement.payload(), strict=True, max_bytes=10_000) for announcement in found]
    assert [video.uri for video in arrived] == [
        (videos / "a.mp4").as_uri(),
        (videos / "deep" / "b.MOV").as_uri(),
    ]
    assert {(video.platform, video.notify, video.options.interval_s) for video in arrived} == {
        ("youtube", ("a@b.c",), 2.0)
    }
    assert len({video.event_id for video in arrived}) == 2
    assert found[0].key == b"youtube/a"


def test_a_path_is_mapped_to_where_the_pipeline_sees_it(videos: Path) -> None:
    sources = SourceSettings(source_roots=(Path("/elsewhere"),), source_path_map={str(videos): "/data/in"})
    (found,) = Announcer(sources, Wishes()).announcements([str(videos / "deep" / "b.MOV")])
    assert found.fields["uri"] == "file:///data/in/deep/b.MOV"


def test_a_path_that_the_pipeline_cannot_see_is_refused_with_the_remedy(
    announcer: Announcer, tmp_path: Path
) -> None:
    outside = tmp_path / "outside.mp4"
    outside.write_bytes(b"x")
    with pytest.raises(ConfigurationError, match=r"cannot see.*SOURCE_ROOTS.*SOURCE_PATH_MAP"):
        ids(announcer, outside)


def test_a_link_out_of_the_folder_is_outside(announcer: Announcer, videos: Path, tmp_path: Path) -> None:
    (tmp_path / "outside.mp4").write_bytes(b"x")
    (videos / "link.mp4").symlink_to(tmp_path / "outside.mp4")
    with pytest.raises(ConfigurationError, match="cannot see"):
        ids(announcer, videos / "link.mp4")


def test_a_file_uri_is_checked_and_mapped_like_a_path(announcer: Announcer, videos: Path) -> None:
    (found,) = announcer.announcements([(videos / "a.mp4").as_uri()])
    assert found.fields["uri"] == (videos / "a.mp4").as_uri()
    mapped = SourceSettings(source_roots=(), source_path_map={str(videos): "/data/in"})
    here, there = (videos / "deep" / "b.MOV").as_uri(), "file:///data/in/deep/b.MOV"
    found = Announcer(mapped, Wishes()).announcements([here, there])
    assert [announcement.fields["uri"] for announcement in found] == [there, there]


@pytest.mark.parametrize(
    ("uri", "complaint"),
    [
        ("file:///etc/hostname", "the pipeline cannot see this file.*SOURCE_ROOTS"),
        ("FILE:///etc/hostname", "the pipeline cannot see this file"),
        ("file:///data/in/../../etc/hostname", "the pipeline cannot see this file"),
        ("file://nas/videos/a.mp4", "names the host 'nas'; mount"),
        ("ftp://a/b.mp4", "scheme 'ftp' is not allowed.*file, http, https, s3.*SOURCE_SCHEMES"),
        ("http://[", "not a URI"),
    ],
)
def test_a_uri_that_the_pipeline_would_refuse_is_refused_here(videos: Path, uri: str, complaint: str) -> None:
    sources = SourceSettings(source_roots=(videos,), source_path_map={str(videos / "deep"): "/data/in"})
    announcer = Announcer(sources, Wishes())
    with pytest.raises(ConfigurationError, match=complaint):
        ids(announcer, uri)
    with pytest.raises(ConfigurationError, match=f"line 3: .*{complaint}"):
        ids(announcer, csv_file(videos, f"uri\na.mp4\n{uri}\n"))


def test_a_file_uri_in_the_folder_must_name_a_file(announcer: Announcer, videos: Path) -> None:
    with pytest.raises(ConfigurationError, match="no such file"):
        ids(announcer, (videos / "missing.mp4").as_uri())


def test_paths_need_the_scheme_file(videos: Path) -> None:
    announcer = Announcer(SourceSettings(source_schemes=("s3",), source_roots=(videos,)), Wishes())
    with pytest.raises(ConfigurationError, match="scheme 'file' is not allowed"):
        ids(announcer, videos / "a.mp4")


@pytest.mark.parametrize(
    ("name", "complaint"),
    [("missing.mp4", "no such file"), ("empty", "no video in this folder"), ("*.avi", "nothing matches")],
)
def test_nothing_there_is_said(announcer: Announcer, videos: Path, name: str, complaint: str) -> None:
    (videos / "empty").mkdir()
    with pytest.raises(ConfigurationError, match=complaint):
        ids(announcer, videos / name)


def test_two_videos_under_one_id_are_refused(announcer: Announcer, videos: Path) -> None:
    (videos / "deep" / "a.mov").write_bytes(b"x")
    with pytest.raises(ConfigurationError, match=r"would both be instagram/a: .*CSV"):
        ids(announcer, videos)


def test_a_csv_says_everything(announcer: Announcer, videos: Path) -> None:
    text = (
        "\ufeffuri,video_id,platform,published_at,version,notify,interval_s,likes\n"
        'a.mp4,C1,tiktok,2026-01-02T03:04:05Z,7,a@b.c; d@e.f,0.5,"1,000"\n'
        "s3://bucket/x.mp4,,,,,,,\n"
    )
    first, second = announcer.announcements([str(csv_file(videos, text))])
    arrived = parse(first.payload(), strict=False, max_bytes=10_000)
    assert (arrived.video_id, arrived.platform, arrived.version) == ("C1", "tiktok", 7)
    assert arrived.uri == (videos / "a.mp4").as_uri()
    assert arrived.notify == ("a@b.c", "d@e.f")
    assert arrived.options.interval_s == 0.5
    assert arrived.extra == {"likes": "1,000"}
    assert json.loads(second.payload())["video_id"] == "x"


def test_strict_refuses_unknown_columns(videos: Path) -> None:
    path = csv_file(videos, "uri,likes\na.mp4,1\n")
    strict = Announcer(SourceSettings(source_roots=(videos,)), Wishes(), strict=True)
    with pytest.raises(ConfigurationError, match="line 1: unknown columns likes"):
        ids(strict, path)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "line 1: expected a header with uri"),
        ("video_id\nC1\n", "line 1: expected a header with uri"),
        ("uri\n", "no rows"),
        ("uri,video_id\na.mp4,C1\n,C2\n", "line 3: uri is empty"),
        ("uri,video_id\na.mp4,C1\nmissing.mp4,C2\n", "line 3: .*missing.mp4: no such file"),
        ("uri\na.mp4\n../outside.mp4\n", "line 3: .*cannot see this file"),
        ("uri,video_id\na.mp4,C1,more\n", "line 2: not as many values"),
        ("uri,video_id\na.mp4\n", "line 2: not as many values"),
        ("uri,published_at\ns3://b/k,yesterday\n", "line 2: published_at"),
        ("uri,version\ns3://b/k,-1\n", "line 2: version"),
        ("uri,notify\ns3://b/k,nobody\n", "line 2: notify"),
        ("uri,interval_s\ns3://b/k,0\n", "line 2: options.interval_s"),
        ('uri\n"s3://b/k\n', "not a readable CSV"),
    ],
)
def test_a_bad_csv_is_refused_by_line(announcer: Announcer, videos: Path, text: str, complaint: str) -> None:
    with pytest.raises(ConfigurationError, match=complaint):
        ids(announcer, csv_file(videos, text))


def test_a_csv_of_other_bytes_is_refused(announcer: Announcer, videos: Path) -> None:
    path = videos / "list.csv"
    path.write_bytes(b"uri\n\xff\xfe\n")
    with pytest.raises(ConfigurationError, match="not a readable CSV"):
        ids(announcer, path)
