"""What becomes of each image of a batch, where one may spoil it or memory may run out."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from datalake.adapters.embedders.device_errors import is_out_of_memory
from datalake.adapters.ports import Embedder, Embedding, Image
from datalake.errors import BadVideo
from datalake.findings import finding

# what an image that a model cannot take may make it raise; whether the image is to blame, a probe tells
_IMAGE_ERRORS = (ValueError, TypeError, LookupError, ArithmeticError, AssertionError, RuntimeError)
PROBE = np.full((64, 64, 3), 127, np.uint8)  # the plainest picture

Result = Embedding | BaseException


def batch_results(embedder: Embedder, images: list[Image], shrink: Callable[[], None]) -> list[Result]:
    """The batch's embeddings; of its halves where memory ran out, else of each image by itself.

    Args:
        embedder: does the work.
        images: of one call, if all goes well.
        shrink: called each time that memory ran out.

    Raises:
        MemoryError, torch.OutOfMemoryError: there is no room for a single image.
        RuntimeError: (among others) the model fails on the plainest picture too.
    """
    try:
        return list(embedder.embed(images))
    except (*_IMAGE_ERRORS, MemoryError) as error:
        has_room = not is_out_of_memory(error)
        if not has_room and len(images) == 1:
            raise
    if has_room:
        return [_result(embedder, image) for image in images]
    shrink()
    half = -(-len(images) // 2)
    return [
        *batch_results(embedder, images[:half], shrink),
        *batch_results(embedder, images[half:], shrink),
    ]


def _result(embedder: Embedder, image: Image) -> Result:
    try:
        return embedder.embed([image])[0]
    except _IMAGE_ERRORS as error:
        if is_out_of_memory(error):
            raise
        embedder.embed([PROBE])  # a model that fails on this one too is broken itself: then this raises
        evidence = f"The model cannot take a frame of shape {image.shape}: {error}"[:500]
        return BadVideo(finding("embedding_failed", evidence))
