"""What others do: the script that everybody writes first, and the same with batches; nothing is written.

Their model runs where ours does.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import open_clip
import torch
from PIL import Image

from benchmarks.speed.model import ARCH, DEVICE, SIDE_PX, checkpoint
from benchmarks.speed.work import Work

_BATCH = 32


def usual_script(work: Work) -> dict[str, int]:
    """OpenCV reads every picture; the wanted ones are embedded one by one, in float32."""
    model, preprocess = _warm_model()
    count = 0
    with torch.inference_mode(), work.clock():
        for path in work.files:
            capture = cv2.VideoCapture(str(path))
            number = 0
            while True:
                is_there, picture = capture.read()
                if not is_there:
                    break
                if number % work.step == 0:
                    image = Image.fromarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB))
                    model.encode_image(preprocess(image).unsqueeze(0).to(DEVICE), normalize=True).cpu()
                    count += 1
                number += 1
    return {"frames": count}


def opencv_batches(work: Work) -> dict[str, int]:
    """OpenCV converts the wanted pictures only; they are embedded 32 at a time, in float32."""
    model, preprocess = _warm_model()
    count = 0
    with torch.inference_mode(), work.clock():
        images = (preprocess(image) for path in work.files for image in _grabbed(path, work.step))
        while batch := list(islice(images, _BATCH)):
            count += len(model.encode_image(torch.stack(batch).to(DEVICE), normalize=True).cpu())
    return {"frames": count}


def _grabbed(path: Path, step: int) -> Iterator[Any]:
    capture = cv2.VideoCapture(str(path))
    number = 0
    while capture.grab():
        if number % step == 0:
            _, picture = capture.retrieve()
            yield Image.fromarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB))
        number += 1


def _warm_model() -> tuple[Any, Any]:
    """The model and its transform, after its first image."""
    model, _, preprocess = open_clip.create_model_and_transforms(
        ARCH, pretrained=str(checkpoint()), device=DEVICE
    )
    model.eval()
    with torch.inference_mode():
        model.encode_image(torch.zeros(1, 3, SIDE_PX, SIDE_PX, device=DEVICE)).cpu()
    return model, preprocess
