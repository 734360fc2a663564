from __future__ import annotations

import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch

from datalake.adapters.embedders.runtime import Once, native_dtype, sha256_of, short_hash, torch_device
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


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has CUDA")
def test_cuda_that_is_not_there_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="no CUDA device"):
        torch_device("cuda")


def test_the_native_precision_multiplies_matrices() -> None:
    dtype = native_dtype(torch.device("cpu"))
    assert dtype in (torch.bfloat16, torch.float32)
    assert float((torch.ones(2, 2, dtype=dtype) @ torch.ones(2, 2, dtype=dtype)).sum()) == 8.0


def test_hashes(tmp_path: Path) -> None:
    (tmp_path / "weights").write_bytes(b"abc")
    assert sha256_of(tmp_path / "weights") == hashlib.sha256(b"abc").hexdigest()
    assert short_hash(["a", 1]) != short_hash(["a", 2])
    assert len(short_hash(["a", 1])) == 16
