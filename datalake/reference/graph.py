"""A layer's dataflow as plain records: what the picture and the node table are made of."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, is_dataclass
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import numpy as np
from hamilton.driver import Driver
from hamilton.graph_types import HamiltonGraph, HamiltonNode
from hamilton.htypes import Collect, Parallelizable

from datalake.contracts import Contract, Options
from datalake.reference.settings_reference import setting_description

Role = Literal["record", "port", "setting", "node", "each", "all"]

_UNITS = {
    "s": "s",
    "us": "µs",
    "ms": "ms",
    "px": "px",
    "deg": "°",
    "dbfs": "dBFS",
    "fps": "frames/s",
    "bps": "bit/s",
    "bytes": "bytes",
    "bits": "bits",
    "share": "0 to 1",
}

_RANGE = re.compile(r", (0 to \d+(?:\.\d+)?)\b")

# what is neither a setting nor an option by that name, but made of them by the caller
_OTHERS = {
    "derivative_names": "What to make besides frames: the sender's option `derivatives`, else DERIVATIVES",
    "duration_limit_s": "Nothing is wanted from here on: MAX_DURATION_S in lenient mode, else to the end",
    "rules_hash": "16 hex digits over mode, options and limits that a verdict on bytes holds for",
    "scratch_folder": "Folder for files that are being made; it goes when the video is through",
}


@dataclass(frozen=True)
class GraphNode:
    """One node or external input of a layer.

    Attributes:
        role: record (what the dataflow is about), port (a door to the world), setting, or a node:
            `each` starts the part that runs once an item, `all` collects it again.
        needs: names of nodes and inputs, in the order of the function's parameters.
    """

    name: str
    role: Role
    type: str
    description: str
    module: str
    needs: tuple[str, ...]

    @property
    def is_input(self) -> bool:
        """True for what comes from outside the layer."""
        return self.role in ("record", "port", "setting")

    @property
    def unit(self) -> str:
        """Unit by the last word of the name, else the range that the description ends in; empty without."""
        by_name = _UNITS.get(self.name.rsplit("_", 1)[-1], "") if "_" in self.name else ""
        stated = _RANGE.search(self.description)
        return by_name or (stated[1] if stated else "")


def graph_nodes(driver: Driver) -> list[GraphNode]:
    """Inputs of a driver by name, then its nodes in the order of the modules and of their functions."""
    modules = [module.__name__ for module in driver.graph_modules]
    nodes = HamiltonGraph.from_graph(driver.graph).nodes
    return [_graph_node(node) for node in sorted(nodes, key=lambda node: _place(node, modules))]


def _place(node: HamiltonNode, modules: Sequence[str]) -> tuple[int, int, str]:
    if node.is_external_input or not node.originating_functions:
        return -1, 0, node.name
    function = node.originating_functions[0]
    return modules.index(function.__module__), inspect.unwrap(function).__code__.co_firstlineno, node.name


def _graph_node(node: HamiltonNode) -> GraphNode:
    function = node.originating_functions[0] if node.originating_functions else None
    if node.is_external_input or function is None:
        role = _input_role(node.type)
        return GraphNode(node.name, role, type_name(node.type), _input_description(node, role), "", ())
    return GraphNode(
        name=node.name,
        role=_node_role(node.type, function),
        type=type_name(node.type),
        description=_first_paragraph(node.documentation or ""),
        module=function.__module__,
        needs=_parameters(function, node),
    )


def _parameters(function: Callable[..., Any], node: HamiltonNode) -> tuple[str, ...]:
    """Dependencies in the order in which the function names them, decorators' extra ones last."""
    needed = node.required_dependencies | node.optional_dependencies
    order = {name: place for place, name in enumerate(inspect.signature(function).parameters)}
    return tuple(sorted(needed, key=lambda name: (order.get(name, len(order)), name)))


def _input_role(kind: Any) -> Role:
    if inspect.isclass(kind) and (issubclass(kind, Contract) or is_dataclass(kind)):
        return "record"
    return "port" if inspect.isabstract(kind) else "setting"


def _node_role(kind: Any, function: Callable[..., Any]) -> Role:
    if get_origin(kind) is Parallelizable:
        return "each"
    hints = get_type_hints(function).values()
    return "all" if any(get_origin(hint) is Collect for hint in hints) else "node"


def _input_description(node: HamiltonNode, role: Role) -> str:
    """The type's own words; for a setting those of the setting or the sender's option with that name."""
    if role != "setting":
        return _first_paragraph(node.type.__doc__ or "")
    option = Options.model_fields.get(node.name)
    words = setting_description(node.name) or (option.description if option else _OTHERS.get(node.name))
    return (words or "").rstrip(".")


def _first_paragraph(text: str) -> str:
    return " ".join(inspect.cleandoc(text).split("\n\n")[0].split())


def type_name(kind: Any) -> str:
    """A type as one writes it, without modules: `tuple[Frame, ...]`; arrays by element type."""
    if kind is Ellipsis:
        return "..."
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is None:
        return str(getattr(kind, "__name__", kind)).replace("NoneType", "None")
    if origin in (UnionType, Union):
        return " | ".join(map(type_name, arguments))
    if origin is Annotated:
        return type_name(arguments[0])
    if origin is Literal:
        return " | ".join(map(repr, arguments))
    if origin is np.ndarray:
        return f"array[{', '.join(map(type_name, get_args(arguments[1])))}]"
    if origin.__name__ == "NDArray":  # an alias of its own from NumPy 2.5 on
        return f"array[{type_name(arguments[0])}]"
    return f"{origin.__name__}[{', '.join(map(type_name, arguments))}]"
