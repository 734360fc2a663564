"""The two one-off containers of docker-compose.yml: `prepare` before the servers, `migrate` once they run.

`prepare` makes secrets once and writes the addresses as containers see them; `migrate` brings databases and
topics up to date.
"""

from __future__ import annotations

import json
import os
import secrets
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

from datalake import settings
from datalake.adapters.kafka.broker import Broker
from datalake.adapters.kafka.client import Kafka
from datalake.adapters.kafka.properties import read_properties
from datalake.adapters.postgres import migrate
from datalake.embedded.postgres_admin import ensure_database, ensure_role
from datalake.embedded.state import Layout, Secrets, dotenv_text, layout, load_secrets, write_private
from datalake.errors import ConfigurationError, PipelineError
from datalake.factory import postgres_uri

ADMIN, AIRFLOW_DATABASE = "airflow", "airflow"
POSTGRES, QDRANT, MAIL, KAFKA = "postgres:5432", "http://qdrant:6333", ("mail", "1025"), "kafka:9092"
LAKE = "/opt/airflow/lake"
SHARED_SECRETS = Path("/secrets")
OWN_PROPERTIES = ".embedded/client.properties"

_LOCAL = {None, "", "localhost", "127.0.0.1", "::1"}


def is_local(host: str | None) -> bool:
    """True for an address that means this machine: in a container, the container beside it."""
    return host in _LOCAL


def addresses(given: Mapping[str, str], secret: Secrets, qdrant_api_key: str) -> dict[str, str]:
    """The settings of all containers: given addresses, those of this machine as containers see them."""
    return {
        "PG_CONN_URI": _postgres_uri(given.get("PG_CONN_URI", ""), secret),
        **_qdrant(given, qdrant_api_key),
        **_mail(given),
        "LAKE_URI": _lake_uri(given.get("LAKE_URI", "")),
    }


def _postgres_uri(given: str, secret: Secrets) -> str:
    if not given:
        return f"postgresql://{ADMIN}:{secret.postgres_password}@{POSTGRES}/video_db"
    parts = urlsplit(given)
    if not is_local(parts.hostname) and parts.hostname != POSTGRES.partition(":")[0]:
        return given
    login = _postgres_login(parts.netloc.rpartition("@")[0], secret)
    return parts._replace(netloc=f"{login}@{POSTGRES}").geturl()


def _postgres_login(given: str, secret: Secrets) -> str:
    """The user's login for the server beside us, which makes that role; ours where there is none."""
    user, _, password = given.partition(":")
    name, own = unquote(user) or ADMIN, secret.postgres_password
    if name == ADMIN and unquote(password) in ("", own):
        return f"{ADMIN}:{own}"
    if name == ADMIN:
        raise ConfigurationError(
            f"PG_CONN_URI logs in as {ADMIN}, which is Airflow's own role, its password generated:"
            " choose another user name, or leave PG_CONN_URI empty"
        )
    if not password:
        raise ConfigurationError(f"PG_CONN_URI gives no password for {name}: choose one")
    return given


def _qdrant(given: Mapping[str, str], api_key: str) -> dict[str, str]:
    url = given.get("QDRANT_URL", "")
    if is_local(urlsplit(url).hostname):
        return {"QDRANT_URL": QDRANT, "QDRANT_API_KEY": api_key}
    return {"QDRANT_URL": url, "QDRANT_API_KEY": given.get("QDRANT_API_KEY", "")}


def _mail(given: Mapping[str, str]) -> dict[str, str]:
    """The given server with its login, or the mail catcher, which takes none."""
    if not is_local(given.get("SMTP_SERVER")):
        return {name: given[name] for name in given if name.startswith("SMTP_") and given[name]}
    server, port = MAIL
    sender = given.get("SMTP_USER") or "pipeline@example.com"
    return {"SMTP_SERVER": server, "SMTP_PORT": port, "SMTP_SECURITY": "none", "SMTP_USER": sender}


def _lake_uri(given: str) -> str:
    return given if urlsplit(given).scheme not in ("", "file") else f"file://{LAKE}"


