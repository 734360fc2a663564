"""How libraries of our tasks use processors and memory; said before they are loaded: each reads it once."""

from __future__ import annotations

import ctypes
import os

POLICY = {
    # sleep while waiting: spinning, the default, takes processors from decoders and other tasks
    "OMP_WAIT_POLICY": "passive",
    # NumPy and OpenCV have little to do for many videos at once: on 16 processors their pools spun for
    # 40 of 55 seconds of processor time
    "OPENBLAS_NUM_THREADS": "1",
    "OPENCV_FOR_THREADS_NUM": "1",
    # PyTorch takes what is large in pages of 2 MiB: each layer asks the kernel for new memory
    "THP_MEM_ALLOC_ENABLE": "1",
    # from the heap that is kept: Arrow's own allocator asks the kernel anew for most of the parts it writes
    "ARROW_DEFAULT_MEMORY_POOL": "system",
}
# glibc's names and numbers (mallopt(3), malloc.h). A model gives its memory back layer by layer, and what the
# kernel hands out again it clears first; heaps of threads beside the first end at 64 MiB and are given up.
_HEAP = {
    "MALLOC_ARENA_MAX": (-8, 1),
    "MALLOC_MMAP_MAX_": (-4, 0),
    "MALLOC_TRIM_THRESHOLD_": (-1, 512 * 1024**2),
}
HEAP = {name: str(value) for name, (_, value) in _HEAP.items()}  # as a process's environment says it


def set_policy() -> None:
    """Say it to what this process loads from here on; what the environment says otherwise stays."""
    for name, value in POLICY.items():
        os.environ.setdefault(name, value)
    _keep_heap()


def _keep_heap() -> None:
    """By a call: glibc has read its variables before our code runs. Other C libraries have none of this."""
    libc = ctypes.CDLL(None)
    for name, (parameter, value) in _HEAP.items():
        if name not in os.environ and hasattr(libc, "mallopt"):
            libc.mallopt(parameter, value)
