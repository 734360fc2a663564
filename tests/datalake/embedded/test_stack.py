"""What `up` refuses and promises before anything starts; the running stack is in tests/integration."""

from __future__ import annotations

import pytest

from datalake.embedded import stack
from datalake.embedded.addresses import MAIL_LOGIN, REPLACES
from datalake.embedded.leftovers import marked_processes
from datalake.embedded.state import layout
from datalake.errors import ConfigurationError


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("DATALAKE_HOME", str(tmp_path))
    for name in (*REPLACES, *MAIL_LOGIN, "KAFKA_CLIENT_PROPERTIES", "AIRFLOW_URL"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.mark.parametrize(
    ("line", "why"),
    [("SILVER_SLOTS=two", "SILVER_SLOTS is wrong"), ("SMTP_USER=me@example.org", "SMTP_SERVER is missing")],
)
def test_wrong_settings_are_refused_before_anything_starts(home, line, why):
    (home / ".env").write_text(line + "\n")
    with pytest.raises(ConfigurationError, match=why):
        stack.up()
    assert marked_processes(layout().root) == []
    assert stack.read_state() is None


def test_the_stack_is_where_it_listens_whatever_mails_say(home):
    (home / ".env").write_text("AIRFLOW_URL=https://airflow.example.com\n")
    state = stack._Stack(layout(), print).state
    assert state.airflow_url == f"http://127.0.0.1:{state.ports['airflow']}"
