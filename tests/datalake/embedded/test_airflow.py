from __future__ import annotations

import configparser
import importlib.util
import json
from pathlib import Path

import pytest
import yaml

from datalake import settings
from datalake.embedded import airflow
from datalake.embedded.executor_watch import parallelism
from datalake.embedded.process import free_port
from datalake.embedded.state import Layout, load_secrets

CONFIG = settings.PROJECT_ROOT / "config" / "airflow.cfg"


@pytest.fixture
def config():
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(CONFIG, "utf-8")
    return parser


def known_options():
    spec = importlib.util.find_spec("airflow")
    templates = Path(spec.submodule_search_locations[0]) / "config_templates" / "config.yml"
    sections = yaml.safe_load(templates.read_text("utf-8"))
    return {name: set(section["options"]) for name, section in sections.items()}


def test_airflow_knows_every_option_of_the_config_file(config):
    known = known_options()
    # any component may override these two of [core] in its own section
    overridable = {"mp_start_method", "mp_forkserver_preload"}
    unknown = [
        (section, option)
        for section in config.sections()
        for option in config[section]
        if option not in known[section] | overridable
    ]
    assert unknown == []


def test_nothing_of_one_machine_is_in_the_config_file(config):
    values = [value for section in config.sections() for value in config[section].values()]
    assert not [value for value in values if "/" in value or "://" in value]


def test_records_may_be_deserialized(config):
    assert "datalake.contracts.*" in config["core"]["allowed_deserialization_classes"].split()


def test_a_login_that_the_user_changed_stays(tmp_path):
    folder = Layout(tmp_path)
    secrets = load_secrets(folder)
    airflow.write_login(folder, secrets)
    assert json.loads(folder.passwords.read_text()) == {"admin": secrets.airflow_password}
    folder.passwords.write_text('{"admin": "mine"}')
    airflow.write_login(folder, secrets)
    assert json.loads(folder.passwords.read_text()) == {"admin": "mine"}


def test_parallelism_is_read_as_airflow_reads_it(config):
    environment = {"AIRFLOW_CONFIG": str(CONFIG)}
    assert parallelism(environment) == config.getint("core", "parallelism")
    assert parallelism({**environment, "AIRFLOW__CORE__PARALLELISM": "3"}) == 3


def test_local_addresses_never_go_through_a_proxy(tmp_path, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "example.com")
    folder = Layout(tmp_path)
    environment = airflow.environment(folder, 1234, "postgresql://x", load_secrets(folder))
    assert environment["NO_PROXY"] == "example.com,127.0.0.1,localhost"


def test_nobody_answers_on_a_closed_port():
    assert airflow.health(free_port()) == {}


@pytest.mark.parametrize(
    ("uri", "needs"),
    [
        ("postgresql://u:p@127.0.0.1:5433/airflow", [("127.0.0.1", 5433)]),
        ("postgresql+psycopg2://u:p@db.example.org/airflow", [("db.example.org", 5432)]),
        ("postgresql://u@one:5432,two:5432/airflow", []),
        ("postgresql:///airflow?host=/run/postgresql", []),
    ],
)
def test_every_process_needs_the_database(tmp_path, uri, needs):
    environment = {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": uri}
    server = airflow.AirflowServer(airflow.SCHEDULER, Layout(tmp_path), 8080, environment)
    assert list(server.needs()) == needs
