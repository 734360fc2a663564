from __future__ import annotations

import pytest
from dotenv import dotenv_values

from datalake.embedded.addresses import (
    MAIL_LOGIN,
    REPLACES,
    external_addresses,
    given_settings,
    stack_addresses,
    write_addresses,
)
from datalake.embedded.state import choose_ports, layout, load_secrets
from datalake.errors import ConfigurationError
from datalake.settings import Settings


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("DATALAKE_HOME", str(tmp_path))
    return without_addresses(monkeypatch)


def without_addresses(monkeypatch):
    names = (*REPLACES, *MAIL_LOGIN, "KAFKA_CLIENT_PROPERTIES", "AIRFLOW_URL", "LAKE_URI")
    for name in names:
        monkeypatch.delenv(name, raising=False)
    return layout()


def write(folder):
    ports, secrets = choose_ports(None), load_secrets(folder)
    write_addresses(folder, stack_addresses(folder, ports, secrets, given_settings(folder)), ports)
    return ports


def test_settings_read_the_addresses_of_the_stack(folder):
    ports = write(folder)
    settings = Settings()
    assert settings.qdrant.qdrant_url == f"http://127.0.0.1:{ports['qdrant']}"
    assert settings.mail.smtp_port == ports["smtp"]
    assert settings.mail.smtp_security == "none"
    assert str(ports["postgres"]) in settings.postgres.pg_conn_uri.get_secret_value()
    assert settings.lake.lake_uri == (folder.root / "lake").as_uri()
    properties = settings.kafka.kafka_client_properties.read_text()
    assert properties == f"bootstrap.servers=127.0.0.1:{ports['kafka']}\n"


def test_files_with_passwords_are_private(folder):
    write(folder)
    assert folder.stack_env.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("line", "component"),
    [
        ("QDRANT_URL=http://qdrant.example.com:6333", "qdrant"),
        ("SMTP_SERVER=smtp.example.com", "smtp"),
        ("KAFKA_CLIENT_PROPERTIES=/etc/kafka/client.properties", "kafka"),
    ],
)
def test_an_address_in_dotenv_replaces_the_component(folder, line, component):
    (folder.root.parent / ".env").write_text(line + "\n")
    assert set(external_addresses(given_settings(folder))) == {component}
    write(folder)
    assert line.split("=")[0] not in dotenv_values(folder.stack_env)
    assert "SMTP_SECURITY" not in dotenv_values(folder.stack_env) or component != "smtp"


def test_client_properties_in_config_replace_the_broker(folder):
    config = folder.root.parent / "config"
    config.mkdir()
    (config / "client.properties").write_text("bootstrap.servers=kafka.example.com:9092\n")
    assert set(external_addresses(given_settings(folder))) == {"kafka"}
    write(folder)
    assert "KAFKA_CLIENT_PROPERTIES" not in dotenv_values(folder.stack_env)


def test_postgres_stays_for_airflow_unless_that_has_an_address_too(folder):
    given = {"PG_CONN_URI": "postgresql://db.example.com/video_db"}
    assert external_addresses(given) == {}
    given["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] = "postgresql://db.example.com/airflow"
    assert set(external_addresses(given)) == {"postgres"}


def test_a_shell_that_sourced_stack_env_gives_nothing(folder, monkeypatch):
    write(folder)
    for name, value in dotenv_values(folder.stack_env).items():
        monkeypatch.setenv(name, value)
    assert external_addresses(given_settings(folder)) == {}
    monkeypatch.setenv("QDRANT_URL", "http://qdrant.example.com:6333")
    assert set(external_addresses(given_settings(folder))) == {"qdrant"}


def test_a_home_with_a_quote_and_a_space_is_read_back(tmp_path, monkeypatch):
    home = tmp_path / "o'brien dir"
    monkeypatch.setenv("DATALAKE_HOME", str(home))
    folder = without_addresses(monkeypatch)
    ports = write(folder)
    settings = Settings()
    assert settings.kafka.kafka_client_properties == folder.client_properties
    assert settings.lake.lake_uri == (folder.root / "lake").as_uri()
    assert settings.mail.smtp_port == ports["smtp"]


@pytest.mark.parametrize(
    "line", ["SMTP_PORT=465", "SMTP_USER=me@example.org", "SMTP_PASSWORD=hunter2", "SMTP_SECURITY=tls"]
)
def test_half_a_mail_server_is_refused(folder, line):
    dotenv = folder.root.parent / ".env"
    dotenv.write_text(line + "\n")
    with pytest.raises(
        ConfigurationError, match=f"SMTP_SERVER is missing.*{line.partition('=')[0]}"
    ) as caught:
        write(folder)
    assert "hunter2" not in str(caught.value)
    dotenv.write_text(line + "\nSMTP_SERVER=smtp.example.com\n")
    write(folder)
    assert [name for name in dotenv_values(folder.stack_env) if name.startswith("SMTP_")] == []
