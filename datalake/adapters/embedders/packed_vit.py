"""Blocks of OpenCLIP's vision transformers with their weights as oneDNN multiplies them, in bfloat16.

PyTorch lays weights out anew in every call, and its fast path for inference moves queries, keys and values
more slowly than it multiplies them. What packs here are operators made for PyTorch's compiler, which itself
would need a C++ compiler on every machine. Which way is fast depends on the processor (ADR 0031 and 0036).
"""

from __future__ import annotations

import torch
from open_clip.transformer import LayerScale, ResidualAttentionBlock
from torch import nn

from datalake.adapters.embedders.runtime import multiplies_in_tiles, native_dtype

_PART = 1024  # hidden numbers (ADR 0036)
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
    if not hasattr(packing._linear_pointwise, "binary"):
        return False
    # with Arm's library PyTorch's own compiler packs nothing: what is fused then is not fast
    return packing._is_mkldnn_bf16_supported() and not packing._is_mkldnn_acl_supported()


class PackedProduct:
    """A linear layer, and GELU of its output if asked.

    Args:
        weight: (outputs, inputs), bfloat16; not kept.
        bias: (outputs,); None: nothing is added.
        gelu: how to compute GELU, as `torch.nn.GELU` names it; None: not at all.
    """

    def __init__(self, weight: torch.Tensor, bias: torch.Tensor | None, gelu: str | None = None) -> None:
        self._weight = torch.ops.mkldnn._reorder_linear_weight(weight.detach().contiguous())
        self._bias = bias
        self._then = ("none", "") if gelu is None else ("gelu", gelu)

    def __call__(self, tokens: torch.Tensor) -> torch.Tensor:
        """(..., inputs) to (..., outputs)."""
        name, how = self._then
        output: torch.Tensor = torch.ops.mkldnn._linear_pointwise(
            tokens, self._weight, self._bias, name, [], how
        )
        return output

    def added(self, tokens: torch.Tensor, to: torch.Tensor) -> torch.Tensor:
        """(..., inputs) and (..., outputs) to their sum after the layer, which has no GELU."""
        output: torch.Tensor = torch.ops.mkldnn._linear_pointwise.binary(
            tokens, to, self._weight, self._bias, "add"
        )
        return output


class PackedBlock(nn.Module):
    """A residual attention block, for inference; the same to rounding.

    Args:
        block: one that `can_be_packed`; its matrices are not kept.
    """

    def __init__(self, block: ResidualAttentionBlock) -> None:
        super().__init__()
        attention, in_tiles = block.attn, multiplies_in_tiles()
        self.ln_1, self.ln_2 = block.ln_1, block.ln_2
        self._heads = attention.num_heads
        self._inwards = PackedProduct(attention.in_proj_weight, attention.in_proj_bias)
        self._attention = _dot_product_attention if in_tiles else _attention_in_products
        self._outwards = PackedProduct(*_scaled(attention.out_proj, block.ls_1))
        self.mlp = PackedMlp(block, _PART if in_tiles else None)

    def forward(self, tokens: torch.Tensor, attn_mask: None = None) -> torch.Tensor:
        """(images, tokens, width) to the same, bfloat16; an image's tokens all see one another."""
        tokens = self._outwards.added(self._taken(_normalised(self.ln_1, tokens)), to=tokens)
        return self.mlp.added(_normalised(self.ln_2, tokens), to=tokens)

    def _taken(self, tokens: torch.Tensor) -> torch.Tensor:
        """What each token takes from all before it is projected, (images, tokens, width)."""
        images, count, width = tokens.shape
        shape = images, count, 3, self._heads, -1
        taken = self._attention(self._inwards(tokens).view(shape).permute(2, 0, 3, 1, 4))
        return taken.reshape(images, count, width)


class PackedMlp:
    """A block's two linear layers with an activation between them, so many of their hidden numbers at a time.

    Args:
        block: one that `can_be_packed`.
        part: hidden numbers at a time; None: all.
    """

    def __init__(self, block: ResidualAttentionBlock, part: int | None) -> None:
        mlp = block.mlp
        gelu = mlp.gelu.approximate if type(mlp.gelu) is nn.GELU else None
        self._activation = nn.Identity() if gelu is not None else mlp.gelu
        wide, bias = mlp.c_fc.weight, mlp.c_fc.bias
        narrow, last_bias = _scaled(mlp.c_proj, block.ls_2)
        size = part or len(wide)
        self.parts = [
            (
                PackedProduct(wide[at : at + size], bias[at : at + size], gelu),
                PackedProduct(narrow[:, at : at + size], None if at else last_bias),
            )
            for at in range(0, len(wide), size)
        ]

    def added(self, tokens: torch.Tensor, to: torch.Tensor) -> torch.Tensor:
        """(..., width) twice to the sum of the second and what the layers make of the first."""
        for wider, narrower in self.parts:
            to = narrower.added(self._activation(wider(tokens)), to)
        return to


def _dot_product_attention(together: torch.Tensor) -> torch.Tensor:
    """Queries, keys and values, (3, images, heads, tokens, numbers), to (images, tokens, heads, numbers)."""
    return nn.functional.scaled_dot_product_attention(*together).transpose(1, 2)


def _attention_in_products(together: torch.Tensor) -> torch.Tensor:
    """The same as two products of small matrices with a softmax between them."""
    _, images, heads, count, _ = together.shape
    queries, keys, values = together.contiguous().flatten(1, 2)
    del together  # as large as the three
    scale = queries.shape[-1] ** -0.5
    scores = torch.baddbmm(queries.new_zeros(1), queries, keys.transpose(1, 2), beta=0, alpha=scale)
    shares = torch.softmax(scores, dim=-1, out=scores)
    return torch.bmm(shares, values).view(images, heads, count, -1).transpose(1, 2)


def _scaled(layer: nn.Linear, scale: LayerScale | nn.Identity) -> tuple[torch.Tensor, torch.Tensor]:
    """Weight and bias that give the layer's output times its layer scale."""
    weight, bias = layer.weight.detach(), layer.bias.detach()
    if isinstance(scale, nn.Identity):
        return weight, bias
    gamma = scale.gamma.detach()
    return weight * gamma[:, None], bias * gamma


def _normalised(norm: nn.LayerNorm, tokens: torch.Tensor) -> torch.Tensor:
    """As OpenCLIP's layer normalisation, without a copy of the tokens in float32."""
    return nn.functional.layer_norm(tokens, norm.normalized_shape, norm.weight, norm.bias, norm.eps)
