"""Packed blocks give what whole ones give."""

from __future__ import annotations

import copy
from collections.abc import Callable

import pytest
import torch
from open_clip.transformer import LayerNormFp32, QuickGELU, ResidualAttentionBlock, VisionTransformer

from datalake.adapters.embedders.lean_vit import ClassTokenBlock, make_lean
from datalake.adapters.embedders.packed_vit import PackedBlock, can_be_packed
from datalake.adapters.embedders.runtime import native_dtype

HAS_BFLOAT16 = native_dtype(torch.device("cpu")) is torch.bfloat16
only_with_bfloat16 = pytest.mark.skipif(not HAS_BFLOAT16, reason="this processor multiplies no bfloat16")


def block_of(dtype: torch.dtype, **options: object) -> ResidualAttentionBlock:
    """A block of 64 numbers a token and four heads, its norms in float32, as OpenCLIP has them."""
    torch.manual_seed(0)
    block = ResidualAttentionBlock(64, 4, norm_layer=LayerNormFp32, **options).eval()
    for part in (block.attn, block.mlp, block.ls_1, block.ls_2):
        part.to(dtype)
    torch.nn.init.normal_(block.attn.in_proj_bias)
    torch.nn.init.normal_(block.attn.out_proj.bias)
    return block


@only_with_bfloat16
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"act_layer": lambda: torch.nn.GELU(approximate="tanh")},
        {"act_layer": QuickGELU},
        {"ls_init_value": 0.1},
    ],
    ids=["gelu", "tanh", "quick gelu", "layer scale"],
)
def test_a_packed_block_gives_what_a_whole_one_gives_to_rounding(options: dict[str, Callable]) -> None:
    block = block_of(torch.bfloat16, **options)
    packed = PackedBlock(copy.deepcopy(block))
    tokens = torch.randn(3, 10, 64, dtype=torch.bfloat16)
    with torch.inference_mode():
        found, expected = packed(tokens), block(tokens)
    assert found.dtype is torch.bfloat16
    torch.testing.assert_close(found, expected, rtol=0.02, atol=0.02)


@only_with_bfloat16
def test_of_a_model_whose_class_token_is_read_all_blocks_but_the_last_are_packed() -> None:
    model = VisionTransformer(32, 8, 64, layers=3, heads=4, mlp_ratio=4.0).eval().to(torch.bfloat16)
    make_lean(model)
    kinds = [type(block) for block in model.transformer.resblocks]
    assert kinds == [PackedBlock, PackedBlock, ClassTokenBlock]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16], ids=str)
def test_other_precisions_are_not_packed(dtype: torch.dtype) -> None:
    assert not can_be_packed(block_of(dtype))


def test_without_the_operators_nothing_is_packed(monkeypatch: pytest.MonkeyPatch) -> None:
    block = block_of(torch.bfloat16)
    assert can_be_packed(block) is HAS_BFLOAT16
    monkeypatch.setattr("datalake.adapters.embedders.packed_vit._OPERATORS", ("gone_with_a_release",))
    assert not can_be_packed(block)
