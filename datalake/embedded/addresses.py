"""Which parts of the stack run here, and the addresses that the settings read."""

from __future__ import annotations

import os
from collections.abc import Mapping

from dotenv import dotenv_values

from datalake import settings
from datalake.embedded.process import LOOPBACK
from datalake.embedded.state import Layout, Secrets, dotenv_text, write_private
from datalake.errors import ConfigurationError

# setting -> the component that it replaces
REPLACES = {"PG_CONN_URI": "postgres", "QDRANT_URL": "qdrant", "SMTP_SERVER": "smtp"}
AIRFLOW_DATABASE = "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"
# meaningless without SMTP_SERVER: they would win over those of the mail sink
MAIL_LOGIN = ("SMTP_PORT", "SMTP_USER", "SMTP_PASSWORD", "SMTP_SECURITY")
DEFAULT_RECEIVER = "team@example.com"


def given_settings(folder: Layout) -> dict[str, str]:
    """What the root `.env` and the process environment say; the environment wins.

    A shell that has sourced the stack's own stack.env gives nothing by that.
    """
    own = dotenv_values(folder.stack_env)
    from_file = {name: value for name, value in dotenv_values(settings.home() / ".env").items() if value}
    environment = {name: value for name, value in os.environ.items() if value and own.get(name) != value}
    return from_file | environment


def refuse_half_a_mail_server(given: Mapping[str, str]) -> None:
    """Stop before one server's address is mixed with the login of another.

    Raises:
        ConfigurationError: settings of a mail server are given, but not its name.
    """
    found = [name for name in MAIL_LOGIN if given.get(name)]
    if found and not given.get("SMTP_SERVER"):
        raise ConfigurationError(
            f"SMTP_SERVER is missing, but {', '.join(found)} {'is' if len(found) == 1 else 'are'} set:"
            " name the server too, or remove them to have mails kept on this machine"
        )


def external_addresses(given: Mapping[str, str]) -> dict[str, str]:
    """Component to the reason why it is not started here.

    PostgreSQL still runs, for Airflow's own database, unless that has an address of its own.
    """
    external = {
        part: f"{name} is set" for name, part in REPLACES.items() if name != "PG_CONN_URI" and given.get(name)
    }
    if given.get("PG_CONN_URI") and given.get(AIRFLOW_DATABASE):
        external["postgres"] = f"PG_CONN_URI and {AIRFLOW_DATABASE} are set"
    if "KAFKA_CLIENT_PROPERTIES" in given:
        external["kafka"] = "KAFKA_CLIENT_PROPERTIES is set"
    elif (settings.home() / "config" / "client.properties").exists():
        external["kafka"] = "config/client.properties exists"
    return external


def postgres_uri(ports: Mapping[str, int], secrets: Secrets, database: str) -> str:
    """URI of a database of the embedded PostgreSQL."""
    return f"postgresql://datalake:{secrets.postgres_password}@{LOOPBACK}:{ports['postgres']}/{database}"


def airflow_url(ports: Mapping[str, int]) -> str:
    """Where the embedded Airflow is, whatever AIRFLOW_URL says that links in mails begin with."""
    return f"http://{LOOPBACK}:{ports['airflow']}"


def stack_addresses(
    folder: Layout, ports: Mapping[str, int], secrets: Secrets, given: Mapping[str, str]
) -> dict[str, str]:
    """The settings that lead to the embedded parts; those of external parts are left out.

    Raises:
        ConfigurationError: see `refuse_half_a_mail_server`.
    """
    refuse_half_a_mail_server(given)
    external = external_addresses(given)
    found = {
        "AIRFLOW_URL": airflow_url(ports),
        "EMAIL_RECEIVER": DEFAULT_RECEIVER,
        "LAKE_URI": (folder.root / "lake").as_uri(),
        "PG_CONN_URI": postgres_uri(ports, secrets, "video_db"),
        "QDRANT_URL": f"http://{LOOPBACK}:{ports['qdrant']}",
    }
    if "smtp" not in external:
        found |= {
            "SMTP_SERVER": LOOPBACK,
            "SMTP_PORT": str(ports["smtp"]),
            "SMTP_SECURITY": "none",
            "SMTP_USER": "pipeline@example.com",
        }
    if "kafka" not in external:
        found["KAFKA_CLIENT_PROPERTIES"] = str(folder.client_properties)
    return {name: value for name, value in found.items() if not given.get(name)}


def write_addresses(folder: Layout, addresses: Mapping[str, str], ports: Mapping[str, int]) -> None:
    """Write stack.env, and client.properties for the embedded broker."""
    text = "# Written by `datalake up`; the root .env wins over it.\n" + dotenv_text(addresses)
    write_private(folder.stack_env, text)
    write_private(folder.client_properties, f"bootstrap.servers={LOOPBACK}:{ports['kafka']}\n")
