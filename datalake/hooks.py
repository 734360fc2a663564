"""What applies to every node and is therefore written in none: house rules and timing."""

from __future__ import annotations

import logging
import time
from typing import Any

from hamilton.execution.grouping import NodeGroupPurpose
from hamilton.graph_types import HamiltonNode
from hamilton.lifecycle import NodeExecutionHook, StaticValidator
from hamilton.lifecycle.base import BasePostTaskExecute
from hamilton.node import Node

_log = logging.getLogger("datalake.nodes")


class NodesAreDocumented(StaticValidator):
    """A node without a docstring does not build: the notebooks and docs are made of them."""

    def run_to_validate_node(self, *, node: HamiltonNode, **_: Any) -> tuple[bool, str | None]:
        """Refuse an undocumented node."""
        if node.is_external_input or node.documentation:
            return True, None
        return False, f"node {node.name} has no docstring"


class NodeTiming(NodeExecutionHook):
    """Logs how long each node took (DEBUG) and which one failed (WARNING), never what went in."""

    def __init__(self) -> None:
        self._started_at_s: dict[tuple[str, str | None, str], float] = {}

    def run_before_node_execution(
        self, *, node_name: str, task_id: str | None, run_id: str, **_: Any
    ) -> None:
        """Remember when the node started."""
        self._started_at_s[run_id, task_id, node_name] = time.perf_counter()

    def run_after_node_execution(
        self,
        *,
        node_name: str,
        task_id: str | None,
        run_id: str,
        success: bool,
        error: Exception | None,
        **_: Any,
    ) -> None:
        """Log the seconds it took."""
        took_s = time.perf_counter() - self._started_at_s.pop((run_id, task_id, node_name))
        if success:
            _log.debug("%s took %.3f s", node_name, took_s)
        else:
            _log.warning("%s failed after %.3f s: %s", node_name, took_s, type(error).__name__)


class BlocksLetGo(BasePostTaskExecute):
    """Drops what a finished block computed for itself, so that no window's pixels outlive the window.

    Hamilton holds a task's results in a reference cycle until the garbage collector comes by, and that
    counts objects, not bytes: without this a long video's frames would all be in memory.
    """

    def post_task_execute(
        self, *, nodes: list[Node], results: dict[str, Any] | None, purpose: NodeGroupPurpose, **_: Any
    ) -> None:
        """Keep only what other tasks need; outside blocks nodes may be asked for by name."""
        if purpose is not NodeGroupPurpose.EXECUTE_BLOCK:
            return
        inside = {node.name for node in nodes}
        for node in nodes:
            consumers = {consumer.name for consumer in node.depended_on_by}
            if results and consumers and consumers <= inside:
                results.pop(node.name, None)
