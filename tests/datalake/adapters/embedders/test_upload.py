from __future__ import annotations

import torch

from datalake.adapters.embedders.upload import Upload
from tests.gpu import needs_gpu


def test_on_a_cpu_nothing_is_copied() -> None:
    pixels = torch.arange(24, dtype=torch.uint8).reshape(2, 4, 3)
    assert Upload(torch.device("cpu"))(pixels) is pixels


@needs_gpu
def test_a_gpu_gets_every_byte_also_of_many_images_and_of_a_cut_one() -> None:
    upload = Upload(torch.device("cuda"))
    whole = [torch.randint(0, 256, (1080, 1920, 3), dtype=torch.uint8) for _ in range(16)]
    copied = [upload(image[8:1000, 16:]) for image in whole]
    sums = [int(image.sum()) for image in copied]
    assert sums == [int(image[8:1000, 16:].sum()) for image in whole]
