from __future__ import annotations

import pytest
from hamilton import driver
from hamilton.ad_hoc_utils import create_temporary_module
from hamilton.execution.grouping import NodeGroup
from hamilton.htypes import Collect, Parallelizable
from hamilton.node import Node

from datalake.grouping import FewTasks
from datalake.pipeline import DATAFLOWS, build, driver_of


def groups_of(made: driver.Driver) -> dict[str, NodeGroup]:
    return {group.base_id: group for group in FewTasks().group_nodes(made.graph.get_nodes())}


@pytest.mark.parametrize("name", DATAFLOWS)
def test_every_node_is_in_one_task_and_no_two_tasks_wait_for_each_other(name: str) -> None:
    made = build(name)
    groups = groups_of(made)
    nodes = [node.name for group in groups.values() for node in group.nodes]
    assert sorted(nodes) == sorted(node.name for node in made.graph.get_nodes())
    assert in_turn(groups), "some tasks wait for each other"


@pytest.mark.parametrize("name", ["bronze", "gold", "assessment", "notify"])
def test_without_a_block_there_is_one_task(name: str) -> None:
    assert list(groups_of(build(name))) == ["stage-0"]


def test_around_silvers_block_there_are_two() -> None:
    expected = {"stage-0", "expand-window", "block-window", "collect-window", "stage-1"}
    assert groups_of(build("silver")).keys() == expected


def test_blocks_one_after_the_other_have_a_task_between_them() -> None:
    def number(count: int) -> Parallelizable[int]:
        """Each number below the count."""
        yield from range(count)

    def square(number: int, offset: int) -> int:
        """Its square, moved."""
        return number * number + offset

    def squares(square: Collect[int]) -> list[int]:
        """All of them."""
        return list(square)

    def total(squares: list[int], count: int) -> int:
        """Their sum and count."""
        return sum(squares) + count

    def part(total: int) -> Parallelizable[int]:
        """Two numbers from there."""
        yield from (total, total + 1)

    def double(part: int) -> int:
        """Twice that."""
        return 2 * part

    def doubles(double: Collect[int]) -> list[int]:
        """All of these."""
        return list(double)

    def last(doubles: list[int], offset: int) -> list[int]:
        """What is left."""
        return [*doubles, offset]

    made = driver_of(create_temporary_module(number, square, squares, total, part, double, doubles, last))
    stages = {
        name: group.available_nodes for name, group in groups_of(made).items() if name.startswith("stage")
    }
    assert stages == {"stage-0": {"count", "offset"}, "stage-1": {"total"}, "stage-2": {"last"}}
    found = made.execute(["last", "total", "squares"], inputs={"count": 4, "offset": 1})
    assert found == {"last": [44, 46, 1], "total": 22, "squares": [1, 2, 5, 10]}


def in_turn(groups: dict[str, NodeGroup]) -> bool:
    """True when all groups can run, each after those that it needs."""
    group_of = {node.name: name for name, group in groups.items() for node in group.nodes}

    def needed(nodes: list[Node], own: str) -> set[str]:
        return {group_of[other.name] for node in nodes for other in node.dependencies} - {own}

    waiting = {name: needed(group.nodes, name) for name, group in groups.items()}
    while ready := [name for name, others in waiting.items() if not others & waiting.keys()]:
        for name in ready:
            del waiting[name]
    return not waiting
