from __future__ import annotations

import re
import tomllib
from collections import Counter

import pytest
from packaging.markers import Marker, default_environment

from datalake.settings import PROJECT_ROOT

LOCK_TEXT = (PROJECT_ROOT / "poetry.lock").read_text("utf-8")
PACKAGES = tomllib.loads(LOCK_TEXT)["package"]
PLATFORMS = {
    "linux": {"sys_platform": "linux", "platform_system": "Linux", "platform_machine": "x86_64"},
    "linux-arm": {"sys_platform": "linux", "platform_system": "Linux", "platform_machine": "aarch64"},
    "mac": {"sys_platform": "darwin", "platform_system": "Darwin", "platform_machine": "arm64"},
}


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
def test_no_distribution_is_locked_twice_for_one_machine(python: str, platform: str) -> None:
    """Two versions in one folder overwrite each other; with CUDA libraries `import torch` crashes."""
    machine = default_environment() | {
        "python_version": python,
        "python_full_version": f"{python}.0",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        **PLATFORMS[platform],
    }
    names = Counter(
        package["name"]
        for package in PACKAGES
        if any(Marker(marker).evaluate(machine) for marker in _markers(package))
    )
    assert {name for name, count in names.items() if count > 1} == set()


def _markers(package: dict[str, object]) -> list[str]:
    """A package's markers: none, one, or one for each dependency group."""
    markers = package.get("markers", "python_version >= '3'")
    return list(markers.values()) if isinstance(markers, dict) else [str(markers)]


def test_no_file_of_the_toolchain_names_an_index() -> None:
    assert 'type = "legacy"' not in LOCK_TEXT
    assert (
        re.search(r"^\[\[tool\.poetry\.source", (PROJECT_ROOT / "pyproject.toml").read_text(), re.M) is None
    )
