"""Blocks of OpenCLIP's vision transformers with their weights as oneDNN multiplies them, in bfloat16.

PyTorch lays weights out anew in every call, and its fused attention for inference moves queries, keys and
values more slowly than it multiplies them. What packs here are operators made for PyTorch's compiler, which
itself would need a C++ compiler on every machine.
"""

from __future__ import annotations

import torch
from open_clip.transformer import ResidualAttentionBlock
from torch import nn

from datalake.adapters.embedders.runtime import native_dtype

_OPERATORS = (
    "_reorder_linear_weight",
    "_linear_pointwise",
    "_is_mkldnn_bf16_supported",
    "_is_mkldnn_acl_supported",
)


def can_be_packed(block: ResidualAttentionBlock) -> bool:
    """True where its weights are for a processor that multiplies bfloat16, and PyTorch can pack them."""
    weight, packing = block.attn.in_proj_weight, torch.ops.mkldnn
    if weight.device.type != "cpu" or weight.dtype is not torch.bfloat16:
        return False
    if native_dtype(weight.device) is not torch.bfloat16:
        return False
    if not all(hasattr(packing, name) for name in _OPERATORS):
        return False
    # with Arm's library PyTorch's own compiler packs nothing: what is fused then is not fast
    return packing._is_mkldnn_bf16_supported() and not packing._is_mkldnn_acl_supported()


class PackedProduct:
    """A linear layer, and GELU of its output if asked.

    Args:
        weight: (outputs, inputs), bfloat16; not kept.
        bias: (outputs,).
        gelu: how to compute GELU, as `torch.nn.GELU` names it; None: not at all.
    """

    def __init__(self, weight: torch.Tensor, bias: torch.Tensor, gelu: str | None = None) -> None:
        self._weight = torch.ops.mkldnn._reorder_linear_weight(weight.detach())
        self._bias = bias
        self._then = ("none", "") if gelu is None else ("gelu", gelu)

    def __call__(self, tokens: torch.Tensor) -> torch.Tensor:
        """(..., inputs) to (..., outputs)."""
        name, how = self._then
        output: torch.Tensor = torch.ops.mkldnn._linear_pointwise(
            tokens, self._weight, self._bias, name, [], how
        )
        return output


class PackedBlock(nn.Module):
    """A residual attention block, for inference; the same to rounding.

    Args:
        block: one that `can_be_packed`; its matrices are not kept.
    """

    def __init__(self, block: ResidualAttentionBlock) -> None:
        super().__init__()
        attention, mlp = block.attn, block.mlp
        self.ln_1, self.ln_2, self.ls_1, self.ls_2 = block.ln_1, block.ln_2, block.ls_1, block.ls_2
        self._heads = attention.num_heads
        self._inwards = PackedProduct(attention.in_proj_weight, attention.in_proj_bias)
        self._outwards = PackedProduct(attention.out_proj.weight, attention.out_proj.bias)
        gelu = mlp.gelu.approximate if type(mlp.gelu) is nn.GELU else None
        self._wider = PackedProduct(mlp.c_fc.weight, mlp.c_fc.bias, gelu)
        self._activation = nn.Identity() if gelu is not None else mlp.gelu
        self._narrower = PackedProduct(mlp.c_proj.weight, mlp.c_proj.bias)

    def forward(self, tokens: torch.Tensor, attn_mask: None = None) -> torch.Tensor:
        """(images, tokens, width) to the same, bfloat16; an image's tokens all see one another."""
        tokens = tokens + self.ls_1(self._taken(_normalised(self.ln_1, tokens)))
        wide = self._activation(self._wider(_normalised(self.ln_2, tokens)))
        output: torch.Tensor = tokens + self.ls_2(self._narrower(wide))
        return output

    def _taken(self, tokens: torch.Tensor) -> torch.Tensor:
        """What each token takes from all, (images, tokens, width)."""
        images, count, width = tokens.shape
        together = self._inwards(tokens).view(images, count, 3, self._heads, -1)
        queries, keys, values = together.permute(2, 0, 3, 1, 4).contiguous().flatten(1, 2)
        del together  # as large as the three
        scale = queries.shape[-1] ** -0.5
        scores = torch.baddbmm(queries.new_zeros(1), queries, keys.transpose(1, 2), beta=0, alpha=scale)
        shares = torch.softmax(scores, dim=-1, out=scores)
        mixed = torch.bmm(shares, values).view(images, self._heads, count, -1)
        return self._outwards(mixed.transpose(1, 2).reshape(images, count, width))


def _normalised(norm: nn.LayerNorm, tokens: torch.Tensor) -> torch.Tensor:
    """As OpenCLIP's layer normalisation, without a copy of the tokens in float32."""
    return nn.functional.layer_norm(tokens, norm.normalized_shape, norm.weight, norm.bias, norm.eps)
