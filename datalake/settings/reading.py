"""How settings are read: a group of typed variables, from dotenv files and the environment."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from datalake.errors import ConfigurationError

PROJECT_ROOT = Path(__file__).resolve().parents[2]


def home() -> Path:
    """Folder that `.env`, `config/` and `.embedded/` are looked up in (DATALAKE_HOME, or the checkout)."""
    return Path(os.environ.get("DATALAKE_HOME", PROJECT_ROOT))


def cache_folder() -> Path:
    """For what can be made again and all checkouts share: DATALAKE_CACHE, or the user's cache folder."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(os.environ.get("DATALAKE_CACHE") or base / "video-data-pipeline")


class SettingsGroup(BaseSettings):
    """A group of settings that one consumer needs; frozen, unknown names in the files are ignored."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)


Group = TypeVar("Group", bound=SettingsGroup)


def read(group: type[Group], *files: Path) -> Group:
    """One group, from dotenv files (later ones win) and the environment (wins over all).

    Raises:
        ConfigurationError: a value cannot be used, or a file cannot be read; values are never repeated.
    """
    # `from None`: the driver's error holds the value, which may be a secret.
    try:
        return group(_env_file=files)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        raise ConfigurationError(_complaint(group, str(first["loc"][0]), first["msg"])) from None
    except SettingsError as error:
        name = next(name for name in group.model_fields if f'"{name}"' in str(error))
        raise ConfigurationError(_complaint(group, name, "it is not JSON")) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{' or '.join(map(str, files))} cannot be read: {error}") from None


def _complaint(group: type[SettingsGroup], name: str, why: str) -> str:
    """What is wrong with a variable, and for lists and objects how one is written."""
    found = group.model_fields[name]
    default = found.get_default(call_default_factory=True, validated_data={})
    if not isinstance(default, tuple | dict):
        return f"{name.upper()} is wrong: {why}"
    example = (found.examples or [json.dumps(default, default=str)])[0]
    return f"{name.upper()} is wrong: {why}; write for example {name.upper()}='{example}'"
