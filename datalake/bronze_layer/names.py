"""Names of files: what an extension promises, and whether the bytes keep it."""

from __future__ import annotations

from email.message import Message
from pathlib import PurePosixPath
from urllib.parse import unquote

from datalake.contracts import MediaFacts, SourceFacts

_MOV, _MATROSKA, _TS = "mov", "matroska", "mpegts"
# extension -> names of FFmpeg's demuxers that read such files; an extension that is not here promises nothing
_DEMUXERS: dict[str, frozenset[str]] = {
    **dict.fromkeys(("mp4", "mov", "qt", "3gp", "3g2", "m4a", "mj2", "ismv"), frozenset({_MOV})),
    "m4v": frozenset({_MOV, "m4v"}),
    "f4v": frozenset({_MOV, "flv"}),
    "flv": frozenset({"flv"}),
    **dict.fromkeys(("mkv", "mk3d", "mka", "webm"), frozenset({_MATROSKA})),
    **dict.fromkeys(("ts", "m2ts", "mts", "m2t"), frozenset({_TS})),
    **dict.fromkeys(("mpg", "mpeg", "vob"), frozenset({"mpeg", "mpegvideo", _TS})),
    **dict.fromkeys(("m1v", "m2v"), frozenset({"mpegvideo"})),
    **dict.fromkeys(("avi", "divx"), frozenset({"avi"})),
    **dict.fromkeys(("wmv", "asf", "wma"), frozenset({"asf"})),
    **dict.fromkeys(("ogv", "ogg", "ogm"), frozenset({"ogg"})),
    **dict.fromkeys(("rm", "rmvb"), frozenset({"rm"})),
    **{name: frozenset({name}) for name in ("mxf", "gif", "nut", "ivf", "wtv", "mp3", "wav", "flac", "aac")},
}
_WEBM_CODECS = frozenset({"vp8", "vp9", "av1"})


def file_name_of(source: SourceFacts) -> str:
    """The name in Content-Disposition, else the last part of the URI's path; empty: there is none."""
    answer = Message()
    answer["Content-Disposition"] = source.headers.get("content-disposition", "")
    _, separator, rest = source.uri.partition("://")
    path = unquote(rest.partition("/")[2]) if separator else source.uri
    return PurePosixPath(answer.get_filename() or path).name


def why_extension_lies(file_name: str, media: MediaFacts) -> str | None:
    """How the bytes differ from what the name's extension promises; None: not at all, or it promises nothing.

    MP4, MOV and 3GP are one family and may stand for each other, and so may MKV and WebM; but WebM allows
    pictures in VP8, VP9 and AV1 only.
    """
    extension = PurePosixPath(file_name).suffix.lower().removeprefix(".")
    promised = _DEMUXERS.get(extension)
    if promised and not promised & set(media.container.split(",")):
        return f"named .{extension}, but it is {media.container}"
    if extension == "webm" and media.video and media.video.codec not in _WEBM_CODECS:
        return f"named .webm, but its pictures are {media.video.codec}"
    return None
