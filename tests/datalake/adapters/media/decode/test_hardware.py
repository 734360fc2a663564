"""NVDEC where there is none: a GPU is played by a decoder that says it is none of software.

What a real one does is looked at by the tests that are marked `gpu`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict
from functools import partial
from io import FileIO
from pathlib import Path

import av
import pytest
from av.codec.hwaccel import HWAccel

from datalake.adapters.media.children import MediaChildren
from datalake.adapters.media.decode import reader as reader_module
from datalake.adapters.media.decode.coded_video import CodedVideo
from datalake.adapters.media.decode.decoding import Decoding
from datalake.adapters.media.decode.hardware import Hardware, StreamOpener
from datalake.adapters.media.decode.picture_decoder import Decoded, PictureDecoder
from datalake.adapters.media.decode.reader import Reader
from datalake.contracts import VideoStream
from tests.clips.damage import scrambled_picture, zeroed
from tests.datalake.adapters.media.decode.times import without_times
from tests.gpu import HAS_GPU, needs_gpu

EVERY_US = [number * 1_000_000 // 30 + 2000 for number in range(60)]
SOME_US = [0, 500_000, 1_100_000, 1_900_000]
HICCUP = "the GPU hiccups"
Facts = Callable[[Path], VideoStream]


class GoneHardware(Hardware):
    """NVDEC was there when the process started, and is not any more."""

    def refusal(self, codec: str) -> str | None:
        return None


class PlayedGpu(GoneHardware):
    """Decodes as a GPU would, up to a number of packets, then only stumbles; also makes the decoders.

    Attributes:
        decoders: all that were opened, in order.
    """

    def __init__(self, packets: int) -> None:
        super().__init__()
        self.left = packets
        self.decoders: list[PictureDecoder] = []
        self._is_asked = False

    def accel(self) -> HWAccel:
        self._is_asked = True
        return None  # type: ignore[return-value]

    def decoder(self, *given: object) -> PictureDecoder:
        decoder = PictureDecoder(*given)
        if self._is_asked:
            decoder.is_software = decoder.is_exact = self._is_asked = False
            decoder.frames = partial(self._frames, decoder.frames)
        self.decoders.append(decoder)
        return decoder

    def _frames(self, decode: Callable[[av.Packet], Decoded], packet: av.Packet) -> Decoded:
        self.left -= 1
        return decode(packet) if self.left > 0 else Decoded([], HICCUP)


@pytest.fixture
def facts(media: MediaChildren) -> Facts:
    def video(path: Path) -> VideoStream:
        probe = media.probe_port().probe(path).media
        assert probe is not None
        assert probe.video is not None
        return probe.video

    return video


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], PlayedGpu]:
    def played(packets: int) -> PlayedGpu:
        gpu = PlayedGpu(packets)
        monkeypatch.setattr(reader_module, "PictureDecoder", gpu.decoder)
        return gpu

    return played


def shown(video: Reader, wanted_us: list[int]) -> list[tuple[int, int, bytes]]:
    """Time, presentation time and pixels of each frame."""
    pictures = video.pictures(0, 10**9, wanted_us)
    return [
        (one.time_us, one.pts, video.upright(one.frame).tobytes())
        for one in pictures
        if one.frame is not None
    ]


def opened(path: Path, video: VideoStream, gpu: Hardware | None, threads: int = 2) -> Iterator[Reader]:
    return closing(Reader(str(path), CodedVideo.of(video), threads, gpu))


@pytest.mark.skipif(HAS_GPU, reason="this machine may have NVDEC")
def test_a_gpu_that_is_not_there_is_said_and_reserves_nothing() -> None:
    hardware = Hardware()
    hardware.open()
    assert (hardware.refusal("h264") or "").startswith("NVDEC cannot be opened: ")
    assert hardware.reserved_bytes == 0


def test_nothing_is_decoded_by_what_nobody_opened() -> None:
    assert Hardware().refusal("h264") == "nobody has opened NVDEC"


def test_codecs_that_libraries_decode_are_left_to_them() -> None:
    hardware = Hardware()
    hardware._kept = av.CodecContext.create("h264", "r")
    assert hardware.refusal("h264") is None
    assert hardware.refusal("av1") == "NVDEC is used for h264 and hevc only, not for av1"


def test_a_file_that_is_none_is_still_an_error(tmp_path: Path, facts: Facts, make_clip) -> None:
    video = facts(make_clip())
    (tmp_path / "text").write_text("not a video")
    opener = StreamOpener(str(tmp_path / "text"), video, GoneHardware())
    with pytest.raises(av.error.FFmpegError):
        opener()


@pytest.mark.skipif(HAS_GPU, reason="this machine may have NVDEC")
def test_where_the_device_is_gone_software_opens_the_file(facts: Facts, make_clip) -> None:
    path = make_clip()
    opener = StreamOpener(str(path), facts(path), GoneHardware())
    container, stream = opener()
    assert not stream.codec_context.is_hwaccel
    assert "given up on this stream (h264, yuv420p)" in (opener.on_cpu_because or "")
    container.close()


@pytest.mark.parametrize(
    "recipe", [{}, {"b_frames": 3, "params": "open-gop=1"}, {"codec": "libx265"}], ids=str
)
@pytest.mark.parametrize("packets", [1, 2, 25, 10**6])
@pytest.mark.parametrize("wanted_us", [EVERY_US, SOME_US, [1_000_000]], ids=len)
def test_frames_are_the_same_wherever_the_gpu_stumbles(
    facts: Facts, make_clip, play, recipe: dict[str, object], packets: int, wanted_us: list[int]
) -> None:
    path = make_clip(**recipe)
    video = facts(path)
    with opened(path, video, None) as software:
        expected = shown(software, wanted_us)
    gpu = play(packets)
    with opened(path, video, gpu) as on_gpu:
        assert shown(on_gpu, wanted_us) == expected
        assert on_gpu.damage == []
        assert (on_gpu.opener.on_cpu_because is None) == (not gpu.decoders[-1].is_software)
        if packets == 1:
            assert on_gpu.opener.on_cpu_because == (
                f"NVDEC was given up on this stream ({video.codec}, {video.pixel_format}): {HICCUP}"
            )


def test_a_stream_that_the_gpu_refuses_is_decoded_as_if_there_were_none(
    facts: Facts, make_clip, play
) -> None:
    path = make_clip(b_frames=2)
    gpu = play(1)
    with opened(path, facts(path), gpu, threads=4) as video:
        shown(video, SOME_US)
        assert (video._threads, video._planner.leaves_out, video._keyframes.are_alone) == (4, True, True)
    # a keyframe alone, then its group, then software
    assert [decoder.is_software for decoder in gpu.decoders] == [False, False, True]


@pytest.mark.parametrize("packets", [10, 10**6])
def test_damage_is_told_by_software(facts: Facts, make_clip, play, tmp_path: Path, packets: int) -> None:
    whole = make_clip(gop=20, b_frames=2)
    video, damaged = facts(whole), tmp_path / "damaged.mp4"
    damaged.write_bytes(scrambled_picture(whole.read_bytes(), 25))
    with opened(damaged, video, None) as software:
        expected = shown(software, EVERY_US)
        told = [str(one) for one in software.damage]
    assert told
    with opened(damaged, video, play(packets)) as on_gpu:
        assert shown(on_gpu, EVERY_US) == expected
        assert [str(one) for one in on_gpu.damage] == told
        assert on_gpu.opener.on_cpu_because


def test_where_bytes_are_missing_software_takes_no_keyframe_alone_either(
    facts: Facts, make_clip, play, tmp_path: Path
) -> None:
    whole, path = make_clip(suffix=".ts", gop=10), tmp_path / "holed.ts"
    path.write_bytes(zeroed(whole.read_bytes(), start_percent=40, size=188 * 8))
    with opened(path, facts(whole), play(1)) as video:
        shown(video, SOME_US)
        assert video.opener.on_cpu_because
        assert not video._keyframes.are_alone


@pytest.mark.parametrize("untimed", [4, 5, 6])
def test_software_may_find_pictures_out_of_order_where_the_gpu_stumbled(
    facts: Facts, make_clip, play, tmp_path: Path, untimed: int
) -> None:
    whole = make_clip(suffix=".ts", b_frames=3, frames=90, gop=90)
    video, path = facts(whole), tmp_path / "untimed.ts"
    path.write_bytes(without_times(whole.read_bytes(), lambda number: number == untimed))
    with opened(path, video, None) as software:
        expected = shown(software, [2_500_000])
    assert expected
    with opened(path, video, play(1), threads=1) as on_gpu:
        assert shown(on_gpu, [2_500_000]) == expected
        assert on_gpu.opener.on_cpu_because


def test_pictures_cut_otherwise_than_the_stream_says_are_no_pictures(facts: Facts, make_clip) -> None:
    path = make_clip()
    with av.open(str(path)) as container:
        decoder = PictureDecoder(container.streams.video[0], "yuv420p", threads=1)
        decoder.is_software = False
        packets = [packet for packet in container.demux(video=0) if packet.size]
        assert decoder.frames(packets[0]).damage is None
        decoder._context = CutOtherwise()
        assert decoder.frames(packets[1]) == Decoded([], "its pictures are of another size")
        decoder._log.leave()


class CutOtherwise:
    """A decoder whose pictures are wider than it says."""

    name, width, height = "h264", 64, 64

    def decode(self, packet: av.Packet) -> list[av.VideoFrame]:
        return [av.VideoFrame(66, 64, "nv12")]


def test_a_file_says_once_that_the_gpu_does_not_decode_it(
    facts: Facts, make_clip, play, pixels: FileIO
) -> None:
    path = make_clip()
    stream = asdict(CodedVideo.of(facts(path)))
    decoding = Decoding(1, play(1))
    for _ in range(2):
        decoding.open(str(path), stream)
        first, second = (decoding.frames(0, 10**9, [0, 900_000], pixels)["findings"] for _ in range(2))
        decoding.close()
        assert [one["code"] for one in first] == ["decoded_on_cpu"]
        assert HICCUP in first[0]["evidence"]
        assert second == []


@needs_gpu
@pytest.mark.parametrize(
    "recipe",
    [
        {},
        {"b_frames": 2},
        {"b_frames": 3, "params": "open-gop=1"},
        {"suffix": ".mkv", "codec": "libx265", "b_frames": 2},
        {"suffix": ".ts"},
    ],
    ids=str,
)
@pytest.mark.parametrize("wanted_us", [EVERY_US, SOME_US, [1_000_000]], ids=len)
def test_nvdec_gives_the_frames_of_software_at_their_exact_times(
    facts: Facts, make_clip, recipe: dict[str, object], wanted_us: list[int]
) -> None:
    path = make_clip(**recipe, scale=4)
    hardware = Hardware()
    hardware.open()
    assert hardware.refusal("h264") is None
    with opened(path, facts(path), None) as software, opened(path, facts(path), hardware) as on_gpu:
        expected, found = shown(software, wanted_us), shown(on_gpu, wanted_us)
        assert on_gpu.opener.on_cpu_because is None
    assert [one[:2] for one in found] == [one[:2] for one in expected]
    for ours, theirs in zip(found, expected, strict=True):
        assert max(abs(a - b) for a, b in zip(ours[2], theirs[2], strict=True)) <= 2


@needs_gpu
def test_nvdec_leaves_what_it_cannot_decode_to_software(facts: Facts, make_clip) -> None:
    path = make_clip(suffix=".mkv", codec="libx264", pixel_format="yuv422p10le")
    hardware = Hardware()
    hardware.open()
    with opened(path, facts(path), None) as software, opened(path, facts(path), hardware) as on_gpu:
        assert shown(on_gpu, SOME_US) == shown(software, SOME_US)
        assert "yuv422p10le" in (on_gpu.opener.on_cpu_because or "")
