from __future__ import annotations

import os
import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    "module", ["datalake.preload", "datalake.adapters.embedders", "datalake.adapters.embedders.runtime"]
)
def test_it_is_said_before_pytorch_is_loaded(module: str) -> None:
    """PyTorch's OpenMP reads it once, when it is loaded."""
    code = (
        "import importlib, os, sys\n"
        "class Watch:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'torch': print(os.environ.get('OMP_WAIT_POLICY'), flush=True); os._exit(0)\n"
        "sys.meta_path.insert(0, Watch())\n"
        f"found = importlib.import_module({module!r})\n"
        "found.build_embedder('conse')\n"
    )
    environment = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "passive"
