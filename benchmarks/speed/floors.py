"""What cannot be done much faster: FFmpeg's decoder and colour conversion, a JPEG encoder, the matrix unit.

FFmpeg is the library that PyAV carries, called directly, without any code of ours in between. All cores are
at work meanwhile: two of them may share what computes, and each then takes longer than alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import av
import cv2
from av.video.reformatter import VideoReformatter

from benchmarks.speed.work import Work

_QUALITY = 90  # as JPEG_QUALITY
_MATRIX = 4096
_PRODUCTS = 20
_PRODUCTS_ON_GPU = 2000
_AUTO = 0  # as many threads as FFmpeg thinks best


def one_pass(work: Work) -> dict[str, int]:
    """Every picture of every file decoded, with threads, none looked at; the wanted ones counted."""
    with work.clock():
        pictures = (enumerate(_decoded(path, threads=_AUTO)) for path in work.files)
        count = sum(number % work.step == 0 for numbered in pictures for number, _ in numbered)
    return {"frames": count}


def decoding(work: Work) -> dict[str, int]:
    """All that a decoder must do: pictures that others refer to, or, if only these are wanted, keyframes.

    To the end of each file; behind the last wanted picture of a group even these could be left out.
    """
    skipped, wanted = work.options.get("skipped", "NONREF"), int(work.options["frames"])
    with ThreadPoolExecutor(work.threads) as pool, work.clock():
        counts = list(pool.map(lambda path: sum(1 for _ in _decoded(path, skipped)), work.files))
    most = wanted if skipped == "NONKEY" else sum(_length(path) for path in work.files) - 1
    assert wanted <= sum(counts) <= most, f"{skipped}: {sum(counts)} pictures, {wanted} to {most} expected"
    return {"decoded": sum(counts)}


def pictures(work: Work) -> dict[str, int]:
    """Colour conversion and JPEG of the wanted pictures."""
    count = 0
    with ThreadPoolExecutor(work.threads) as pool:
        for path in work.files:
            kept = [frame for number, frame in enumerate(_decoded(path)) if number % work.step == 0]
            with work.clock():
                count += sum(pool.map(_jpegs, [kept[first :: work.threads] for first in range(work.threads)]))
    return {"frames": count}


def embedding(work: Work) -> dict[str, int]:
    """The time of as many operations as ViT-B/32 takes for the wanted pictures in products of large matrices.

    In the precision that the device multiplies natively. All operations of the whole model count, also those
    that ours leaves out (ADR 0022). A GPU's time is counted as that of all processors.
    """
    import torch

    from benchmarks.speed.model import ARCH, DEVICE, ON_GPU, SIDE_PX
    from datalake.adapters.embedders.runtime import native_dtype

    images = int(work.options["frames"])
    flops = flops_per_image(ARCH, SIDE_PX) * images
    matrices = torch.randn(2, _MATRIX, _MATRIX).to(DEVICE, native_dtype(DEVICE))
    products = _PRODUCTS_ON_GPU if ON_GPU else _PRODUCTS
    torch.mm(*matrices).cpu()
    with work.clock():
        for _ in range(products):
            torch.mm(*matrices)
        if ON_GPU:
            torch.cuda.synchronize()
    share = flops / (products * 2 * _MATRIX**3)
    work.wall_s, work.cpu_s = work.wall_s * share, work.cpu_s * share
    if ON_GPU:
        work.cpu_s = work.wall_s * work.threads
    return {"products": products}


def flops_per_image(arch: str, side_px: int) -> int:
    """Floating-point operations of a model's image tower for one image, as PyTorch counts them."""
    import open_clip
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    with torch.inference_mode(), FlopCounterMode(display=False) as counter:
        open_clip.create_model(arch).encode_image(torch.zeros(1, 3, side_px, side_px))
    return int(counter.get_total_flops())


def ffmpeg_to_jpeg(work: Work) -> dict[str, int]:
    """Every picture decoded, the wanted ones made JPEGs in memory; a file a core."""

    def made(path: Path) -> int:
        return _jpegs(frame for number, frame in enumerate(_decoded(path)) if number % work.step == 0)

    with ThreadPoolExecutor(work.threads) as pool, work.clock():
        counts = list(pool.map(made, work.files))
    return {"frames": sum(counts)}


def _decoded(path: Path, skipped: str = "DEFAULT", threads: int = 1) -> Iterator[av.VideoFrame]:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.thread_type, stream.codec_context.thread_count = "AUTO", threads
        stream.codec_context.skip_frame = skipped
        yield from container.decode(stream)


def _length(path: Path) -> int:
    with av.open(str(path)) as container:
        return sum(packet.size > 0 for packet in container.demux(video=0))


def _jpegs(frames: Iterable[av.VideoFrame]) -> int:
    """How many of them became JPEGs; one context converts them all."""
    reformatter, count = VideoReformatter(), 0
    for frame in frames:
        bgr = reformatter.reformat(frame, format="bgr24").to_ndarray()
        is_made, _ = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
        count += is_made
    return count
