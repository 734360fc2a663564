from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from datalake.libraries import POLICY


@pytest.mark.parametrize(
    ("module", "library"),
    [
        ("datalake.preload", "numpy"),
        ("datalake.preload", "cv2"),
        ("datalake.preload", "pyarrow"),
        ("datalake.preload", "torch"),
        ("datalake.adapters.embedders", "torch"),
        ("datalake.adapters.embedders.runtime", "torch"),
    ],
)
def test_it_is_said_before_a_library_is_loaded(module: str, library: str) -> None:
    """Each reads it once, when it is loaded."""
    code = (
        "import importlib, json, os, sys\n"
        "class Watch:\n"
        "    def find_spec(self, name, *_):\n"
        f"        if name == {library!r}: print(json.dumps(dict(os.environ)), flush=True); os._exit(0)\n"
        "sys.meta_path.insert(0, Watch())\n"
        f"found = importlib.import_module({module!r})\n"
        "found.build_embedder('conse')\n"
    )
    environment = {name: value for name, value in os.environ.items() if name not in POLICY}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout.splitlines()[-1]).items() >= POLICY.items()


def test_what_the_environment_says_stays() -> None:
    code = "from datalake.libraries import set_policy; set_policy(); import cv2; print(cv2.getNumThreads())"
    said = {**os.environ, "OPENCV_FOR_THREADS_NUM": "3"}
    done = subprocess.run([sys.executable, "-c", code], env=said, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["3"]


FILLED_AGAIN = """
import ctypes, resource, threading
from datalake.libraries import set_policy
set_policy()
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
libc.free.argtypes, libc.memset.argtypes = [ctypes.c_void_p], [ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t]
def filled():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    memory = libc.malloc(100 * 2**20)
    libc.memset(memory, 1, 100 * 2**20)
    libc.free(memory)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
thread = threading.Thread(target=lambda: print(filled(), filled()))
thread.start()
thread.join()
"""


@pytest.mark.parametrize(("said", "kept"), [({}, True), ({"MALLOC_TRIM_THRESHOLD_": "131072"}, False)])
def test_large_memory_is_used_again_in_any_thread(said: dict[str, str], kept: bool) -> None:
    """The kernel is asked for its pages once, unless the environment wants otherwise."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("MALLOC_")} | said
    done = subprocess.run(
        [sys.executable, "-c", FILLED_AGAIN], env=environment, capture_output=True, text=True, check=True
    )
    first, second = map(int, done.stdout.split())
    assert (second < first / 2) is kept
