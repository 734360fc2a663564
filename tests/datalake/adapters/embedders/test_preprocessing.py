from __future__ import annotations

import cv2
import numpy as np
import open_clip
import pytest
import torch
from open_clip.transform import PreprocessCfg, image_transform_v2
from PIL import Image as PilImage

from datalake.adapters.embedders.preprocessing import Preprocessing
from datalake.adapters.ports import Image

CPU = torch.device("cpu")
A_LEVEL = 1 / 255 / 0.26  # of 256, normalised


def picture(height: int, width: int) -> Image:
    rough = np.random.default_rng(height).integers(0, 256, (height // 8, width // 8, 3), np.uint8)
    return np.asarray(cv2.resize(rough, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)


def both(config: PreprocessCfg, image: Image) -> tuple[torch.Tensor, torch.Tensor]:
    """What we make of an image, and what OpenCLIP does."""
    theirs = image_transform_v2(config, is_train=False)
    found = vars(config) | {"size": config.size}
    return Preprocessing(found, theirs, CPU, torch.float32)([image])[0], theirs(PilImage.fromarray(image))


@pytest.mark.parametrize("size", [(1080, 1920), (360, 640), (1920, 1080), (64, 96), (224, 224)], ids=str)
@pytest.mark.parametrize("interpolation", ["bicubic", "bilinear"])
def test_it_is_the_models_own_transform(size: tuple[int, int], interpolation: str) -> None:
    ours, theirs = both(PreprocessCfg(size=224, interpolation=interpolation), picture(*size))
    assert ours.shape == theirs.shape
    assert float((ours - theirs).abs().max()) < 2.1 * A_LEVEL
    assert float((ours - theirs).abs().mean()) < 0.1 * A_LEVEL


@pytest.mark.parametrize("mode", ["longest", "squash"])
def test_other_ways_to_scale_are_left_to_the_library(mode: str) -> None:
    ours, theirs = both(PreprocessCfg(size=64, resize_mode=mode), picture(96, 160))
    assert torch.equal(ours, theirs)


def test_a_batch_is_as_its_images() -> None:
    config = vars(PreprocessCfg(size=64))
    make = Preprocessing(config, lambda _: torch.zeros(1), CPU, torch.float32)
    images = [picture(96, 160), picture(80, 80)]
    batch = make(images)
    assert batch.shape == (2, 3, 64, 64)
    assert batch.is_contiguous(memory_format=torch.channels_last)
    for alone, image in zip(batch, images, strict=True):
        assert torch.equal(make([image])[0], alone)


def test_a_cropped_or_read_only_image_is_taken() -> None:
    make = Preprocessing(vars(PreprocessCfg(size=32)), lambda _: torch.zeros(1), CPU, torch.float32)
    whole = picture(96, 160)
    whole.flags.writeable = False
    assert torch.equal(make([whole[8:72, 16:80]]), make([whole[8:72, 16:80].copy()]))


def test_what_is_no_image_is_refused() -> None:
    make = Preprocessing(vars(PreprocessCfg()), lambda _: torch.zeros(1), CPU, torch.float32)
    with pytest.raises(ValueError, match="uint8"):
        make([np.zeros((8, 8), np.uint8)])


def test_a_model_says_how_it_wants_its_images() -> None:
    model = open_clip.create_model("ViT-B-32")
    assert open_clip.get_model_preprocess_cfg(model).keys() >= {"size", "mean", "std", "interpolation"}
