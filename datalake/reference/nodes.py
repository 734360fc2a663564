"""docs/nodes.md, and the node tables of the notebooks: what each dataflow is made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib import import_module
from inspect import getdoc

from datalake import pipeline
from datalake.reference.graph import GraphNode, graph_nodes
from datalake.reference.markdown import anchor, code, codes, page, table

_KINDS = {"record": "record coming in", "port": "port to the world", "setting": "setting or option"}
_INTRO = """\
A node is a Python function: its name is the noun it makes, its parameters are what that is made from. To
add one, write the function in the module where it belongs and name it as a parameter of the node that
needs it; nothing is registered. `datalake/pipeline.py` says which modules make a dataflow."""


def nodes_page() -> str:
    """Every dataflow in the order of the pipeline, with its nodes and what it is given."""
    index = "\n".join(
        f"* [{title(name)}]({anchor(title(name))}): {flow.question}"
        for name, flow in pipeline.DATAFLOWS.items()
    )
    flows = (_dataflow(name, graph_nodes(pipeline.build(name))) for name in pipeline.DATAFLOWS)
    return page("Nodes", "the functions of `datalake/*_layer/`", _INTRO, index, *flows)


def title(name: str) -> str:
    """What a dataflow is called in headings."""
    return f"{name.capitalize()} layer" if name in pipeline.LAYERS else name.capitalize()


def purpose(name: str) -> str:
    """What a dataflow takes and gives, and what its modules are for."""
    flow = pipeline.DATAFLOWS[name]
    modules = "".join(f"\n* `{module}`: {_module_words(module)}" for module in flow.modules)
    return (
        f"Takes `{flow.takes.__name__}`, gives `{flow.gives.__name__}`; "
        f"one execution a {flow.once_a}.\n{modules}"
    )


def node_table(nodes: Iterable[GraphNode]) -> str:
    """What the dataflow makes: name, type, unit, meaning, and what each is made from."""
    return table(
        ("Node", "Type", "Unit or range", "What it is", "Made from"),
        (
            (code(n.name), code(n.type), n.unit, n.description, codes(n.needs))
            for n in nodes
            if not n.is_input
        ),
    )


def input_table(nodes: Iterable[GraphNode]) -> str:
    """What the dataflow is given."""
    return table(
        ("Input", "Type", "Unit or range", "Kind", "What it is"),
        ((code(n.name), code(n.type), n.unit, _KINDS[n.role], n.description) for n in nodes if n.is_input),
    )


def _dataflow(name: str, nodes: Sequence[GraphNode]) -> str:
    flow = pipeline.DATAFLOWS[name]
    made = (_module(module, [n for n in nodes if n.module == module]) for module in flow.modules)
    heading = f"## {title(name)}\n\n{flow.question} {purpose(name)}"
    return "\n\n".join((heading, *made, f"### Given to {name}", input_table(nodes)))


def _module(module: str, nodes: Sequence[GraphNode]) -> str:
    return f"### `{module.replace('.', '/')}.py`\n\n{node_table(nodes)}"


def _module_words(module: str) -> str:
    return " ".join((getdoc(import_module(module)) or "").split("\n\n")[0].split())
