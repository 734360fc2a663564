from __future__ import annotations

import socket

import pytest

from datalake.embedded.state import PORT_NAMES, Layout, StackState, choose_ports, load_secrets, read_state


@pytest.fixture
def folder(tmp_path):
    return Layout(tmp_path / ".embedded")


def state(folder, ports):
    return StackState(root=folder.root, ports=ports, components=(), external={}, airflow_url="")


def test_there_is_no_state_before_the_first_start(folder):
    assert read_state(folder) is None


def test_secrets_are_generated_once_and_private(folder):
    first = load_secrets(folder)
    assert load_secrets(folder) == first
    assert folder.secrets.stat().st_mode & 0o777 == 0o600
    assert len(set(first.model_dump().values())) == len(first.model_dump())


def test_ports_are_all_different():
    ports = choose_ports(None)
    assert tuple(ports) == PORT_NAMES
    assert len(set(ports.values())) == len(PORT_NAMES)


def test_free_ports_are_kept_and_taken_ones_replaced(folder):
    before = choose_ports(None)
    with socket.create_server(("127.0.0.1", before["kafka"])):
        after = choose_ports(state(folder, before))
    assert after["kafka"] != before["kafka"]
    assert {name: port for name, port in after.items() if name != "kafka"} == {
        name: port for name, port in before.items() if name != "kafka"
    }


def test_a_port_name_that_is_new_gets_a_port(folder):
    before = choose_ports(None)
    old = {name: port for name, port in before.items() if name != "qdrant"}
    after = choose_ports(state(folder, old))
    assert after["qdrant"] not in old.values()
