from __future__ import annotations

import pytest

from datalake.bronze_layer.names import file_name_of, why_extension_lies
from datalake.contracts import MediaFacts, SourceFacts, VideoStream

MOV = "mov,mp4,m4a,3gp,3g2,mj2"
MATROSKA = "matroska,webm"


def media(container: str, codec: str = "h264") -> MediaFacts:
    video = VideoStream(index=0, codec=codec, width_px=160, height_px=96, time_base=(1, 90_000))
    return MediaFacts(container=container, video=video)


@pytest.mark.parametrize(
    ("uri", "disposition", "name"),
    [
        ("https://host/a/clip.mp4", None, "clip.mp4"),
        ("https://host/a/my%20clip%2Emp4", None, "my clip.mp4"),
        ("https://host/download", 'attachment; filename="clip.mkv"', "clip.mkv"),
        ("https://host/clip.mp4", "attachment; filename*=UTF-8''%C4%8Dau.webm", "čau.webm"),
        ("https://host/clip.mp4", "inline", "clip.mp4"),
        ("https://host/clip.mp4", 'attachment; filename="../../etc/clip.avi"', "clip.avi"),
        ("https://host/clip.mp4", "attachment; filename*=no-such-charset''%ff.ts", "ÿ.ts"),
        ("https://host.mp4", None, ""),
        ("https://host/", None, ""),
        ("s3://bucket/a/clip.mov", None, "clip.mov"),
        ("file:///videos/clip.mp4", None, "clip.mp4"),
        ("videos/100% real.mp4", None, "100% real.mp4"),
    ],
)
def test_the_name_is_what_the_source_calls_it(uri: str, disposition: str | None, name: str) -> None:
    headers = {} if disposition is None else {"content-disposition": disposition}
    assert file_name_of(SourceFacts(uri=uri, headers=headers)) == name


@pytest.mark.parametrize(
    ("name", "container"),
    [
        ("clip.mp4", MOV),
        ("CLIP.MOV", MOV),
        ("clip.m4v", MOV),
        ("clip.m4v", "m4v"),
        ("clip.3gp", MOV),
        ("clip.mkv", MATROSKA),
        ("clip.ts", "mpegts"),
        ("clip.mpg", "mpeg"),
        ("recording.mpg", "mpegts"),
        ("clip.avi", "avi"),
        ("clip.flv", "flv"),
        ("clip.wmv", "asf"),
        ("clip.ogv", "ogg"),
    ],
)
def test_a_name_that_keeps_its_promise(name: str, container: str) -> None:
    assert why_extension_lies(name, media(container)) is None


@pytest.mark.parametrize("name", ["", "clip", "clip.", ".mp4", "clip.bin", "clip.mp4.part", "v1.2"])
def test_a_name_that_promises_nothing(name: str) -> None:
    assert why_extension_lies(name, media(MATROSKA)) is None


@pytest.mark.parametrize(
    ("name", "container", "why"),
    [
        ("clip.mp4", MATROSKA, "named .mp4, but it is matroska,webm"),
        ("clip.MKV", MOV, f"named .mkv, but it is {MOV}"),
        ("clip.avi", "mpegts", "named .avi, but it is mpegts"),
        ("song.mp3", MOV, f"named .mp3, but it is {MOV}"),
    ],
)
def test_a_name_that_lies(name: str, container: str, why: str) -> None:
    assert why_extension_lies(name, media(container)) == why


@pytest.mark.parametrize(("codec", "lies"), [("vp8", False), ("vp9", False), ("av1", False), ("h264", True)])
def test_webm_has_pictures_in_three_codecs_only(codec: str, lies: bool) -> None:
    why = why_extension_lies("clip.webm", media(MATROSKA, codec))
    assert why == (f"named .webm, but its pictures are {codec}" if lies else None)
    assert why_extension_lies("clip.mkv", media(MATROSKA, codec)) is None


def test_webm_without_pictures_is_no_lie() -> None:
    assert why_extension_lies("song.webm", MediaFacts(container=MATROSKA)) is None