def client_properties(config: Path) -> str:
    """Setting KAFKA_CLIENT_PROPERTIES: the user's file, unless it means the broker on this machine."""
    own = config / "client.properties"
    if not own.exists():
        return OWN_PROPERTIES
    first = read_properties(own)["bootstrap.servers"].split(",")[0].strip()
    return OWN_PROPERTIES if is_local(first.rpartition(":")[0]) else "config/client.properties"


def prepare(environment: Mapping[str, str], folder: Layout, shared: Path) -> None:
    """Write secrets and addresses; secrets that exist are kept, as servers already know them."""
    secret = load_secrets(folder)
    api_key = _kept(shared / "qdrant_api_key", secrets.token_urlsafe(24))
    _kept(shared / "postgres_password", secret.postgres_password)
    values = addresses(environment, secret, api_key)
    values["KAFKA_CLIENT_PROPERTIES"] = client_properties(settings.home() / "config")
    write_private(folder.stack_env, dotenv_text(values))
    write_private(folder.client_properties, f"bootstrap.servers={KAFKA}\n")
    if not folder.passwords.exists():
        write_private(folder.passwords, json.dumps({"admin": secret.airflow_password}) + "\n")
    write_private(folder.root / "airflow.env", "".join(_exports(airflow_secrets(secret))))


def airflow_secrets(secret: Secrets) -> dict[str, str]:
    """What Airflow reads from its environment and nobody else may see."""
    database = f"postgresql+psycopg://{ADMIN}:{secret.postgres_password}@{POSTGRES}/{AIRFLOW_DATABASE}"
    return {
        "AIRFLOW__API__SECRET_KEY": secret.api_secret_key,
        "AIRFLOW__API_AUTH__JWT_SECRET": secret.jwt_secret,
        "AIRFLOW__CORE__FERNET_KEY": secret.fernet_key,
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": database,
    }


def hand_over(paths: Iterator[Path], user: int) -> None:
    """Give files and folders to the user that the Airflow containers run as."""
    for path in paths:
        os.chown(path, user, 0)


def _kept(path: Path, fresh: str) -> str:
    """A secret of another image's server; readable by that server's user, in a volume of its own."""
    if not path.exists():
        path.write_text(fresh, "utf-8")
        path.chmod(0o444)
    return path.read_text("utf-8")


def _exports(values: Mapping[str, str]) -> Iterator[str]:
    for name, value in values.items():
        yield f'export {name}="${{{name}:-{value}}}"\n'  # a value from the user's .env wins


def ensure_own_database(admin_uri: str, uri: str) -> None:
    """The role, with its password, and the database that a URI names, where `admin_uri` may make them.

    Raises:
        DatabaseUnavailable: the server cannot be reached.
    """
    parts = urlsplit(uri)
    role, password = unquote(parts.username or ADMIN), unquote(parts.password or "")
    if role != ADMIN:
        ensure_role(admin_uri, role, password)
    ensure_database(admin_uri, unquote(parts.path.lstrip("/")) or "video_db", owner=role)


def bring_up_to_date() -> None:
    """Create and migrate `video_db`, and make the topics of the broker beside us."""
    config = settings.load()
    uri = postgres_uri(config)
    if urlsplit(uri).hostname == POSTGRES.partition(":")[0]:
        password = load_secrets(layout()).postgres_password
        ensure_own_database(f"postgresql://{ADMIN}:{password}@{POSTGRES}/{AIRFLOW_DATABASE}", uri)
    migrate(uri)
    if str(config.kafka.kafka_client_properties) == OWN_PROPERTIES:
        Broker(Kafka.from_settings(config.kafka)).ensure_topics()


def main(arguments: list[str]) -> int:
    """`prepare` or `migrate`."""
    commands = {"prepare": _prepare_containers, "migrate": bring_up_to_date}
    command = commands.get(" ".join(arguments))
    if command is None:
        sys.stderr.write("usage: python -m datalake.embedded.compose prepare|migrate\n")
        return 2
    try:
        command()
    except PipelineError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _prepare_containers() -> None:
    folder = layout()
    prepare(os.environ, folder, SHARED_SECRETS)
    owned = (folder.root, Path(LAKE), Path("/opt/airflow/logs"))
    hand_over((path for top in owned for path in (top, *top.rglob("*"))), int(os.environ["AIRFLOW_UID"]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
