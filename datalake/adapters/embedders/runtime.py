"""Where a model runs and in which precision, and values that are built on first use."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt
import torch

from datalake.common_func import given_cores
from datalake.errors import ConfigurationError
from datalake.settings import cache_folder

_DEVICES = Path("/dev")

T = TypeVar("T")
Matrix = npt.NDArray[np.float32]


class Once(Generic[T]):
    """A value built by the first caller, while the others wait; a failed build is tried again."""

    def __init__(self, build: Callable[[], T]) -> None:
        self._build = build
        self._lock = Lock()
        self._built: list[T] = []

    def __call__(self) -> T:
        """The value."""
        with self._lock:
            if not self._built:
                self._built.append(self._build())
            return self._built[0]


def torch_device(name: str) -> torch.device:
    """The device a setting names; `auto`: CUDA where there is one. PyTorch gets no more cores than we have.

    Raises:
        ConfigurationError: unknown, or CUDA asked for and not there.
    """
    if name not in ("auto", "cpu", "cuda"):
        raise ConfigurationError(f"DEVICE={name!r} is unknown; use auto, cpu or cuda")
    if name == "cuda" and not torch.cuda.is_available():
        raise ConfigurationError("DEVICE=cuda, but torch finds no CUDA device here; use auto or cpu")
    torch.set_num_threads(min(torch.get_num_threads(), given_cores()))
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(name)


def unused_gpu(name: str) -> str:
    """Why PyTorch cannot use an NVIDIA GPU that has a device file here; empty where it can, or may not.

    Args:
        name: the setting, as in `torch_device`.
    """
    first = os.environ.get("CUDA_VISIBLE_DEVICES", "0").split(",")[0].strip()
    is_hidden = not first or first.startswith("-")
    if name != "auto" or is_hidden or torch.cuda.is_available() or not any(_DEVICES.glob("nvidia[0-9]*")):
        return ""
    if torch.version.cuda is None:
        return "there is a GPU, but PyTorch is installed without CUDA"
    return f"there is a GPU, but PyTorch, made for CUDA {torch.version.cuda}, cannot use it; see nvidia-smi"


def native_dtype(device: torch.device) -> torch.dtype:
    """bfloat16 where the device multiplies matrices in it, float16 on GPUs that have only that, else float32.

    The precision is no part of a fingerprint: the cosine between any two is above 0.999, for vision
    transformers. For convolutional networks it is not (EfficientNet-Lite0: 0.99): those take `finer_dtype`.
    """
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.get_device_capability(device) >= (8, 0) else finer_dtype(device)
    has = torch.cpu.get_capabilities()
    native = has.get("avx512_bf16") or has.get("amx_bf16") or has.get("bf16")
    return torch.bfloat16 if native else torch.float32


def multiplies_in_tiles() -> bool:
    """True where processors multiply bfloat16 by whole tiles (Intel's AMX)."""
    return bool(torch.cpu.get_capabilities().get("amx_bf16"))


def finer_dtype(device: torch.device) -> torch.dtype:
    """float16 on GPUs that multiply matrices in it, else float32; for what bfloat16 is too coarse for."""
    has = device.type == "cuda" and torch.cuda.get_device_capability(device) >= (7, 0)
    return torch.float16 if has else torch.float32


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def short_hash(parts: Sequence[object]) -> str:
    """16 hex digits over plain values, as in a fingerprint."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def cached_array(name: str, shape: tuple[int, ...], make: Callable[[], Matrix]) -> Matrix:
    """An array from the user's cache folder; made and, where that folder can be written, kept.

    Args:
        name: file name without suffix; holds a hash of all that the values depend on.
        shape: what it must have; a file that is damaged or of another shape is made again.
        make: computes it.
    """
    path = cache_folder() / f"{name}.npy"
    try:
        found = np.load(path, allow_pickle=False)
        if found.shape == shape and found.dtype == np.float32:
            return np.asarray(found)
    except (OSError, ValueError, EOFError):
        pass  # not there, or not whole
    made = make()
    with suppress(OSError):  # a read-only home costs time, nothing else
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".npy", delete=False) as part:
            np.save(part, made)
        Path(part.name).replace(path)
    return made
