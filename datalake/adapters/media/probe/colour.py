"""Numbers of ITU-T H.273, by the names that FFmpeg prints. Pure."""

from __future__ import annotations

from av.video.frame import VideoFrame

from datalake.contracts import Colour

_PRIMARIES = {
    1: "bt709",
    4: "bt470m",
    5: "bt470bg",
    6: "smpte170m",
    7: "smpte240m",
    8: "film",
    9: "bt2020",
    10: "smpte428",
    11: "smpte431",
    12: "smpte432",
    22: "ebu3213",
}
_TRANSFERS = {
    1: "bt709",
    4: "gamma22",
    5: "gamma28",
    6: "smpte170m",
    7: "smpte240m",
    8: "linear",
    9: "log100",
    10: "log316",
    11: "iec61966-2-4",
    12: "bt1361e",
    13: "iec61966-2-1",
    14: "bt2020-10",
    15: "bt2020-12",
    16: "smpte2084",
    17: "smpte428",
    18: "arib-std-b67",
}
_MATRICES = {
    0: "gbr",
    1: "bt709",
    4: "fcc",
    5: "bt470bg",
    6: "smpte170m",
    7: "smpte240m",
    8: "ycgco",
    9: "bt2020nc",
    10: "bt2020c",
    11: "smpte2085",
    12: "chroma-derived-nc",
    13: "chroma-derived-c",
    14: "ictcp",
}
_RANGES = {1: "tv", 2: "pc"}


def colour(picture: VideoFrame) -> Colour:
    """How the pixels are to be read; None for what is not specified."""
    return Colour(
        primaries=_PRIMARIES.get(int(picture.color_primaries)),
        transfer=_TRANSFERS.get(int(picture.color_trc)),
        matrix=_MATRICES.get(int(picture.colorspace)),
        range=_RANGES.get(int(picture.color_range)),
    )
