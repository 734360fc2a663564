"""What becomes of each image of a batch, where one may spoil it or memory may run out."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from datalake.adapters.embedders.device_errors import is_out_of_memory
from datalake.adapters.ports import Embedder, Embedding, Image
from datalake.errors import BadVideo, MachineBusy, TerminalError
from datalake.findings import finding

# what an image that a model cannot take may make it raise; whether the image is to blame, a probe tells
_IMAGE_ERRORS = (ValueError, TypeError, LookupError, ArithmeticError, AssertionError, RuntimeError)
PROBE = np.full((64, 64, 3), 127, np.uint8)  # the plainest picture

Result = Embedding | BaseException


def batch_results(embedder: Embedder, images: list[Image], shrink: Callable[[int], None]) -> list[Result]:
    """The batch's embeddings; of its halves where memory ran out, else of each image by itself.

    An image for which there is no room even alone gets `MachineBusy`: the others keep their embeddings.

    Args:
        embedder: does the work.
        images: of one call, if all goes well.
        shrink: told how many images are tried next, each time that memory ran out.

    Raises:
        RuntimeError: (among others) the model fails on the plainest picture too.
        TerminalError: the embedder gave another number of embeddings than of images.
    """
    try:
        return [*_embedded(embedder, images)]
    except (*_IMAGE_ERRORS, MemoryError) as error:
        has_room = not is_out_of_memory(error)
        if not has_room and len(images) == 1:
            return [_no_room(error)]
    if has_room:
        return [_result(embedder, image) for image in images]
    half = -(-len(images) // 2)
    shrink(half)
    return [
        *batch_results(embedder, images[:half], shrink),
        *batch_results(embedder, images[half:], shrink),
    ]


def _result(embedder: Embedder, image: Image) -> Result:
    try:
        return _embedded(embedder, [image])[0]
    except (*_IMAGE_ERRORS, MemoryError) as error:
        if is_out_of_memory(error):
            return _no_room(error)
        evidence = f"The model cannot take a frame of shape {image.shape}: {error}"[:500]
    try:
        _embedded(embedder, [PROBE])  # a model that fails on this one too is broken itself: then this raises
    except (RuntimeError, MemoryError) as error:
        if is_out_of_memory(error):
            return _no_room(error)
        raise
    return BadVideo(finding("embedding_failed", evidence))


def _embedded(embedder: Embedder, images: Sequence[Image]) -> Sequence[Embedding]:
    found = embedder.embed(images)
    if len(found) != len(images):
        raise TerminalError(f"{embedder.model} gave {len(found)} embeddings for {len(images)} images")
    return found


def _no_room(error: BaseException) -> MachineBusy:
    return MachineBusy(f"no memory to embed a single image: {type(error).__name__}: {error}"[:500])
