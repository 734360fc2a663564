"""Packed blocks give what whole ones give."""

from __future__ import annotations

import copy
import gc
import weakref
from collections.abc import Callable

import pytest
import torch
from open_clip.transformer import LayerNormFp32, QuickGELU, ResidualAttentionBlock, VisionTransformer

from datalake.adapters.embedders import packed_vit
from datalake.adapters.embedders.lean_vit import ClassTokenBlock, make_lean
from datalake.adapters.embedders.packed_vit import PackedBlock, PackedProduct, can_be_packed
from datalake.adapters.embedders.runtime import native_dtype
from tests.weights import filled

HAS_BFLOAT16 = native_dtype(torch.device("cpu")) is torch.bfloat16
only_with_bfloat16 = pytest.mark.skipif(not HAS_BFLOAT16, reason="this processor multiplies no bfloat16")


def block_of(dtype: torch.dtype, **options: object) -> ResidualAttentionBlock:
    """A block of 64 numbers a token and four heads, its norms in float32, as OpenCLIP has them."""
    block = filled(ResidualAttentionBlock(64, 4, norm_layer=LayerNormFp32, **options).eval())
    for part in (block.attn, block.mlp, block.ls_1, block.ls_2):
        part.to(dtype)
    return block


def on_a_processor(monkeypatch: pytest.MonkeyPatch, amx_bf16: bool) -> None:
    """Blocks are packed as for one with AMX or without, in parts of 64."""
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"amx_bf16": amx_bf16})
    monkeypatch.setattr(packed_vit, "_PART", 64)


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
@pytest.mark.parametrize("has_tiles", [False, True], ids=["at once", "in tiles"])
def test_a_packed_block_gives_what_a_whole_one_gives_to_rounding(
    options: dict[str, Callable], has_tiles: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_a_processor(monkeypatch, amx_bf16=has_tiles)
    block = block_of(torch.bfloat16, **options)
    packed = PackedBlock(copy.deepcopy(block))
    tokens = torch.randn(3, 10, 64, dtype=torch.bfloat16)
    with torch.inference_mode():
        found, expected = packed(tokens), block(tokens)
        exact = block.float()(tokens.float())
    assert found.dtype is torch.bfloat16
    # no further from float32 than the block in bfloat16 is, give or take what rounding does
    assert float((found - exact).abs().mean()) < 1.2 * float((expected - exact).abs().mean())


@only_with_bfloat16
@pytest.mark.parametrize(("has_tiles", "parts", "fused"), [(False, 1, 0), (True, 4, 1)])
def test_the_way_depends_on_the_processor(
    has_tiles: bool, parts: int, fused: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_a_processor(monkeypatch, amx_bf16=has_tiles)
    calls: list[object] = []
    attention = torch.nn.functional.scaled_dot_product_attention
    monkeypatch.setattr(
        torch.nn.functional,
        "scaled_dot_product_attention",
        lambda *given: calls.append(given) or attention(*given),
    )
    packed = PackedBlock(block_of(torch.bfloat16))
    packed(torch.randn(2, 5, 64, dtype=torch.bfloat16))
    assert (len(packed.mlp.parts), len(calls)) == (parts, fused)


@only_with_bfloat16
@pytest.mark.parametrize("gelu", [None, "none", "tanh"])
def test_a_packed_product_is_a_linear_layer_and_its_gelu(gelu: str | None) -> None:
    layer = filled(torch.nn.Linear(32, 48)).to(torch.bfloat16)
    tokens = torch.randn(2, 5, 32, dtype=torch.bfloat16)
    with torch.inference_mode():
        found = PackedProduct(layer.weight, layer.bias, gelu)(tokens)
        plain = torch.nn.functional.linear(tokens.float(), layer.weight.float(), layer.bias.float())
        expected = plain if gelu is None else torch.nn.functional.gelu(plain, approximate=gelu)
    torch.testing.assert_close(found.float(), expected, rtol=0.005, atol=0.0002)


@only_with_bfloat16
def test_the_matrices_of_a_whole_block_are_let_go() -> None:
    block = block_of(torch.bfloat16)
    matrices = [weakref.ref(weight) for weight in block.parameters() if weight.dim() > 1]
    packed = PackedBlock(block)
    del block
    gc.collect()
    assert len(matrices) == 4
    assert [matrix() for matrix in matrices] == [None] * 4
    assert packed(torch.randn(1, 2, 64, dtype=torch.bfloat16)).shape == (1, 2, 64)


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
