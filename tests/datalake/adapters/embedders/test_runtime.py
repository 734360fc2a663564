from __future__ import annotations

import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch

from datalake.adapters.embedders import build_embedder, runtime
from datalake.adapters.embedders.runtime import (
    Once,
    cached_array,
    finer_dtype,
    native_dtype,
    sha256_of,
    short_hash,
    torch_device,
    unused_gpu,
)
from datalake.errors import ConfigurationError


def test_once_builds_once_for_many_threads() -> None:
    built: list[int] = []
    together = threading.Barrier(4)
    once = Once(lambda: built.append(1) or "value")

    def use(_: int) -> str:
        together.wait(60)
        return once()

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(use, range(4))) == {"value"}
    assert built == [1]


def test_a_failed_build_is_tried_again() -> None:
    answers = iter([OSError("away"), "value"])

    def build() -> str:
        answer = next(answers)
        if isinstance(answer, OSError):
            raise answer
        return answer

    once = Once(build)
    with pytest.raises(OSError, match="away"):
        once()
    assert once() == "value"


def test_auto_is_a_device_that_is_there() -> None:
    assert torch_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")
    assert torch_device("cpu").type == "cpu"


@pytest.fixture
def devices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of devices of a machine whose GPU PyTorch cannot use."""
    (tmp_path / "nvidia0").touch()
    (tmp_path / "nvidiactl").touch()
    monkeypatch.setattr(runtime, "_DEVICES", tmp_path)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return tmp_path


@pytest.mark.usefixtures("devices")
@pytest.mark.parametrize(
    ("cuda", "told"), [("13.2", "made for CUDA 13.2, cannot use it"), (None, "without CUDA")]
)
def test_a_gpu_that_is_there_and_cannot_be_used_is_told(
    cuda: str | None, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.version, "cuda", cuda)
    assert told in unused_gpu("auto")
    assert told in build_embedder("conse").on_cpu_because
    assert build_embedder("conse", "cpu").on_cpu_because == ""


def test_a_gpu_that_is_hidden_or_not_there_is_no_loss(devices: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert unused_gpu("cpu") == ""
    for hidden in ("", "-1", "-1,0"):
        with monkeypatch.context() as patch:
            patch.setenv("CUDA_VISIBLE_DEVICES", hidden)
            assert unused_gpu("auto") == ""
    (devices / "nvidia0").unlink()  # a container to which the host lends none
    assert unused_gpu("auto") == ""


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has CUDA")
def test_cuda_that_is_not_there_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="no CUDA device"):
        torch_device("cuda")


def test_the_native_precision_multiplies_matrices() -> None:
    dtype = native_dtype(torch.device("cpu"))
    assert dtype in (torch.bfloat16, torch.float32)
    assert float((torch.ones(2, 2, dtype=dtype) @ torch.ones(2, 2, dtype=dtype)).sum()) == 8.0


@pytest.mark.parametrize(
    ("capability", "native", "finer"),
    [
        ((6, 1), torch.float32, torch.float32),
        ((7, 0), torch.float16, torch.float16),
        ((7, 5), torch.float16, torch.float16),
        ((8, 0), torch.bfloat16, torch.float16),
        ((9, 0), torch.bfloat16, torch.float16),
    ],
)
def test_a_gpu_computes_in_what_it_has_units_for(
    monkeypatch: pytest.MonkeyPatch, capability: tuple[int, int], native: torch.dtype, finer: torch.dtype
) -> None:
    monkeypatch.setattr("torch.cuda.get_device_capability", lambda _: capability)
    assert native_dtype(torch.device("cuda")) is native
    assert finer_dtype(torch.device("cuda")) is finer


def test_a_processor_that_has_bfloat16_is_not_fine_enough_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cpu.get_capabilities", lambda: {"amx_bf16": True})
    assert native_dtype(torch.device("cpu")) is torch.bfloat16
    assert finer_dtype(torch.device("cpu")) is torch.float32


def test_hashes(tmp_path: Path) -> None:
    (tmp_path / "weights").write_bytes(b"abc")
    assert sha256_of(tmp_path / "weights") == hashlib.sha256(b"abc").hexdigest()
    assert short_hash(["a", 1]) != short_hash(["a", 2])
    assert len(short_hash(["a", 1])) == 16


@pytest.mark.parametrize("damage", [b"", b"not numpy", None])
def test_an_array_is_made_once_and_again_when_its_file_is_damaged(tmp_path, monkeypatch, damage):
    monkeypatch.setenv("DATALAKE_CACHE", str(tmp_path / "cache"))
    made = []

    def make():
        made.append(1)
        return np.arange(6, dtype=np.float32).reshape(2, 3)

    for _ in range(3):
        assert np.array_equal(cached_array("six", (2, 3), make), np.arange(6).reshape(2, 3))
    assert made == [1]
    if damage is not None:
        (tmp_path / "cache" / "six.npy").write_bytes(damage)
        assert cached_array("six", (2, 3), make).shape == (2, 3)
        assert made == [1, 1]
    assert cached_array("six", (3, 2), lambda: np.zeros((3, 2), np.float32)).shape == (3, 2)


def test_an_array_that_cannot_be_kept_is_still_made(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("DATALAKE_CACHE", str(tmp_path / "file" / "below"))
    assert cached_array("one", (1,), lambda: np.ones(1, np.float32)) == [1.0]
