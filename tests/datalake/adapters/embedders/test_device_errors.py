from __future__ import annotations

import pytest
import torch

from datalake.adapters.embedders.device_errors import is_gpu_failure, is_out_of_memory

NO_ROOM = [
    torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
    RuntimeError("CUDA out of memory"),
    torch.AcceleratorError("CUDA error: out of memory\nCUDA kernel errors might be"),
    RuntimeError("CUDA driver error: out of memory"),
    RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
]
BROKEN = [
    torch.AcceleratorError("CUDA error: an illegal memory access was encountered"),
    RuntimeError("CUDA error: unspecified launch failure"),
    RuntimeError("cuDNN error: CUDNN_STATUS_EXECUTION_FAILED"),
    RuntimeError("Found no NVIDIA driver on your system."),
    RuntimeError("No CUDA GPUs are available"),
    torch.cuda.DeferredCudaCallError("call failed lazily at initialization"),
]
ON_A_CPU = [
    MemoryError(),
    RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"),
    RuntimeError("std::bad_alloc"),
    RuntimeError("could not create a primitive"),
    RuntimeError("could not create a memory object"),
]
OTHERS = [
    ValueError("an image must be (height, width, 3) uint8"),
    RuntimeError("mat1 and mat2 shapes cannot be multiplied"),
    RuntimeError(
        "Input type (torch.cuda.FloatTensor) and weight type (torch.FloatTensor) should be the same"
    ),
    RuntimeError("could not create a primitive descriptor for a matmul primitive"),
    OSError("CUDA"),
]


@pytest.mark.parametrize("error", OTHERS, ids=str)
def test_an_error_of_an_image_or_of_ours_is_no_devices(error: Exception) -> None:
    assert (is_gpu_failure(error), is_out_of_memory(error)) == (False, False)


@pytest.mark.parametrize("error", NO_ROOM, ids=str)
def test_want_of_a_gpus_memory(error: Exception) -> None:
    assert (is_gpu_failure(error), is_out_of_memory(error)) == (True, True)


@pytest.mark.parametrize("error", BROKEN, ids=str)
def test_a_broken_gpu(error: Exception) -> None:
    assert (is_gpu_failure(error), is_out_of_memory(error)) == (True, False)


@pytest.mark.parametrize("error", ON_A_CPU, ids=str)
def test_want_of_a_cpus_memory_is_no_gpus_failure(error: Exception) -> None:
    assert (is_gpu_failure(error), is_out_of_memory(error)) == (False, True)
