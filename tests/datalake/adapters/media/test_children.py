from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path

import av
import pytest

from datalake.adapters.media.children import ChildProbe, MediaChildren
from datalake.adapters.media.decode.coded_video import CodedVideo
from datalake.adapters.media.pool import ChildPool
from datalake.adapters.ports import Probe, Sampling
from tests.clips import HEIGHT_PX, WIDTH_PX, clips_folder, frame_number, kept
from tests.gpu import HAS_GPU
from tests.limits import ROOMY

MEGABYTE = 1024**2
SIDE_PX = 10_000


DECODES = """
import json, sys
from io import BytesIO
from datalake.adapters.media.child import Decoding
decoding, pixels = Decoding(threads=1), BytesIO()
decoding.open(sys.argv[1], json.loads(sys.argv[2]))
decoding.frames(0, 10**6, [0], pixels)
print(len(pixels.getvalue()), *sys.modules)
"""


def test_decoding_does_without_what_only_other_requests_need(make_clip: Callable[..., Path]) -> None:
    clip = str(make_clip())
    stream = CodedVideo(0, "h264", WIDTH_PX, HEIGHT_PX, 0, (1, 15_360), 0, 30.0, "yuv420p")
    command = [sys.executable, "-c", DECODES, clip, json.dumps(asdict(stream))]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    pixels_bytes, *modules = done.stdout.split()
    assert int(pixels_bytes) == WIDTH_PX * HEIGHT_PX * 3
    assert {"pydantic", "datalake.contracts", "av", "numpy"} & {*modules} == {"av"}


@pytest.fixture
def bomb() -> Path:
    """130 KB that unpack to 300 MB a picture; made once a machine."""
    return kept(clips_folder() / "bomb.mkv", _write_bomb)


def _write_bomb(path: Path) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=1)
        stream.width = stream.height = SIDE_PX
        stream.pix_fmt = "yuv420p"
        frame = av.VideoFrame(SIDE_PX, SIDE_PX, "yuv420p")
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        frame.pts = 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def test_a_bomb_costs_a_child_and_nothing_else(bomb: Path, make_clip: Callable[..., Path]) -> None:
    with MediaChildren(slots=1, limits=replace(ROOMY, memory_bytes=600 * MEGABYTE)) as media:
        (found,) = media.probe_port().probe(bomb).findings
        assert found.code == "decoder_out_of_memory"
        assert "CHILD_MEMORY_BYTES" in found.remedy
        assert media.probe_port().probe(make_clip()).media is not None


def test_pictures_that_fit_the_probe_may_not_fit_the_frames(bomb: Path) -> None:
    with MediaChildren(slots=1, limits=replace(ROOMY, memory_bytes=1200 * MEGABYTE)) as media:
        probe = media.probe_port().probe(bomb)
        assert probe.media is not None
        with media.frame_source(bomb, probe.media) as source:
            (window,) = source.windows(Sampling(1.0, 10, MEGABYTE))
            decoded = source.decoded(window)
    assert decoded.frames == ()
    assert [found.code for found in decoded.findings] == ["decoder_out_of_memory"]


def probed_by_a_rogue(clip: Path, folder: Path, suffix: str, told: str) -> Probe:
    video = Path(shutil.copy(clip, folder / "video.mp4"))
    video.with_suffix(suffix).write_text(told)
    with ChildPool(1, ROOMY, entry="tests.datalake.adapters.media.rogue_decoder") as pool:
        return ChildProbe(pool).probe(video)


def test_a_probe_whose_child_dies_once_is_tried_again(make_clip: Callable[..., Path], tmp_path: Path) -> None:
    probe = probed_by_a_rogue(make_clip(), tmp_path, ".probe", "1")
    assert probe.media is not None
    assert [found.code for found in probe.findings] == ["no_audio"]


def test_a_probe_whose_children_die_is_a_finding(make_clip: Callable[..., Path], tmp_path: Path) -> None:
    probe = probed_by_a_rogue(make_clip(), tmp_path, ".probe", "2")
    assert probe.media is None
    assert [found.code for found in probe.findings] == ["decoder_died"]


def test_a_probe_that_cannot_be_true_is_a_finding(make_clip: Callable[..., Path], tmp_path: Path) -> None:
    probe = probed_by_a_rogue(make_clip(), tmp_path, ".babble.probe", '{"media": {"container": 1}}')
    assert probe.media is None
    (found,) = probe.findings
    assert found.code == "decoder_died"
    assert "cannot be true" in found.evidence


def test_a_probe_that_our_own_code_fails_says_so(make_clip: Callable[..., Path]) -> None:
    rogue = "tests.datalake.adapters.media.rogue_child"  # knows no `probe`
    with ChildPool(1, ROOMY, entry=rogue) as pool:
        probe = ChildProbe(pool).probe(make_clip())
    assert [(found.code, found.evidence) for found in probe.findings] == [
        ("code_failed", "KeyError: 'probe'")
    ]


def test_more_videos_than_slots_take_turns(make_clip: Callable[..., Path]) -> None:
    paths = [make_clip(frames=frames) for frames in (30, 40, 50, 60, 70, 80)]
    with MediaChildren(slots=2, limits=ROOMY) as media:

        def last_frame(path: Path) -> int:
            probe = media.probe_port().probe(path)
            assert probe.media is not None
            with media.frame_source(path, probe.media) as source:
                windows = source.windows(Sampling(1 / 30, 1000, 10**6))
                return frame_number(source.decoded(windows[-1]).frames[-1].image)

        with ThreadPoolExecutor(len(paths)) as threads:
            assert list(threads.map(last_frame, paths)) == [29, 39, 49, 59, 69, 79]


@pytest.mark.skipif(HAS_GPU, reason="this machine may have NVDEC")
def test_where_nvdec_cannot_be_opened_software_decodes_and_the_video_says_so_once(
    make_clip: Callable[..., Path],
) -> None:
    path = make_clip()
    with MediaChildren(slots=1, limits=replace(ROOMY, uses_gpu=True)) as media:
        probe = media.probe_port().probe(path)
        assert probe.media is not None
        with media.frame_source(path, probe.media) as source:
            first, *others = (
                source.decoded(window)
                for window in source.windows(Sampling(0.1, 20, 8 * WIDTH_PX * HEIGHT_PX * 3))
            )
    shown = [frame_number(frame.image) for window in (first, *others) for frame in window.frames]
    assert shown == list(range(0, 60, 3))
    (found,) = first.findings
    assert (found.code, found.severity) == ("decoded_on_cpu", "info")
    assert found.evidence.startswith("NVDEC cannot be opened: ")
    assert others
    assert not any(window.findings for window in others)


def test_children_are_started_ahead(make_clip: Callable[..., Path]) -> None:
    """Nobody waits for imports: entering returns at once, the children get ready meanwhile."""
    started = time.monotonic()
    with MediaChildren(slots=2, limits=ROOMY) as media:
        entered = time.monotonic()
        assert media.probe_port().probe(make_clip()).media is not None
        assert entered - started < time.monotonic() - entered
