from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import open_clip
import pytest
import torch

from datalake.adapters.embedders import build_embedder
from datalake.adapters.embedders.lean_vit import ClassTokenBlock, PatchProduct
from datalake.adapters.embedders.open_clip import OpenClipEmbedder
from datalake.adapters.ports import Embedder
from datalake.errors import ConfigurationError, StoreUnavailable

ARCH = "tiny-vit-for-tests"
CONFIG = {
    "embed_dim": 16,
    "vision_cfg": {"image_size": 32, "layers": 2, "width": 32, "head_width": 16, "patch_size": 8},
    "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 2},
}
LABELS = ("kitten", "garbage truck", "beach", "piano", "bridge", "forest", "chess")
IMAGE = np.random.default_rng(1).integers(0, 255, (48, 80, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights of a tiny architecture, saved as training would."""
    folder = tmp_path_factory.mktemp("open_clip")
    (folder / f"{ARCH}.json").write_text(json.dumps(CONFIG))
    open_clip.add_model_config(folder / f"{ARCH}.json")
    torch.manual_seed(0)
    path = folder / "weights.pt"
    torch.save({"state_dict": open_clip.create_model(ARCH).state_dict(), "epoch": 1}, path)
    return path


@pytest.fixture(scope="module", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATALAKE_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def labels_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("labels") / "labels.txt"
    path.write_text("\n".join(LABELS))
    return path


@pytest.fixture(scope="module")
def tiny(checkpoint: Path, labels_file: Path) -> Embedder:
    return build_embedder(f"open_clip:{ARCH}/{checkpoint}", "cpu", labels_file)


def test_dim_and_fingerprint_come_without_loading(checkpoint: Path, tiny: Embedder) -> None:
    assert tiny.model == f"open_clip:{ARCH}/{checkpoint}"
    assert tiny.dim == 16
    assert tiny.fingerprint == OpenClipEmbedder(f"{ARCH}/{checkpoint}").fingerprint


def test_the_fingerprint_follows_the_weights_not_the_path(checkpoint: Path, tmp_path: Path) -> None:
    copy, other = tmp_path / "copy.pt", tmp_path / "other.pt"
    copy.write_bytes(checkpoint.read_bytes())
    other.write_bytes(checkpoint.read_bytes() + b"x")
    prints = [OpenClipEmbedder(f"{ARCH}/{path}").fingerprint for path in (checkpoint, copy, other)]
    assert prints[0] == prints[1] != prints[2]


def test_the_checkpoints_weights_make_the_vectors(checkpoint: Path, tiny: Embedder) -> None:
    model, _, preprocess = open_clip.create_model_and_transforms(ARCH, pretrained=str(checkpoint))
    model.eval()
    tokens = open_clip.get_tokenizer(ARCH)(["a cat"])
    with torch.inference_mode():
        pixels = preprocess(open_clip_image(IMAGE)).unsqueeze(0)
        image_vector = model.encode_image(pixels, normalize=True)[0].numpy()
        text_vector = model.encode_text(tokens, normalize=True)[0].numpy()
    # a native bfloat16 run differs by rounding only
    assert float(tiny.embed([IMAGE])[0].vector @ image_vector) > 0.995
    assert float(tiny.embed_text(["a cat"])[0] @ text_vector) > 0.995


def test_the_model_leaves_out_what_no_vector_needs(checkpoint: Path) -> None:
    loaded = OpenClipEmbedder(f"{ARCH}/{checkpoint}", "cpu")._loaded()
    assert isinstance(loaded.model.visual.transformer.resblocks[-1], ClassTokenBlock)
    assert isinstance(loaded.model.visual.conv1, PatchProduct)


def test_vectors_have_length_one(tiny: Embedder) -> None:
    vectors = [*(each.vector for each in tiny.embed([IMAGE, IMAGE[:20]])), *tiny.embed_text(["a", "b"])]
    assert [float(np.linalg.norm(vector)) for vector in vectors] == pytest.approx([1] * 4, abs=1e-5)
    assert {vector.dtype for vector in vectors} == {np.dtype(np.float32)}


def test_labels_are_those_whose_prompt_is_nearest(tiny: Embedder) -> None:
    other, embedding = tiny.embed([255 - IMAGE, IMAGE])
    assert other.labels != embedding.labels
    prompts = np.stack(tiny.embed_text([f"a photo of a {name}." for name in LABELS]))
    # an untrained model's logit scale is 1 / 0.07
    shares = np.exp(prompts @ embedding.vector / 0.07)
    shares /= shares.sum()
    likeliest = sorted(zip(shares.tolist(), LABELS, strict=True), reverse=True)[:5]
    expected = [(name, pytest.approx(share, abs=1e-3)) for share, name in likeliest if share >= 0.05]
    assert [(label.name, label.score) for label in embedding.labels] == expected
    assert len(expected) >= 3


def test_a_models_label_vectors_are_made_once(
    tiny: Embedder, checkpoint: Path, labels_file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DATALAKE_CACHE", str(tmp_path))
    first, second = (OpenClipEmbedder(f"{ARCH}/{checkpoint}", "cpu", labels_file) for _ in range(2))
    expected = first.embed([IMAGE])[0].labels
    [file] = tmp_path.glob("open-clip-labels-*.npy")
    np.save(file, np.load(file)[::-1].copy())
    assert {label.name for label in second.embed([IMAGE])[0].labels} == {
        LABELS[-1 - LABELS.index(label.name)] for label in expected
    }


def test_other_labels_are_other_work_in_the_same_collection(
    tiny: Embedder, checkpoint: Path, tmp_path: Path
) -> None:
    (tmp_path / "other.txt").write_text("cat\ndog\n")
    other = OpenClipEmbedder(f"{ARCH}/{checkpoint}", "cpu", tmp_path / "other.txt")
    default = OpenClipEmbedder(f"{ARCH}/{checkpoint}", "cpu")
    assert tiny.fingerprint == other.fingerprint == default.fingerprint
    assert len({each.labels_fingerprint for each in (tiny, other, default)}) == 3


def test_a_label_file_that_is_not_there_is_told_at_once(checkpoint: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"LABELS_FILE=.*gone\.txt cannot be read"):
        build_embedder(f"open_clip:{ARCH}/{checkpoint}", "cpu", tmp_path / "gone.txt")


def test_nothing_is_nothing(tiny: Embedder) -> None:
    assert (tiny.embed([]), tiny.embed_text([])) == ([], [])


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("ViT-B-33/openai", "no architecture 'ViT-B-33'; did you mean ViT-B-32"),
        ("ViT-B-32/openia", "no pretrained tag 'openia'; did you mean openai"),
        ("ViT-B-32/weights/gone.pt", "there is no checkpoint .*weights/gone.pt"),
        ("ViT-B-32/gone.safetensors", "there is no checkpoint .*gone.safetensors"),
        ("ViT-B-32", "no pretrained tag ''"),
    ],
)
def test_a_wrong_name_is_refused_with_what_may_have_been_meant(name: str, told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        build_embedder(f"open_clip:{name}")


@pytest.mark.parametrize("content", [b"", b"no weights at all", None])
def test_a_file_that_is_no_checkpoint_of_the_architecture_is_refused(
    content: bytes | None, checkpoint: Path, tmp_path: Path
) -> None:
    path = tmp_path / "bad.pt"
    if content is None:
        torch.save({"state_dict": {"other": torch.zeros(1)}}, path)
    else:
        path.write_bytes(content)
    embedder = OpenClipEmbedder(f"{ARCH}/{path}", "cpu")
    with pytest.raises(ConfigurationError, match=rf"bad\.pt is no checkpoint of {ARCH}"):
        embedder.embed([IMAGE])


def test_weights_that_cannot_be_fetched_are_tried_again_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(StoreUnavailable, match="EMBEDDER=open_clip:RN50/<path>"):
        OpenClipEmbedder("RN50/yfcc15m", "cpu").embed([IMAGE])


def open_clip_image(pixels: np.ndarray):
    from PIL import Image

    return Image.fromarray(pixels)
