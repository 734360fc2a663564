"""Where the embedded stack keeps its things, and what it remembers between starts."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography.fernet import Fernet
from pydantic import BaseModel, ConfigDict

from datalake import settings
from datalake.embedded.process import free_ports, is_listening

PORT_NAMES = (
    "supervisor",
    "postgres",
    "kafka",
    "kafka-controller",
    "qdrant",
    "smtp",
    "airflow",
)


@dataclass(frozen=True)
class Layout:
    """Paths below one `.embedded` folder."""

    root: Path

    @property
    def logs(self) -> Path:
        """Logs of every component."""
        return self.root / "logs"

    @property
    def run(self) -> Path:
        """Files of the running stack: supervisor's configuration, command lines."""
        return self.root / "run"

    @property
    def mails(self) -> Path:
        """Mails that the SMTP sink took."""
        return self.root / "mails"

    @property
    def airflow(self) -> Path:
        """AIRFLOW_HOME."""
        return self.root / "airflow"

    @property
    def passwords(self) -> Path:
        """Airflow's logins: a JSON object of user name to password."""
        return self.airflow / "passwords.json"

    @property
    def stack_env(self) -> Path:
        """Addresses for the settings."""
        return self.root / "stack.env"

    @property
    def client_properties(self) -> Path:
        """Properties for Kafka clients."""
        return self.root / "client.properties"

    @property
    def state(self) -> Path:
        """The `StackState` of the last start."""
        return self.root / "state.json"

    @property
    def secrets(self) -> Path:
        """The `Secrets` of this stack."""
        return self.root / "secrets.json"

    def log(self, component: str) -> Path:
        """Log file of one component."""
        return self.logs / f"{component}.log"


def layout() -> Layout:
    """The layout in the project's home."""
    return Layout((settings.home() / ".embedded").absolute())


class Secrets(BaseModel):
    """Generated once for a stack, readable by its owner only."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    postgres_password: str
    supervisor_password: str
    airflow_password: str
    fernet_key: str
    api_secret_key: str
    jwt_secret: str


class StackState(BaseModel):
    """What a user or a script needs to know about the stack on this machine."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    root: Path
    ports: dict[str, int]
    components: tuple[str, ...]
    external: dict[str, str]
    airflow_url: str
    airflow_user: str = "admin"

    @property
    def airflow_password(self) -> str:
        """Password of `airflow_user`."""
        password: str = json.loads(Layout(self.root).passwords.read_text("utf-8"))[self.airflow_user]
        return password

    @property
    def mails(self) -> Path:
        """Folder where the SMTP sink keeps mails."""
        return Layout(self.root).mails

    @property
    def logs(self) -> Path:
        """Folder of all logs."""
        return Layout(self.root).logs


def read_state(folder: Layout | None = None) -> StackState | None:
    """The state of the last `up`, None if there was none."""
    path = (folder or layout()).state
    return StackState.model_validate_json(path.read_bytes()) if path.exists() else None


def load_secrets(folder: Layout) -> Secrets:
    """The stack's secrets, generated on first use."""
    if folder.secrets.exists():
        return Secrets.model_validate_json(folder.secrets.read_bytes())
    fresh = Secrets(
        postgres_password=secrets.token_urlsafe(24),
        supervisor_password=secrets.token_urlsafe(24),
        airflow_password=secrets.token_urlsafe(9),
        fernet_key=Fernet.generate_key().decode(),
        api_secret_key=secrets.token_urlsafe(32),
        jwt_secret=secrets.token_urlsafe(48),
    )
    write_private(folder.secrets, fresh.model_dump_json(indent=1))
    return fresh


def choose_ports(previous: StackState | None) -> dict[str, int]:
    """The ports of the last start where they are free, other free ones where they are not."""
    kept = {
        name: port for name, port in (previous.ports if previous else {}).items() if not is_listening(port)
    }
    fresh = [port for port in free_ports(len(PORT_NAMES)) if port not in kept.values()]
    return {name: kept.get(name) or fresh.pop() for name in PORT_NAMES}


def write_private(path: Path, content: str) -> None:
    """Replace a file that only its owner may read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.touch(mode=0o600)
    part.write_text(content, "utf-8")
    part.replace(path)


def dotenv_text(values: Mapping[str, str]) -> str:
    """Lines of a dotenv file, sorted by name; a value may hold quotes, backslashes and spaces."""
    escaped = {name: value.replace("\\", "\\\\").replace("'", "\\'") for name, value in values.items()}
    return "".join(f"{name}='{value}'\n" for name, value in sorted(escaped.items()))
