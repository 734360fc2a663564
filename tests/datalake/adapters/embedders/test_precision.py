"""Vectors in the device's own precision are those of float32, so it is no part of a fingerprint."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import open_clip
import pytest
import torch

from datalake.adapters.embedders import build_embedder, conse
from datalake.adapters.embedders import open_clip as openclip
from datalake.adapters.embedders.batcher import MicroBatcher
from datalake.adapters.ports import Embedder, Image
from tests.gpu import needs_gpu

LEAST_COSINE = 0.999


@pytest.fixture(scope="module")
def frames(clip_frames: dict[str, list[Image]]) -> list[Image]:
    """Two frames of each of the sample clips."""
    return [frame for found in clip_frames.values() for frame in found[:2]]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("precision") / "vit.pt"
    torch.save(open_clip.create_model("ViT-B-32").state_dict(), path)
    return path


@pytest.fixture(scope="module")
def few_labels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """ImageNet's thousand would take minutes in a precision that this processor has to emulate."""
    path = tmp_path_factory.mktemp("labels") / "labels.txt"
    path.write_text("rabbit\nbicycle\n")
    return path


def cosines(
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    frames: list[Image],
    device: str = "cpu",
    labels_file: Path | None = None,
) -> list[float]:
    """Between vectors in the precision that models run in by now and those of float32 on the CPU."""
    native: Embedder = build_embedder(name, device, labels_file)
    with monkeypatch.context() as patch:
        runs_in(patch, torch.float32)
        full: Embedder = build_embedder(name, "cpu", labels_file)
    pairs = zip(native.embed(frames), full.embed(frames), strict=True)
    return [float(np.dot(one.vector, other.vector)) for one, other in pairs]


def runs_in(monkeypatch: pytest.MonkeyPatch, dtype: torch.dtype) -> None:
    """Models that are built from here on."""
    monkeypatch.setattr(conse, "finer_dtype", lambda _: dtype)
    monkeypatch.setattr(openclip, "native_dtype", lambda _: dtype)


@pytest.mark.parametrize(
    ("arch", "expected"),
    [("ViT-B-32", True), ("ViT-B-16-SigLIP", True), ("RN50", False), ("convnext_base", False)],
)
def test_transformers_are_told_from_other_networks(arch: str, expected: bool) -> None:
    assert openclip.is_transformer(open_clip.get_model_config(arch)) is expected


def test_conse(monkeypatch: pytest.MonkeyPatch, frames: list[Image]) -> None:
    runs_in(monkeypatch, torch.float16)
    assert min(cosines(monkeypatch, "conse", frames)) >= LEAST_COSINE


def test_to_conse_bfloat16_is_too_coarse(monkeypatch: pytest.MonkeyPatch, frames: list[Image]) -> None:
    assert conse.ConseEmbedder("cpu")._dtype is torch.float32
    runs_in(monkeypatch, torch.bfloat16)
    assert min(cosines(monkeypatch, "conse", frames)) < LEAST_COSINE


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_open_clip(
    monkeypatch: pytest.MonkeyPatch,
    frames: list[Image],
    checkpoint: Path,
    few_labels: Path,
    dtype: torch.dtype,
) -> None:
    runs_in(monkeypatch, dtype)
    name = f"open_clip:ViT-B-32/{checkpoint}"
    assert min(cosines(monkeypatch, name, frames, labels_file=few_labels)) >= LEAST_COSINE


def test_open_clips_weights_are_of_the_devices_precision(
    monkeypatch: pytest.MonkeyPatch, checkpoint: Path
) -> None:
    for dtype in (torch.float16, torch.bfloat16, torch.float32):
        monkeypatch.setattr(openclip, "native_dtype", lambda _, dtype=dtype: dtype)
        loaded = openclip.OpenClipEmbedder(f"ViT-B-32/{checkpoint}", "cpu")._loaded()
        assert loaded.model.visual.conv1.weight.dtype is dtype


@needs_gpu
@pytest.mark.parametrize("name", ["conse", "open_clip"])
def test_on_a_gpu_vectors_are_those_of_float32_on_the_cpu(
    monkeypatch: pytest.MonkeyPatch, frames: list[Image], checkpoint: Path, few_labels: Path, name: str
) -> None:
    name, labels_file = (
        ("conse", None) if name == "conse" else (f"open_clip:ViT-B-32/{checkpoint}", few_labels)
    )
    assert min(cosines(monkeypatch, name, frames, "cuda", labels_file)) >= LEAST_COSINE


@needs_gpu
def test_a_gpu_with_too_little_memory_takes_smaller_batches(frames: list[Image]) -> None:
    many = (frames * 512)[:512]
    with MicroBatcher(build_embedder("conse", "cuda"), 512) as batcher, batcher.producer():
        batcher.embed(many[:1])
        with memory_limited_to(torch.cuda.memory_reserved() + 128 * 1024**2):
            found = batcher.embed(many)
        assert batcher.batch_size < 512
        assert batcher.on_cpu_because == ""
    expected = build_embedder("conse", "cpu").embed(frames)
    assert min(float(found[i].vector @ expected[i].vector) for i in range(len(frames))) >= LEAST_COSINE


@needs_gpu
def test_a_gpu_without_memory_is_left_for_the_cpu(frames: list[Image]) -> None:
    with (
        memory_limited_to(1024**2),
        MicroBatcher(build_embedder("conse", "cuda")) as batcher,
        batcher.producer(),
    ):
        assert len(batcher.embed(frames)) == len(frames)
        assert "out of memory" in batcher.on_cpu_because


@contextmanager
def memory_limited_to(size_bytes: int) -> Iterator[None]:
    """PyTorch may have so much of the GPU's memory."""
    torch.cuda.empty_cache()
    torch.cuda.set_per_process_memory_fraction(size_bytes / torch.cuda.mem_get_info()[1])
    try:
        yield
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
