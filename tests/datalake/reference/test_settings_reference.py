from __future__ import annotations

import pytest
from dotenv import dotenv_values

from datalake import settings
from datalake.errors import ConfigurationError
from datalake.reference.settings_reference import (
    BEGIN,
    END,
    FIRST,
    env_example,
    groups,
    readme,
    setting_description,
    settings_page,
)

EVERY_NAME = {
    name.upper() for group in vars(settings.Settings()).values() for name in type(group).model_fields
}


def test_every_setting_is_described() -> None:
    variables = [variable for members in groups().values() for variable in members]
    assert {variable.name for variable in variables} == EVERY_NAME
    assert [variable.name for variable in variables if not variable.description] == []


def test_a_copied_example_changes_no_setting(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in EVERY_NAME:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DATALAKE_HOME", str(tmp_path))
    without = settings.Settings()
    (tmp_path / ".env").write_text(env_example(), encoding="utf-8")
    assert vars(settings.Settings()) == vars(without)


def test_the_example_turned_on_says_the_defaults(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in EVERY_NAME:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DATALAKE_HOME", str(tmp_path))
    without = settings.Settings()
    turned_on = [line[2:] if _is_setting(line) else line for line in env_example().splitlines()]
    (tmp_path / ".env").write_text("\n".join(turned_on), encoding="utf-8")
    assert len(dotenv_values(tmp_path / ".env")) == len(EVERY_NAME)
    assert vars(settings.Settings()) == vars(without)


def _is_setting(line: str) -> bool:
    return line.startswith("# ") and line[2:].partition("=")[0] in EVERY_NAME


def test_the_names_a_user_knows_come_first_and_empty() -> None:
    lines = [line for line in env_example().splitlines() if line and not line.startswith("#")]
    assert lines == [f"{name}=" for name in FIRST]


def test_the_page_names_every_setting_once() -> None:
    text = settings_page()
    assert {name: text.count(f"| `{name}` |") for name in EVERY_NAME} == dict.fromkeys(EVERY_NAME, 1)


def test_sizes_are_readable() -> None:
    assert "`1048576` (1 MiB)" in settings_page()


def test_the_readme_shows_the_first_settings_and_where_the_others_are() -> None:
    text = readme(f"{BEGIN}{END}")
    assert [name for name in EVERY_NAME if f"| `{name}` |" in text] == [n for n in EVERY_NAME if n in FIRST]
    assert "(docs/settings.md)" in text


def test_only_the_text_between_the_markers_changes() -> None:
    text = readme(f"before {BEGIN} STALE WORDS {END} after")
    assert text.startswith(f"before {BEGIN}\n")
    assert text.endswith(f"{END} after")
    assert "STALE WORDS" not in text
    assert readme(text) == text


@pytest.mark.parametrize("text", ["", BEGIN, END])
def test_a_readme_without_markers_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="README"):
        readme(text)


def test_a_setting_is_described_by_its_name() -> None:
    assert setting_description("interval_s") == "Seconds between wanted frames"
    assert setting_description("no_such_setting") == ""
