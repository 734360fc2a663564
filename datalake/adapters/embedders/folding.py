"""Batch normalisation as part of the convolution before it (Jacob et al. 2018, section 3.2).

While a network is not trained, both are linear: one pass over the numbers less, and the same vectors to
rounding.
"""

from __future__ import annotations

from itertools import pairwise

from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval


def fold_normalisation(network: nn.Module) -> None:
    """Fold each normalisation into the convolution that its module lists right before it, in place.

    Of timm's normalisations with an activation (`BatchNormAct2d`) the activation stays. For networks whose
    modules run in the order in which they are listed, as those of EfficientNet do.
    """
    for module in network.modules():
        for (name, convolution), (norm_name, norm) in pairwise(list(module.named_children())):
            if isinstance(convolution, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                setattr(module, name, fuse_conv_bn_eval(convolution, norm))
                setattr(module, norm_name, getattr(norm, "act", nn.Identity()))
