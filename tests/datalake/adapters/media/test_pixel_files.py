from __future__ import annotations

import os

import numpy as np
import pytest
import torch

from datalake.adapters.media.pixel_files import PixelFile, PixelFiles, Pixels
from tests.descriptors import open_inodes


def filled(files: PixelFiles, level: int, size: int = 1000) -> tuple[int, Pixels]:
    """The inode of the file that was taken, and its pixels."""
    file = files.take()
    os.pwrite(file.fd, bytes([level]) * size, 0)
    return os.fstat(file.fd).st_ino, files.mapped(file, size)


def test_a_file_is_used_again_and_never_under_a_reader() -> None:
    files = PixelFiles()
    first, pixels = filled(files, 1)
    part = pixels.reshape(10, 100)[2:, 5:]
    tensor = torch.from_numpy(part)
    del pixels
    second, other = filled(files, 2)
    assert second != first
    assert (part.min(), part.max(), other.min(), other.max()) == (1, 1, 2, 2)
    del part
    assert filled(files, 3)[0] not in (first, second)  # the tensor still reads it
    assert (int(tensor.min()), int(tensor.max())) == (1, 1)
    del tensor, other
    assert filled(files, 4, size=5000)[0] in (first, second)


def test_without_pixels_a_file_is_free_at_once() -> None:
    files = PixelFiles()
    inode, pixels = filled(files, 0, size=0)
    assert pixels.size == 0
    assert filled(files, 1)[0] == inode


def test_two_files_stay_at_most() -> None:
    files = PixelFiles()
    inodes, held = zip(*[filled(files, level) for level in range(5)], strict=True)
    assert set(inodes) <= set(open_inodes("pixels"))
    del held
    assert len(set(inodes) & set(open_inodes("pixels"))) == 2


def test_pixels_can_be_written() -> None:
    """Models warn about arrays that cannot."""
    _, pixels = filled(PixelFiles(), 7)
    pixels += np.uint8(1)
    assert set(pixels.tolist()) == {8}


def test_less_than_is_said_is_refused() -> None:
    files, file = PixelFiles(), PixelFile()
    os.ftruncate(file.fd, 10**9)
    with pytest.raises(ValueError, match="fewer than 1000000 bytes"):
        files.mapped(file, 10**6)


def test_a_file_cannot_shrink() -> None:
    file = PixelFile()
    os.ftruncate(file.fd, 1000)
    with pytest.raises(PermissionError):
        os.ftruncate(file.fd, 0)
