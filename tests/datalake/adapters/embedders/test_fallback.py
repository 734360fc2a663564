"""A GPU that fails, played by errors as PyTorch raises them: there is none where most tests run."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from datalake.adapters.embedders.batcher import MicroBatcher
from datalake.adapters.embedders.fallback import FallbackEmbedder
from datalake.adapters.ports import Embedder, Embedding, Image, Vector
from datalake.errors import BadVideo, MachineBusy

HOUR_S = 3600.0
OUT_OF_MEMORY = torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.\nSee the docs.")
LOST = torch.AcceleratorError("CUDA error: uncorrectable ECC error encountered\nCUDA kernel errors might be")

Trouble = Callable[[list[int]], Exception | None]


class Model(Embedder):
    """Embeds an image as its first byte, on a device that may have trouble with some."""

    model, fingerprint, labels_fingerprint, dim = "model", "f" * 16, "l" * 16, 1

    def __init__(self, device: str, trouble: Trouble) -> None:
        self.device, self.trouble = device, trouble
        self.calls: list[int] = []

    @property
    def batch_size(self) -> int:
        return 256 if self.device == "cuda" else 32

    def embed(self, images: Sequence[Image]) -> list[Embedding]:
        values = [int(image[0, 0, 0]) for image in images]
        self.calls.append(len(values))
        if error := self.trouble(values):
            raise error
        return [Embedding(np.array([value], np.float32)) for value in values]

    def embed_text(self, texts: Sequence[str]) -> list[Vector]:
        if error := self.trouble([]):
            raise error
        return [np.array([len(text)], np.float32) for text in texts]


class Machine:
    """Builds models; `built` holds them by device."""

    def __init__(
        self,
        on_gpu: Trouble,
        on_cpu: Trouble = lambda _: None,
    ) -> None:
        self.trouble = {"cuda": on_gpu, "cpu": on_cpu}
        self.built: dict[str, list[Model]] = {"cuda": [], "cpu": []}

    def build(self, device: str) -> Model:
        model = Model(device, self.trouble[device])
        self.built[device].append(model)
        return model


def images(*values: int) -> list[Image]:
    return [np.full((2, 2, 3), value, np.uint8) for value in values]


def values(embeddings: Sequence[Embedding]) -> list[int]:
    return [int(embedding.vector[0]) for embedding in embeddings]


@pytest.mark.parametrize("error", [ValueError("odd pixels"), RuntimeError("shapes cannot be multiplied")])
def test_an_error_that_is_no_gpus_is_raised_and_the_gpu_stays(error: Exception) -> None:
    machine = Machine(on_gpu=lambda found: error if len(found) == 1 else None)
    embedder = FallbackEmbedder(machine.build)
    with pytest.raises(type(error), match=str(error)):
        embedder.embed(images(1))
    assert values(embedder.embed(images(1, 2))) == [1, 2]
    assert (embedder.on_cpu_because, machine.built["cpu"]) == ("", [])


def test_what_the_cpu_says_is_raised() -> None:
    def failing(device: str) -> Trouble:
        return lambda _: RuntimeError(f"CUDA error: on the {device}")

    embedder = FallbackEmbedder(Machine(failing("cuda"), failing("cpu")).build)
    for _ in range(2):
        with pytest.raises(RuntimeError, match="on the cpu"):
            embedder.embed(images(1))


def test_an_error_at_the_start_that_is_no_gpus_is_raised() -> None:
    def build(device: str) -> Embedder:
        raise RuntimeError("no such layer")

    with pytest.raises(RuntimeError, match="no such layer"):
        FallbackEmbedder(build)


def test_too_many_images_for_the_gpu_are_the_callers_to_make_fewer() -> None:
    machine = Machine(on_gpu=lambda found: OUT_OF_MEMORY if len(found) > 2 else None)
    embedder = FallbackEmbedder(machine.build)
    with pytest.raises(torch.cuda.OutOfMemoryError):
        embedder.embed(images(1, 2, 3))
    assert values(embedder.embed(images(1, 2))) == [1, 2]
    assert machine.built["cpu"] == []


@pytest.mark.parametrize(("error", "count"), [(OUT_OF_MEMORY, 1), (LOST, 1), (LOST, 3)], ids=str)
def test_a_gpu_that_fails_is_left_for_good(error: Exception, count: int) -> None:
    machine = Machine(on_gpu=lambda _: error)
    embedder = FallbackEmbedder(machine.build)
    assert (embedder.on_cpu_because, embedder.batch_size) == ("", 256)
    for _ in range(2):
        assert values(embedder.embed(images(*range(count)))) == list(range(count))
    assert embedder.on_cpu_because == f"{type(error).__name__}: {str(error).splitlines()[0]}"
    assert (embedder.batch_size, embedder.fingerprint) == (32, "f" * 16)
    [on_gpu], [on_cpu] = machine.built["cuda"], machine.built["cpu"]
    assert (on_gpu.calls, on_cpu.calls) == ([count], [count, count])


def test_a_gpu_that_cannot_even_start() -> None:
    machine = Machine(on_gpu=lambda _: None)

    def build(device: str) -> Embedder:
        if device == "cuda":
            raise RuntimeError("CUDA driver initialization failed, you might not have a CUDA gpu.")
        return machine.build(device)

    embedder = FallbackEmbedder(build)
    assert values(embedder.embed(images(7))) == [7]
    assert embedder.on_cpu_because.startswith("RuntimeError: CUDA driver initialization failed")


def test_words_are_embedded_on_the_cpu_as_well() -> None:
    embedder = FallbackEmbedder(Machine(on_gpu=lambda _: LOST).build)
    assert [vector.tolist() for vector in embedder.embed_text(["four"])] == [[4.0]]
    assert "ECC" in embedder.on_cpu_because


def test_the_model_on_the_gpu_is_let_go() -> None:
    kept: list[weakref.ref[Model]] = []

    def build(device: str) -> Embedder:
        model = Model(device, lambda _: LOST if device == "cuda" else None)
        kept.append(weakref.ref(model))
        return model

    embedder = FallbackEmbedder(build)
    embedder.embed(images(1))
    LOST.__traceback__ = None  # a constant of this module; a real error is gone by now
    gc.collect()
    assert [one() is None for one in kept] == [True, False]


def test_threads_that_fail_together_build_one_model_on_the_cpu() -> None:
    together = threading.Barrier(4)

    def trouble(_: list[int]) -> Exception:
        together.wait(60)
        return LOST

    machine = Machine(on_gpu=trouble)
    embedder = FallbackEmbedder(machine.build)
    with ThreadPoolExecutor(4) as pool:
        assert [found[0].tolist() for found in pool.map(embedder.embed_text, [["a"]] * 4)] == [[1.0]] * 4
    assert len(machine.built["cpu"]) == 1


class Overtaken(FallbackEmbedder):
    """Another thread leaves the GPU just after this one has looked where it is."""

    @property
    def _embedder(self) -> Embedder:
        found = self._current
        if self._is_ready and found.device == "cuda":
            self._move("seen by the other one")
        return found

    @_embedder.setter
    def _embedder(self, embedder: Embedder) -> None:
        self._current, self._is_ready = embedder, True


def test_who_fails_on_a_gpu_that_another_thread_has_left_goes_on_on_the_cpu_too() -> None:
    machine = Machine(on_gpu=lambda _: LOST)
    embedder = Overtaken(machine.build)
    assert values(embedder.embed(images(7))) == [7]
    assert embedder.on_cpu_because == "seen by the other one"
    assert len(machine.built["cpu"]) == 1


def test_a_gpu_whose_start_was_put_off_and_fails_is_left() -> None:
    machine = Machine(on_gpu=lambda _: torch.cuda.DeferredCudaCallError("CUDA call failed lazily"))
    embedder = FallbackEmbedder(machine.build)
    assert values(embedder.embed(images(7, 8))) == [7, 8]
    assert embedder.on_cpu_because.startswith("DeferredCudaCallError: CUDA call failed lazily")


def test_a_cpu_without_memory_for_one_image_is_a_busy_machine_after_the_gpu_was_left() -> None:
    machine = Machine(
        on_gpu=lambda _: OUT_OF_MEMORY, on_cpu=lambda found: MemoryError() if 13 in found else None
    )
    with MicroBatcher(FallbackEmbedder(machine.build), max_wait_s=HOUR_S) as batcher, batcher.producer():
        with pytest.raises(MachineBusy):
            batcher.embed(images(1, 13))
        assert batcher.on_cpu_because.startswith("OutOfMemoryError")
        assert values(batcher.embed(images(1, 2))) == [1, 2]


def test_on_the_cpu_a_batch_is_as_large_as_was_set_whatever_fitted_on_the_gpu() -> None:
    machine = Machine(on_gpu=lambda _: OUT_OF_MEMORY)
    with MicroBatcher(FallbackEmbedder(machine.build), 64, HOUR_S) as batcher, batcher.producer():
        assert values(batcher.embed(images(*range(8)))) == list(range(8))
        assert batcher.on_cpu_because
        assert batcher.batch_size == 64


def test_behind_the_batcher_batches_are_halved_first_and_no_image_is_lost() -> None:
    machine = Machine(on_gpu=lambda _: OUT_OF_MEMORY)
    with MicroBatcher(FallbackEmbedder(machine.build), max_wait_s=HOUR_S) as batcher, batcher.producer():
        assert batcher.batch_size == 256
        assert values(batcher.embed(images(1, 2, 3, 4))) == [1, 2, 3, 4]
        assert batcher.on_cpu_because.startswith("OutOfMemoryError: CUDA out of memory")
    [on_gpu], [on_cpu] = machine.built["cuda"], machine.built["cpu"]
    assert (on_gpu.calls, on_cpu.calls) == ([4, 2, 1], [1, 1, 2])


def test_behind_the_batcher_only_the_guilty_image_fails_on_the_cpu() -> None:
    machine = Machine(lambda _: LOST, on_cpu=lambda found: ValueError("odd pixels") if 13 in found else None)
    with MicroBatcher(FallbackEmbedder(machine.build), max_wait_s=HOUR_S) as batcher, batcher.producer():
        with pytest.raises(BadVideo, match="odd pixels"):
            batcher.embed(images(1, 13))
        assert values(batcher.embed(images(1, 2))) == [1, 2]
