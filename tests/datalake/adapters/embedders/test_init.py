from __future__ import annotations

import subprocess
import sys

import pytest

from datalake.adapters.embedders import build_embedder
from datalake.errors import ConfigurationError


@pytest.mark.parametrize("name", ["", "clip", "open_clip", "open_clip:", "conse:large"])
def test_an_unknown_name_is_refused_with_the_known_ones(name: str) -> None:
    with pytest.raises(ConfigurationError, match=r"use 'conse' or 'open_clip:<arch>/"):
        build_embedder(name)


def test_an_unknown_device_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="auto, cpu or cuda"):
        build_embedder("conse", "tpu")


def test_importing_the_package_imports_no_torch() -> None:
    code = "import sys, datalake.adapters.embedders; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
