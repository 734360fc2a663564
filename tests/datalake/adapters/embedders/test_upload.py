from __future__ import annotations

import numpy as np
import pytest
import torch

from datalake.adapters.embedders.upload import Upload
from datalake.adapters.ports import Image
from tests.gpu import ON_GPU


def noise(seed: int) -> Image:
    return np.random.default_rng(seed).integers(0, 256, (1080, 1920, 3), np.uint8)


def test_on_a_cpu_one_image_is_not_copied() -> None:
    image = noise(0)
    uploaded = Upload(torch.device("cpu"))([image])
    assert uploaded.shape == (1, *image.shape)
    assert uploaded.data_ptr() == image.ctypes.data


@pytest.mark.filterwarnings("error")
def test_one_that_must_not_be_written_is() -> None:
    image = noise(0)
    image.flags.writeable = False
    uploaded = Upload(torch.device("cpu"))([image])
    assert uploaded.data_ptr() != image.ctypes.data
    assert np.array_equal(uploaded[0].numpy(), image)


@pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=ON_GPU)])
def test_every_byte_arrives_also_of_many_images_and_of_cut_ones(device: str) -> None:
    upload = Upload(torch.device(device))
    whole = [noise(seed)[8:1000, 16:] for seed in range(16)]
    copied = [upload(whole[at : at + 4]) for at in range(0, 16, 4)]
    for image, found in zip(whole, torch.cat(copied), strict=True):
        assert np.array_equal(found.cpu().numpy(), image)
