"""What a model's failure says of its device. By names and texts: no library is imported for it."""

from __future__ import annotations

import re

# PyTorch raises these as RuntimeErrors of several classes, or of none of its own
_GPU = re.compile(r"\b(CUDA|cuDNN|CUDNN|cuBLAS|CUBLAS|NVIDIA)")
_GPU_CLASSES = ("OutOfMemoryError", "AcceleratorError")
_NO_ROOM = re.compile(
    r"can't allocate memory|std::bad_alloc|CUDA (?:(?:driver )?error: )?out of memory|_ALLOC_FAILED"
    # what oneDNN says; of a primitive that it does not have it says "primitive descriptor"
    r"|could not create a (?:memory object|primitive(?! descriptor))"
)


def is_out_of_memory(error: BaseException) -> bool:
    """True where fewer images may do: the memory of the GPU, of the CPU's allocator or of Python ran out."""
    return (
        isinstance(error, MemoryError)
        or type(error).__name__ == "OutOfMemoryError"
        or bool(_NO_ROOM.search(str(error)))
    )


def is_gpu_failure(error: BaseException) -> bool:
    """True where the GPU or its driver failed, so that a CPU may do better; also for want of its memory."""
    if type(error).__name__ == "DeferredCudaCallError":  # of its first call; a plain Exception
        return True
    return isinstance(error, RuntimeError) and (
        type(error).__name__ in _GPU_CLASSES or bool(_GPU.search(str(error)))
    )
