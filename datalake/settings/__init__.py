"""Every setting, once: typed, described, read from the environment and two dotenv files.

Later sources win: defaults, `.embedded/stack.env` (addresses of the stack on this machine, written by
`datalake up`), the root `.env`, the process environment. The names are those a user types. The tables in
README.md and config/.env.example are generated from this module.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache, partial

from datalake.settings.reading import PROJECT_ROOT, Group, SettingsGroup, cache_folder, home, read
from datalake.settings.services import (
    AirflowSettings,
    KafkaSettings,
    MailSettings,
    PostgresSettings,
    QdrantSettings,
)
from datalake.settings.videos import (
    BronzeSettings,
    LakeSettings,
    QualitySettings,
    SilverSettings,
    SourceSettings,
)

__all__ = [
    "PROJECT_ROOT",
    "AirflowSettings",
    "BronzeSettings",
    "KafkaSettings",
    "LakeSettings",
    "MailSettings",
    "PostgresSettings",
    "QdrantSettings",
    "QualitySettings",
    "Settings",
    "SettingsGroup",
    "SilverSettings",
    "SourceSettings",
    "cache_folder",
    "home",
    "load",
    "read",
]


def _read_all(group: type[Group]) -> Group:
    return read(group, home() / ".embedded" / "stack.env", home() / ".env")


@dataclass(frozen=True)
class Settings:
    """All groups. Build it once at the edge (`load()`) and hand nodes only what they need.

    Raises:
        ConfigurationError: see `read`.
    """

    airflow: AirflowSettings = field(default_factory=partial(_read_all, AirflowSettings))
    postgres: PostgresSettings = field(default_factory=partial(_read_all, PostgresSettings))
    mail: MailSettings = field(default_factory=partial(_read_all, MailSettings))
    qdrant: QdrantSettings = field(default_factory=partial(_read_all, QdrantSettings))
    kafka: KafkaSettings = field(default_factory=partial(_read_all, KafkaSettings))
    source: SourceSettings = field(default_factory=partial(_read_all, SourceSettings))
    lake: LakeSettings = field(default_factory=partial(_read_all, LakeSettings))
    bronze: BronzeSettings = field(default_factory=partial(_read_all, BronzeSettings))
    silver: SilverSettings = field(default_factory=partial(_read_all, SilverSettings))
    quality: QualitySettings = field(default_factory=partial(_read_all, QualitySettings))


@cache
def load() -> Settings:
    """The settings of this process, read on first use."""
    return Settings()
