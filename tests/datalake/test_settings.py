from __future__ import annotations

import traceback
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from datalake import settings
from datalake.errors import ConfigurationError
from datalake.settings import Settings

GROUPS = {name: type(group) for name, group in vars(Settings()).items()}
NAMES = [name.upper() for group in GROUPS.values() for name in group.model_fields]
SEEDS_NAMES = ["AIRFLOW_UID", "PG_CONN_URI", "EMAIL_RECEIVER"] + [
    f"SMTP_{name}" for name in ("SERVER", "PORT", "USER", "PASSWORD")
]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project folder of its own, and nothing set in the environment."""
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DATALAKE_HOME", str(tmp_path))
    (tmp_path / ".embedded").mkdir()
    return tmp_path


def test_the_names_that_users_know_are_settings() -> None:
    assert set(SEEDS_NAMES) <= set(NAMES)


def test_no_name_is_in_two_groups() -> None:
    assert len(NAMES) == len(set(NAMES))


@pytest.mark.parametrize("group", GROUPS.values(), ids=lambda group: group.__name__)
def test_every_setting_is_described(group: type[settings._Group]) -> None:
    assert [name for name, field in group.model_fields.items() if not field.description] == []


def test_later_sources_win(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings().mail.smtp_server == "localhost"
    (home / ".embedded" / "stack.env").write_text("SMTP_SERVER=stack\nSMTP_PORT=1025\nSMTP_USER='a b'\n")
    assert (Settings().mail.smtp_server, Settings().mail.smtp_user) == ("stack", "a b")
    (home / ".env").write_text("SMTP_SERVER=dotenv\nSMTP_PORT=\nUNKNOWN=1\n")
    assert (Settings().mail.smtp_server, Settings().mail.smtp_port) == ("dotenv", 1025)
    monkeypatch.setenv("SMTP_SERVER", "environment")
    assert Settings().mail.smtp_server == "environment"


def test_an_empty_variable_means_the_default(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTERVAL_S", "")
    assert Settings().silver.interval_s == 1.0


def test_secrets_are_not_shown(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PG_CONN_URI", "SMTP_PASSWORD", "QDRANT_API_KEY"):
        monkeypatch.setenv(name, "postgresql://user:hunter2@host/db")
    found = Settings()
    assert "hunter2" not in "".join(repr(group) + str(group) for group in vars(found).values())
    assert found.postgres.pg_conn_uri.get_secret_value() == "postgresql://user:hunter2@host/db"


def test_what_is_called_a_password_or_key_is_a_secret() -> None:
    for group in GROUPS.values():
        for name, field in group.model_fields.items():
            if name.endswith(("password", "api_key", "conn_uri", "token", "secret")):
                assert field.annotation is SecretStr, name


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SMTP_PORT", "0"),
        ("SMTP_PORT", "65536"),
        ("SMTP_PORT", "mail"),
        ("SMTP_SECURITY", "ssl"),
        ("INTERVAL_S", "0"),
        ("INTERVAL_S", "-1"),
        ("DEVICE", "tpu"),
        ("SOURCE_SCHEMES", "file,http"),
        ("JPEG_QUALITY", "101"),
    ],
)
def test_a_wrong_value_is_refused_by_name(
    home: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError, match=f"^{name} is wrong: ") as caught:
        Settings()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("line", "right_form"),
    [
        ("SOURCE_ROOTS=videos", """SOURCE_ROOTS='["videos", ".embedded/samples"]'"""),
        ('SOURCE_ROOTS="7"', """SOURCE_ROOTS='["videos", ".embedded/samples"]'"""),
        ("SOURCE_SCHEMES=[1]", """SOURCE_SCHEMES='["file", "http", "https", "s3"]'"""),
        ("SOURCE_PATH_MAP=a:b", """SOURCE_PATH_MAP='{"videos": "/opt/airflow/videos"}'"""),
    ],
)
def test_a_wrong_list_in_dotenv_is_answered_with_a_right_one(home: Path, line: str, right_form: str) -> None:
    (home / ".env").write_text(line + "\n")
    with pytest.raises(ConfigurationError, match=line.partition("=")[0]) as caught:
        Settings()
    assert str(caught.value).endswith(f"write for example {right_form}")


def test_a_wrong_value_is_never_repeated(home: Path) -> None:
    for line in ("SMTP_PORT=hunter2", "SOURCE_ROOTS=hunter2", 'SOURCE_SCHEMES={"hunter2": 1}'):
        (home / ".env").write_text(line + "\n")
        with pytest.raises(ConfigurationError) as caught:
            Settings()
        assert "hunter2" not in "".join(traceback.format_exception(caught.value))


def test_a_file_that_is_no_text_is_refused_by_name(home: Path) -> None:
    (home / ".env").write_bytes(b"SMTP_USER=\xff\xfe")
    with pytest.raises(ConfigurationError, match=r"\.env cannot be read"):
        Settings()


def test_settings_cannot_be_changed(home: Path) -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Settings().silver.interval_s = 2.0  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        Settings().silver = Settings().silver  # type: ignore[misc]


def test_a_json_list_is_read(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_ROOTS", '["/a", "b c"]')
    assert Settings().source.source_roots == (Path("/a"), Path("b c"))


def test_without_a_home_the_checkout_is_the_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATALAKE_HOME", raising=False)
    assert (settings.home() / "pyproject.toml").exists()
