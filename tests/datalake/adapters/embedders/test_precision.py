"""Vectors in the device's own precision are those of float32, so it is no part of a fingerprint."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import open_clip
import pytest
import torch

from datalake.adapters.embedders import build_embedder, conse
from datalake.adapters.embedders import open_clip as openclip
from datalake.adapters.ports import Embedder, Image

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


def cosines(monkeypatch: pytest.MonkeyPatch, name: str, frames: list[Image]) -> list[float]:
    """Between the vectors of the device's own precision and those of float32."""
    native: Embedder = build_embedder(name, "cpu")
    with monkeypatch.context() as patch:
        for module in (conse, openclip):
            patch.setattr(module, "native_dtype", lambda _: torch.float32)
        full: Embedder = build_embedder(name, "cpu")
    pairs = zip(native.embed(frames), full.embed(frames), strict=True)
    return [float(np.dot(one.vector, other.vector)) for one, other in pairs]


def test_conse(monkeypatch: pytest.MonkeyPatch, frames: list[Image]) -> None:
    assert min(cosines(monkeypatch, "conse", frames)) >= LEAST_COSINE


def test_open_clip(monkeypatch: pytest.MonkeyPatch, frames: list[Image], checkpoint: Path) -> None:
    assert min(cosines(monkeypatch, f"open_clip:ViT-B-32/{checkpoint}", frames)) >= LEAST_COSINE
