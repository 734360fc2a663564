"""Networks without normalisation of their own give what they gave with it."""

from __future__ import annotations

import copy

import timm
import torch
from torch import nn

from datalake.adapters.embedders.folding import fold_normalisation


def with_statistics(network: nn.Module) -> nn.Module:
    """The network with normalisations that do something."""
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.running_mean, -0.1, 0.1)
            nn.init.uniform_(module.running_var, 0.9, 1.1)
            nn.init.uniform_(module.weight, 0.9, 1.1)
            nn.init.uniform_(module.bias, -0.1, 0.1)
    return network.eval()


def test_all_of_efficientnet_is_folded_and_gives_the_same() -> None:
    torch.manual_seed(0)
    whole = with_statistics(timm.create_model("tf_efficientnet_lite0", pretrained=False))
    folded = copy.deepcopy(whole)
    fold_normalisation(folded)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in folded.modules())
    images = torch.randn(2, 3, 224, 224)
    with torch.inference_mode():
        torch.testing.assert_close(folded(images), whole(images), rtol=1e-4, atol=1e-5)


def test_a_normalisation_that_follows_no_convolution_stays() -> None:
    torch.manual_seed(0)
    network = with_statistics(
        nn.Sequential(nn.BatchNorm2d(3), nn.Conv2d(3, 4, 1), nn.ReLU(), nn.BatchNorm2d(4))
    )
    before = copy.deepcopy(network)
    fold_normalisation(network)
    assert [type(module) for module in network] == [type(module) for module in before]
