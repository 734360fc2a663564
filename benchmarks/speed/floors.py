"""What cannot be done faster: FFmpeg's decoder and colour conversion, a JPEG encoder, the matrix unit.

FFmpeg is the library that PyAV carries, called directly, without any code of ours in between.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import av
import cv2
import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.speed.work import Work
from datalake.adapters.embedders.runtime import native_dtype

_QUALITY = 90  # as JPEG_QUALITY
_MATRIX = 4096
_PRODUCTS = 20


def one_pass(work: Work) -> dict[str, int]:
    """Every picture of every file decoded, none looked at; the wanted ones counted."""
    with work.clock():
        count = sum(number % work.step == 0 for path in work.files for number, _ in enumerate(_decoded(path)))
    return {"frames": count}


def decoding(work: Work) -> dict[str, int]:
    """All that a decoder must do: pictures that others refer to, or, if only these are wanted, keyframes."""
    skipped = work.options.get("skipped", "NONREF")
    with work.clock():
        count = sum(1 for path in work.files for _ in _decoded(path, skipped))
    return {"frames": int(work.options["frames"]), "decoded": count}


def pictures(work: Work) -> dict[str, int]:
    """Colour conversion and JPEG of the wanted pictures."""
    count = 0
    for path in work.files:
        kept = [frame for number, frame in enumerate(_decoded(path)) if number % work.step == 0]
        with work.clock():
            for frame in kept:
                _jpeg(frame)
        count += len(kept)
    return {"frames": count}


def embedding(work: Work) -> dict[str, int]:
    """The time of as many operations as ViT-B/32 takes for the wanted pictures in products of large matrices.

    In the precision that the processor multiplies natively: bfloat16 where it has it, else float32.
    """
    from benchmarks.speed.model import ARCH, SIDE_PX

    images = int(work.options["frames"])
    flops = flops_per_image(ARCH, SIDE_PX) * images
    matrices = torch.randn(2, _MATRIX, _MATRIX).to(native_dtype(torch.device("cpu")))
    torch.mm(*matrices)
    with work.clock():
        for _ in range(_PRODUCTS):
            torch.mm(*matrices)
    share = flops / (_PRODUCTS * 2 * _MATRIX**3)
    work.wall_s, work.cpu_s = work.wall_s * share, work.cpu_s * share
    return {"frames": images}


def flops_per_image(arch: str, side_px: int) -> int:
    """Floating-point operations of a model's image tower for one image, as PyTorch counts them."""
    import open_clip

    with torch.inference_mode(), FlopCounterMode(display=False) as counter:
        open_clip.create_model(arch).encode_image(torch.zeros(1, 3, side_px, side_px))
    return int(counter.get_total_flops())


def ffmpeg_to_jpeg(work: Work) -> dict[str, int]:
    """Every picture decoded, the wanted ones made JPEGs in memory; a file a core."""

    def made(path: Path) -> int:
        return sum(
            len(_jpeg(frame)) > 0 for number, frame in enumerate(_decoded(path)) if number % work.step == 0
        )

    with ThreadPoolExecutor(work.threads) as pool, work.clock():
        counts = list(pool.map(made, work.files))
    return {"frames": sum(counts)}


def _decoded(path: Path, skipped: str = "DEFAULT") -> Iterator[av.VideoFrame]:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        stream.codec_context.skip_frame = skipped
        yield from container.decode(stream)


def _jpeg(frame: av.VideoFrame) -> bytes:
    bgr = frame.to_ndarray(format="bgr24")
    _, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return data.tobytes()
