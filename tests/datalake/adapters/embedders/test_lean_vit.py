"""Leaner models give the vectors of whole ones."""

from __future__ import annotations

import copy

import pytest
import torch
from open_clip.transformer import QuickGELU, VisionTransformer

from datalake.adapters.embedders.lean_vit import ClassTokenBlock, PatchProduct, make_lean
from tests.weights import filled

SHAPE = {"image_size": 32, "patch_size": 8, "width": 32, "layers": 2, "heads": 2, "mlp_ratio": 4.0}


def both(images: torch.Tensor, **options: object) -> tuple[VisionTransformer, torch.Tensor, torch.Tensor]:
    """A lean model, what it makes of images, and what the whole one does."""
    whole = filled(VisionTransformer(**{**SHAPE, "output_dim": 16, **options}).eval())
    lean = copy.deepcopy(whole)
    make_lean(lean)
    with torch.inference_mode():
        return lean, lean(images), whole(images)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"ls_init_value": 0.1},
        {"final_ln_after_pool": True},
        {"no_ln_pre": True},
        {"act_layer": QuickGELU},
    ],
    ids=str,
)
@pytest.mark.parametrize("order", [torch.contiguous_format, torch.channels_last], ids=str)
def test_where_the_class_token_is_read_the_last_block_does_no_more(
    options: dict[str, object], order: torch.memory_format
) -> None:
    images = torch.randn(3, 3, 32, 32).to(memory_format=order)
    lean, found, expected = both(images, **options)
    assert isinstance(lean.transformer.resblocks[-1], ClassTokenBlock)
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize(
    "options",
    [
        {"pool_type": "avg", "final_ln_after_pool": True},
        {"attentional_pool": True, "attn_pooler_queries": 4, "attn_pooler_heads": 2},
        {"pool_type": "none"},
        {"qk_norm": True},
    ],
    ids=str,
)
def test_where_all_tokens_are_read_or_the_block_is_another_one_it_stays(options: dict[str, object]) -> None:
    lean, found, expected = both(torch.randn(3, 3, 32, 32), **options)
    assert not isinstance(lean.transformer.resblocks[-1], ClassTokenBlock)
    assert isinstance(lean.conv1, PatchProduct)
    torch.testing.assert_close(found, expected)


def test_tokens_that_are_given_out_are_all_there() -> None:
    images = torch.randn(2, 3, 32, 32)
    _, (_, found), (_, expected) = both(images, output_tokens=True)
    assert found.shape == (2, 16, 32)
    torch.testing.assert_close(found, expected)


def test_what_is_beside_the_last_whole_patch_is_left_out_as_by_a_convolution() -> None:
    torch.manual_seed(0)
    convolution = torch.nn.Conv2d(3, 5, kernel_size=(4, 6), stride=(4, 6))
    images = torch.randn(2, 3, 18, 29)
    torch.testing.assert_close(PatchProduct(convolution)(images), convolution(images))


def test_patches_that_overlap_stay_a_convolution() -> None:
    torch.manual_seed(0)
    model = VisionTransformer(**SHAPE)
    overlapping = torch.nn.Conv2d(3, 32, kernel_size=8, stride=4)
    model.conv1 = overlapping
    make_lean(model)
    assert model.conv1 is overlapping


def test_a_model_of_another_kind_stays_as_it_is() -> None:
    model = torch.nn.Sequential(torch.nn.Conv2d(3, 5, 4, stride=4))
    make_lean(model)
    assert isinstance(model[0], torch.nn.Conv2d)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16], ids=str)
def test_in_half_precision_vectors_point_the_same_way(dtype: torch.dtype) -> None:
    whole = filled(VisionTransformer(**SHAPE).eval()).to(dtype)
    lean = copy.deepcopy(whole)
    make_lean(lean)
    assert {weight.dtype for weight in lean.parameters()} == {dtype}
    images = torch.randn(3, 3, 32, 32, dtype=dtype)
    with torch.inference_mode():
        cosines = torch.nn.functional.cosine_similarity(lean(images).float(), whole(images).float())
    assert cosines.min() >= 0.999


def test_layer_scales_that_were_left_in_float32_get_the_precision_of_the_weights() -> None:
    model = filled(VisionTransformer(**SHAPE, ls_init_value=0.1).eval()).to(torch.bfloat16)
    expected = model(torch.ones(1, 3, 32, 32, dtype=torch.bfloat16)).float()
    for block in model.transformer.resblocks:
        block.ls_1.float()
        block.ls_2.float()
    make_lean(model)
    found = model(torch.ones(1, 3, 32, 32, dtype=torch.bfloat16)).float()
    assert torch.nn.functional.cosine_similarity(found, expected).item() >= 0.999
