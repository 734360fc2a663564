"""No Docker engine is needed: the file against its schema, the lock file, the jars and the settings."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from importlib.resources import files
from typing import Any

import jsonschema
import pytest
import yaml

from datalake import settings
from datalake.adapters.kafka.properties import read_properties
from datalake.embedded import compose
from datalake.embedded.jars import ENDPOINT
from datalake.embedded.postgres import binaries
from datalake.libraries import HEAP
from datalake.reference.settings_reference import FIRST

ROOT = settings.PROJECT_ROOT
TEXT = (ROOT / "docker-compose.yml").read_text("utf-8")
FILE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = FILE["services"]
LOCKED = {
    p["name"]: p["version"] for p in tomllib.loads((ROOT / "poetry.lock").read_text("utf-8"))["package"]
}
KNOWN = {name.upper() for group in vars(settings.Settings()).values() for name in type(group).model_fields}
AIRFLOW = [name for name, service in SERVICES.items() if service["image"] == "video-data-pipeline"]


def minor(version: str) -> str:
    return ".".join(version.split(".")[:2])


def tag(service: str) -> str:
    return str(SERVICES[service]["image"]).partition(":")[2]


def test_the_file_fits_the_compose_schema() -> None:
    found = [
        path
        for path in files("check_jsonschema").joinpath("builtin_schemas", "vendor").iterdir()
        if path.name == "compose-spec.json"
    ]
    jsonschema.validate(FILE, json.loads(found[0].read_text("utf-8")))


def test_every_image_has_a_version() -> None:
    images = {service["image"] for service in SERVICES.values()} - {"video-data-pipeline"}
    assert [image for image in images if not re.search(r":v?\d+(\.\d+)*$", image)] == []


def test_servers_have_the_versions_that_the_project_is_tested_with() -> None:
    assert tag("kafka") == ENDPOINT.partition("+")[0].rsplit(":", 1)[1]
    assert minor(tag("qdrant").removeprefix("v")) == minor(LOCKED["qdrant-client"])
    told = subprocess.run([binaries() / "postgres", "--version"], check=True, capture_output=True, text=True)
    assert re.findall(r"\d+", told.stdout)[0] == tag("postgres")


def test_postgres_keeps_its_data_where_its_version_looks() -> None:
    assert int(tag("postgres")) >= 18  # earlier ones used the folder data/ below
    assert "postgres:/var/lib/postgresql" in SERVICES["postgres"]["volumes"]


def test_every_variable_is_a_setting_and_has_a_fallback() -> None:
    used = re.findall(r"(?<!\$)\$\{(\w+)(:-[^}]*)?\}", TEXT)
    assert {name for name, _ in used} <= KNOWN
    assert [name for name, fallback in used if not fallback] == []


@pytest.mark.parametrize("service", AIRFLOW)
def test_airflow_containers_know_only_airflow_variables_and_settings(service: str) -> None:
    mine = {"MALLOC_ARENA_MAX", "TOKENIZERS_PARALLELISM"}
    unknown = {
        name
        for name in SERVICES[service]["environment"]
        if not name.startswith("AIRFLOW__") and name not in KNOWN
    }
    assert unknown <= mine


@pytest.mark.parametrize("service", AIRFLOW)
def test_no_container_keeps_a_task_from_having_one_heap(service: str) -> None:
    said = {name: SERVICES[service]["environment"].get(name) for name in HEAP}
    assert said == {**dict.fromkeys(HEAP), "MALLOC_ARENA_MAX": HEAP["MALLOC_ARENA_MAX"]}


def test_what_prepare_rewrites_reaches_no_container_unrewritten() -> None:
    rewritten = {*compose.addresses({}, _secrets(), "key"), "KAFKA_CLIENT_PROPERTIES", "SMTP_PASSWORD"}
    for name in AIRFLOW:
        if name != "prepare":
            environment = SERVICES[name]["environment"]
            assert {key for key in rewritten if environment.get(key) != ""} == set(), name


def test_prepare_is_given_every_address_that_a_user_may_set() -> None:
    passed = {
        name for name, value in SERVICES["prepare"]["environment"].items() if value.startswith(f"${{{name}:-")
    }
    assert passed >= {"QDRANT_URL", "QDRANT_API_KEY", "LAKE_URI", "SMTP_SECURITY"}
    assert passed >= set(FIRST) - {"EMAIL_RECEIVER"}  # passed on as it is, by env_file


def test_no_password_stands_in_the_file() -> None:
    values = [
        (name, value)
        for service in SERVICES.values()
        for name, value in service.get("environment", {}).items()
        if re.search(r"PASSWORD|SECRET|TOKEN$|_KEY$|SQL_ALCHEMY_CONN", name)
    ]
    assert [
        (name, value)
        for name, value in values
        if not value.startswith(("${", "/")) and value != "" and name != "TOKENIZERS_PARALLELISM"
    ] == []


def test_nothing_is_reachable_from_other_machines() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", ())]
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == []


def test_the_broker_has_an_inside_and_a_host_listener_where_its_clients_look() -> None:
    environment = SERVICES["kafka"]["environment"]
    advertised = dict(part.split("://") for part in environment["KAFKA_ADVERTISED_LISTENERS"].split(","))
    listening = dict(part.split("://:") for part in environment["KAFKA_LISTENERS"].split(","))
    assert advertised["INSIDE"] == compose.KAFKA == f"kafka:{listening['INSIDE']}"
    assert advertised["HOST"] == "localhost:9092"
    assert SERVICES["kafka"]["ports"] == [f"127.0.0.1:9092:{listening['HOST']}"]
    example = read_properties(ROOT / "config" / "client.properties.example")
    assert example["bootstrap.servers"] == compose.KAFKA


def test_the_addresses_that_prepare_writes_are_services_of_the_file() -> None:
    hosts = {
        compose.POSTGRES.partition(":")[0],
        compose.KAFKA.partition(":")[0],
        compose.MAIL[0],
        compose.QDRANT.split("//")[1].partition(":")[0],
    }
    assert hosts <= set(SERVICES)
    assert f"lake:{compose.LAKE}" in SERVICES["airflow-scheduler"]["volumes"]


def test_the_published_ports_are_the_defaults_of_the_settings() -> None:
    published = {port.split(":")[1] for service in SERVICES.values() for port in service.get("ports", ())}
    defaults = settings.QdrantSettings.model_fields["qdrant_url"].default, *_default_urls()
    assert {url.rsplit(":", 1)[1].partition("/")[0] for url in defaults} <= published


def _default_urls() -> tuple[str, str]:
    uri = settings.PostgresSettings.model_fields["pg_conn_uri"].default.get_secret_value()
    return uri, settings.AirflowSettings.model_fields["airflow_url"].default


def test_every_airflow_process_waits_for_the_migration_and_runs_as_the_users_id() -> None:
    processes = {"airflow-api-server", "airflow-scheduler", "airflow-dag-processor", "airflow-triggerer"}
    assert processes == {name for name in AIRFLOW if name.startswith("airflow-")}
    for name in processes:
        assert SERVICES[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
        assert SERVICES[name]["user"] == "${AIRFLOW_UID:-50000}:0"
        assert "./videos:/opt/airflow/videos:ro" in SERVICES[name]["volumes"]


def test_every_mounted_folder_is_in_a_fresh_clone() -> None:
    mounts = {
        volume.partition(":")[0] for service in SERVICES.values() for volume in service.get("volumes", ())
    }
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    folders = {path.partition("/")[0] for path in tracked.splitlines()}
    assert {mount.removeprefix("./") for mount in mounts if mount.startswith("./")} <= folders


def test_every_named_volume_is_declared_and_used() -> None:
    mounts = {
        volume.partition(":")[0] for service in SERVICES.values() for volume in service.get("volumes", ())
    }
    assert {mount for mount in mounts if not mount.startswith("./")} == set(FILE["volumes"])


def _secrets() -> Any:
    names = compose.Secrets.model_fields
    return compose.Secrets(**dict.fromkeys(names, "generated"))


def test_the_ports_and_services_that_the_readme_names_exist() -> None:
    section = (ROOT / "README.md").read_text("utf-8").partition("## Docker")[2].partition("\n## ")[0]
    published = {port.split(":")[1] for service in SERVICES.values() for port in service.get("ports", ())}
    assert set(re.findall(r"localhost[:](\d+)", section)) <= published
    assert set(re.findall(r"docker compose exec (\S+)", section)) <= set(SERVICES)
    assert "/opt/airflow/.embedded/airflow/passwords.json" in section
