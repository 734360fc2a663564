"""The components of the stack, in the order in which they start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from datalake.embedded import airflow
from datalake.embedded.addresses import AIRFLOW_DATABASE, external_addresses, given_settings, postgres_uri
from datalake.embedded.kafka import KafkaServer
from datalake.embedded.postgres import PostgresServer
from datalake.embedded.postgres_admin import plain_uri
from datalake.embedded.process import Server, ServerFailed
from datalake.embedded.qdrant.server import QdrantServer
from datalake.embedded.smtp import SmtpServer
from datalake.embedded.state import Layout, Secrets, StackState, layout, load_secrets, read_state
from datalake.embedded.supervisor import Supervisor
from datalake.embedded.watchdog_server import WatchdogServer

AIRFLOW_PARTS = (airflow.API_SERVER, airflow.SCHEDULER, airflow.DAG_PROCESSOR, airflow.TRIGGERER)


class Parts:
    """Every component that runs here.

    Args:
        folder: the stack's files.
        ports: by name, see `state.PORT_NAMES`.
        secrets: the stack's.
        given: settings that the user gave; see `addresses.external_addresses`.
    """

    def __init__(
        self, folder: Layout, ports: Mapping[str, int], secrets: Secrets, given: Mapping[str, str]
    ) -> None:
        self.external = external_addresses(given)
        database_uri = given.get(AIRFLOW_DATABASE) or postgres_uri(ports, secrets, "airflow")
        own = {name: value for name, value in given.items() if name.startswith("AIRFLOW__")}
        self.airflow_environment = airflow.environment(folder, ports["airflow"], database_uri, secrets) | own
        self.postgres = PostgresServer(
            folder.root / "postgres", ports["postgres"], secrets.postgres_password, log=folder.log("postgres")
        )
        self.kafka = KafkaServer(
            folder.root / "kafka", ports["kafka"], ports["kafka-controller"], log=folder.log("kafka")
        )
        self.qdrant = QdrantServer(folder.root / "qdrant", ports["qdrant"], log=folder.log("qdrant"))
        self.smtp = SmtpServer(folder.mails, ports["smtp"], log=folder.log("smtp"))
        self.airflow = [
            airflow.AirflowServer(name, folder, ports["airflow"], self.airflow_environment)
            for name in AIRFLOW_PARTS
        ]
        self.watchdog = WatchdogServer(folder)

    def services(self) -> list[Server]:
        """The servers that Airflow and its tasks talk to, without those that are external."""
        servers: list[Server] = [self.postgres, self.kafka, self.qdrant, self.smtp]
        return [server for server in servers if server.name not in self.external]

    def all(self) -> list[Server]:
        """Every component that runs here, in order."""
        return [*self.services(), *self.airflow, self.watchdog]


@dataclass(frozen=True)
class OpenStack:
    """A stack that was started before: its files, its components, its supervisor."""

    folder: Layout
    state: StackState
    parts: Parts
    supervisor: Supervisor

    @property
    def airflow_database_uri(self) -> str:
        """Address of Airflow's own database, as libpq reads it."""
        return plain_uri(self.parts.airflow_environment[AIRFLOW_DATABASE])


def open_stack(folder: Layout | None = None) -> OpenStack:
    """The stack of this project as the last `up` left it.

    Raises:
        ServerFailed: there was no `up` yet.
    """
    folder = folder or layout()
    state = read_state(folder)
    if state is None:
        raise ServerFailed(f"there is no stack in {folder.root}; start it with: datalake up")
    secrets = load_secrets(folder)
    parts = Parts(folder, state.ports, secrets, given_settings(folder))
    supervisor = Supervisor(folder, state.ports["supervisor"], secrets.supervisor_password)
    return OpenStack(folder, state, parts, supervisor)
