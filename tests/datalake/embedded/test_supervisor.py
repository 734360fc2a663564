from __future__ import annotations

import pytest

from datalake.embedded.process import free_port
from datalake.embedded.state import Layout
from datalake.embedded.supervisor import Supervisor


def test_a_restart_while_the_supervisor_is_away_is_an_outage(tmp_path):
    """The watchdog lives through those and looks again."""
    supervisor = Supervisor(Layout(tmp_path), free_port(), "secret")
    assert supervisor.processes() == {}
    with pytest.raises(OSError, match="refused"):
        supervisor.restart_program("kafka")
