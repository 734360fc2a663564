"""How Hamilton cuts a dataflow into tasks: into as few as its blocks allow.

By itself it makes a task of every node outside a block, and after each task it looks at all of them: of a
small video that took as long as everything that its nodes compute.
"""

from __future__ import annotations

from collections import defaultdict

from hamilton.execution.grouping import GroupByRepeatableBlocks, NodeGroup, NodeGroupPurpose
from hamilton.node import Node, NodeType


class FewTasks(GroupByRepeatableBlocks):
    """One task for all nodes before the first block, one for those between blocks, one for those after."""

    def group_nodes(self, nodes: list[Node]) -> list[NodeGroup]:
        """Blocks as Hamilton makes them; other nodes by how many blocks, one after another, come before."""
        stages: dict[str, int] = {}
        together: defaultdict[int, list[Node]] = defaultdict(list)
        single, groups = NodeGroupPurpose.EXECUTE_SINGLE, super().group_nodes(nodes)
        blocks = [group for group in groups if group.purpose is not single]
        for node in (node for group in groups if group.purpose is single for node in group.nodes):
            together[_stage(node, stages)].append(node)
        return [*(NodeGroup(f"stage-{at}", None, found, single) for at, found in together.items()), *blocks]


def _stage(node: Node, known: dict[str, int]) -> int:
    """How many blocks have to be through before a node, on the longest way to it."""
    if node.name not in known:
        before = [_stage(other, known) + (other.node_role == NodeType.COLLECT) for other in node.dependencies]
        known[node.name] = max(before, default=0)
    return known[node.name]
