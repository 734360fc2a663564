"""From decoded frames to the batch that an OpenCLIP model takes, on the model's own device.

The steps are those that the model was trained with (scaled by its shorter side, bicubic with antialiasing,
cropped, normalised). torchvision does them on bytes that lie as they were decoded, in a fifth of the time of
its way through Pillow, and within one of 256 levels of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from PIL import Image as PilImage
from torchvision.transforms import InterpolationMode, v2

from datalake.adapters.embedders.pixels import checked
from datalake.adapters.embedders.upload import Upload
from datalake.adapters.ports import Image

_INTERPOLATIONS = {"bicubic": InterpolationMode.BICUBIC, "bilinear": InterpolationMode.BILINEAR}


class Preprocessing:
    """Images in, a batch out.

    Args:
        config: the model's, as OpenCLIP names it: size, mean, std, interpolation, resize_mode.
        otherwise: OpenCLIP's own transform of one Pillow image, for what is seldom: other ways to scale.
        device: where the batch is to be.
        dtype: of the batch.
    """

    def __init__(
        self,
        config: Mapping[str, Any],
        otherwise: Callable[[PilImage.Image], torch.Tensor],
        device: torch.device,
        dtype: torch.dtype,
    ) -> None:
        self._otherwise, self._device, self._dtype = otherwise, device, dtype
        self._upload = Upload(device)
        height, width = _sides(config["size"])
        interpolation = _INTERPOLATIONS.get(config["interpolation"])
        self._is_usual = config["resize_mode"] == "shortest" and height == width and interpolation is not None
        if self._is_usual:
            self._side_px = height
            self._scaled = v2.Compose(
                [v2.Resize(height, interpolation, antialias=True), v2.CenterCrop((height, width))]
            )
            mean, std = (torch.tensor(config[name], device=device).repeat(width) for name in ("mean", "std"))
            self._factor, self._shift = 1 / (255 * std), -mean / std  # of the bytes of a row

    def __call__(self, images: Sequence[Image]) -> torch.Tensor:
        """(images, 3, side, side), in the device's preferred order of bytes.

        Raises:
            ValueError: an image is not (height, width, 3) bytes.
        """
        found = [checked(image) for image in images]
        batch = self._usual(found) if self._is_usual else self._through_pillow(found)
        return batch.to(self._device, self._dtype, memory_format=torch.channels_last)

    def _usual(self, images: Sequence[Image]) -> torch.Tensor:
        squares = [self._square(image) for image in images]
        side_px, count = self._side_px, len(squares)
        batch = torch.empty(count, side_px, 3 * side_px, dtype=self._dtype, device=self._device)
        # a processor's cache holds one in float32; a GPU would rather have fewer calls
        step = 1 if self._device.type == "cpu" else count
        for at in range(0, count, step):
            levels = torch.stack(squares[at : at + step]).flatten(2)
            batch[at : at + step] = levels.float().mul_(self._factor).add_(self._shift)
        return batch.view(count, side_px, side_px, 3).permute(0, 3, 1, 2)

    def _square(self, image: Image) -> torch.Tensor:
        """What the model sees of an image, (side, side, 3)."""
        square: torch.Tensor = self._scaled(self._upload(_tensor(image)).permute(2, 0, 1))
        return square.permute(1, 2, 0)

    def _through_pillow(self, images: Sequence[Image]) -> torch.Tensor:
        return torch.stack([self._otherwise(PilImage.fromarray(image)) for image in images])


def _tensor(image: Image) -> torch.Tensor:
    """The image's own bytes, but a copy of those that lie apart, or must not be written."""
    is_ready = image.flags.writeable and image.flags.c_contiguous
    return torch.from_numpy(image if is_ready else image.copy())


def _sides(size: int | Sequence[int]) -> tuple[int, int]:
    """Height and width, pixels."""
    return (size, size) if isinstance(size, int) else (int(size[0]), int(size[1]))
