from __future__ import annotations

import shutil

import pytest

from datalake.embedded import jars
from datalake.embedded.process import ServerFailed

pytestmark = pytest.mark.kafka  # needs the download that the broker needs


def test_every_locked_jar_is_there_with_its_hash():
    names = [jar.name for jar in jars.kafka_jars()]
    assert names == list(jars.read_lock(jars.LOCK))
    assert "kafka_2.13-4.1.0.jar" in names


def test_a_jar_that_was_tampered_with_is_refused(tmp_path, monkeypatch):
    shutil.copytree(jars.kafka_jars()[0].parent, tmp_path / jars.kafka_jars()[0].parent.name)
    monkeypatch.setenv("DATALAKE_CACHE", str(tmp_path))
    victim = next(jar for jar in jars.kafka_jars() if jar.name.startswith("kafka-clients"))
    victim.write_bytes(victim.read_bytes() + b"\0")
    with pytest.raises(ServerFailed, match=r"kafka-clients.*delete the folder"):
        jars.kafka_jars()


def test_of_two_downloads_at_once_the_first_is_kept(tmp_path, monkeypatch):
    found = jars.kafka_jars()
    monkeypatch.setenv("DATALAKE_CACHE", str(tmp_path))

    def resolve_second(_):
        shutil.copytree(found[0].parent, tmp_path / found[0].parent.name)
        return found

    monkeypatch.setattr(jars, "_resolve", resolve_second)
    assert jars.kafka_jars() == [tmp_path / jar.parent.name / jar.name for jar in found]
    assert len(list(tmp_path.iterdir())) == 1


def test_without_a_network_the_error_says_what_was_wanted(tmp_path, monkeypatch):
    monkeypatch.setenv("DATALAKE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("M2_REPO", str(tmp_path / "repository"))
    for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ServerFailed, match="Maven Central"):
        jars.kafka_jars()
    assert [path.name for path in (tmp_path / "cache").iterdir()] == []
