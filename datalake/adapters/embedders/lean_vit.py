"""OpenCLIP's vision transformers without the work that no vector depends on; these stay the same to rounding.

Only one token of the last block is read where the class token is pooled: of the others it needs keys and
values, and 10 of the 12 products of every block (queries, output, MLP) are left out for them. Patches that do
not overlap are rows of one matrix, which a product takes in a third of the time of a convolution. Where
weights can be packed, the other blocks are those of `packed_vit`.
"""

from __future__ import annotations

import torch
from open_clip.transformer import LayerScale, ResidualAttentionBlock, VisionTransformer
from torch import nn

from datalake.adapters.embedders.packed_vit import PackedBlock, can_be_packed


def make_lean(visual: nn.Module) -> None:
    """Replace what can be done with less, in place; models of other classes stay as they are.

    Afterwards the model is for inference only, and its last block has no tokens for `forward_intermediates`.
    """
    if not isinstance(visual, VisionTransformer) or type(visual) is not VisionTransformer:
        return
    for part in visual.modules():
        if isinstance(part, LayerScale):
            part.to(visual.conv1.weight.dtype)  # OpenCLIP leaves it in float32, and so became tokens
    if _are_apart(visual.conv1):
        visual.conv1 = PatchProduct(visual.conv1)
    blocks = visual.transformer.resblocks
    if not visual.transformer.batch_first:
        return
    reads_one_token = visual.pool_type == "tok" and visual.attn_pool is None and not visual.output_tokens
    if reads_one_token and type(blocks[-1]) is ResidualAttentionBlock:
        blocks[-1] = ClassTokenBlock(blocks[-1])
    for number, block in enumerate(blocks):
        if type(block) is ResidualAttentionBlock and can_be_packed(block):
            blocks[number] = PackedBlock(block)


class PatchProduct(nn.Module):
    """The convolution over patches side by side, as one product.

    Args:
        convolution: its stride is its kernel's size, and nothing is added around the image.
    """

    def __init__(self, convolution: nn.Conv2d) -> None:
        super().__init__()
        self.patch_px = convolution.kernel_size
        # rows, columns, colours: the order of bytes that images come in
        self.weight = nn.Parameter(convolution.weight.permute(0, 2, 3, 1).flatten(1).contiguous())
        self.bias = convolution.bias

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """(images, channels, height, width) to (images, width of the model, rows, columns of patches)."""
        count, channels, height, width = images.shape
        high, wide = self.patch_px
        rows, columns = height // high, width // wide
        pixels = images.permute(0, 2, 3, 1)[:, : rows * high, : columns * wide]
        patches = pixels.reshape(count, rows, high, columns, wide, channels).transpose(2, 3)
        flat = patches.reshape(count, rows, columns, high * wide * channels)
        return nn.functional.linear(flat, self.weight, self.bias).permute(0, 3, 1, 2)


class ClassTokenBlock(nn.Module):
    """A residual attention block whose output is read at the class token only.

    Args:
        block: the model's last one.
    """

    def __init__(self, block: ResidualAttentionBlock) -> None:
        super().__init__()
        self.block = block

    def forward(self, tokens: torch.Tensor, attn_mask: None = None) -> torch.Tensor:
        """(images, tokens, width), the class token first, to (images, 1, width)."""
        block, first = self.block, tokens[:, :1]
        first = first + block.ls_1(self._taken(block.ln_1(tokens)))
        output: torch.Tensor = first + block.ls_2(block.mlp(block.ln_2(first)))
        return output

    def _taken(self, seen: torch.Tensor) -> torch.Tensor:
        """What the class token takes from all tokens, (images, 1, width).

        PyTorch's own module turns images and tokens round, and then multiplies each token by a copy of the
        weights: fifty of them took 6 % of the time of 32 images, and 12 % of that of ten.
        """
        attention: nn.MultiheadAttention = self.block.attn
        width, heads = attention.embed_dim, attention.num_heads
        weight, bias = attention.in_proj_weight, attention.in_proj_bias
        query = nn.functional.linear(seen[:, :1], weight[:width], bias[:width])
        keys, values = nn.functional.linear(seen, weight[width:], bias[width:]).chunk(2, dim=-1)
        query, keys, values = (
            part.view(*part.shape[:2], heads, -1).transpose(1, 2) for part in (query, keys, values)
        )
        mixed = nn.functional.scaled_dot_product_attention(query, keys, values)
        taken: torch.Tensor = attention.out_proj(mixed.transpose(1, 2).flatten(2))
        return taken


def _are_apart(convolution: nn.Conv2d) -> bool:
    return (
        convolution.stride == convolution.kernel_size
        and convolution.padding == (0, 0)
        and convolution.dilation == (1, 1)
        and convolution.groups == 1
    )
