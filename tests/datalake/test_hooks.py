from __future__ import annotations

import logging

import pytest
from hamilton import ad_hoc_utils, driver

from datalake.hooks import NodesAreDocumented, NodeTiming


def documented(base: int) -> int:
    """One more."""
    return base + 1


def undocumented(documented: int) -> int:
    return documented


def failing(documented: int, secret: str) -> int:
    """Fails."""
    raise ValueError(f"{documented} is wrong")


def built(*functions, adapter):
    module = ad_hoc_utils.create_temporary_module(*functions)
    return driver.Builder().with_modules(module).with_adapters(adapter).build()


def test_a_node_without_docstring_does_not_build():
    with pytest.raises(Exception, match="node undocumented has no docstring"):
        built(documented, undocumented, adapter=NodesAreDocumented())


def test_a_documented_layer_builds():
    assert built(documented, adapter=NodesAreDocumented()).execute(["documented"], inputs={"base": 1})


def test_each_node_is_timed_and_a_failing_one_is_named_without_its_inputs(caplog):
    caplog.set_level(logging.DEBUG, "datalake.nodes")
    graph = built(documented, failing, adapter=NodeTiming())
    with pytest.raises(ValueError, match="2 is wrong"):
        graph.execute(["failing"], inputs={"base": 1, "secret": "hunter2"})
    told = [record.getMessage() for record in caplog.records if record.name == "datalake.nodes"]
    assert told[0].startswith("documented took ")
    assert told[1].startswith("failing failed after ")
    assert told[1].endswith("ValueError")
    assert "hunter2" not in "".join(told)
