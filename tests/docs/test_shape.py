"""The sizes that CONTRIBUTING promises, and the few places that may catch everything."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from datalake.settings import PROJECT_ROOT

CODE = ("datalake", "dags", "scripts", "*.py")
TESTS = ("tests", "benchmarks")
# Boundaries, each with its reason beside the `except`; everything else names what it catches.
MAY_CATCH_ALL = {
    "datalake/chunks.py": 1,  # one video's bug must not take the chunk with it
    "datalake/tasks.py": 1,  # counted against the batch's attempt, then raised
    "datalake/ingest/batches.py": 1,  # ingest must not stand still for one batch
    "datalake/adapters/media/child.py": 1,  # told to the parent: a finding, and the trace in the log
    "datalake/preload.py": 1,  # else no task of any DAG would start; each task meets the error itself
    "datalake/embedded/qdrant/catalog.py": 1,  # the engine's errors share no base; each names the folder
}


def sources(patterns: tuple[str, ...]) -> list[Path]:
    """Every Python file below these folders, or matching these names."""
    found = [path for pattern in patterns for path in PROJECT_ROOT.glob(pattern)]
    files = [file for path in found for file in (path.rglob("*.py") if path.is_dir() else [path])]
    return sorted(file for file in files if file.suffix == ".py")


def too_long(name: str, text: str, most_lines: int, most_function_lines: int) -> Iterator[str]:
    """What is longer than it may be, with its place and length."""
    lines = len(text.splitlines())
    if lines > most_lines:
        yield f"{name}: {lines} lines, at most {most_lines}"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > most_function_lines:
                yield f"{name}:{node.lineno} {node.name}: {length} lines, at most {most_function_lines}"


def broad_excepts(text: str) -> int:
    """Handlers that catch everything, also by a tuple, a bare `except` or `suppress`.

    One that ends in a bare `raise` only cleans up.
    """
    found = 0
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ExceptHandler):
            end = node.body[-1]
            cleans_up = isinstance(end, ast.Raise) and end.exc is None
            found += not cleans_up and (node.type is None or _names_all(node.type))
        elif isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "suppress":
            found += any(_names_all(argument) for argument in node.args)
    return found


def _names_all(node: ast.expr) -> bool:
    names = {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
    return bool(names & {"Exception", "BaseException"})


def offenders(patterns: tuple[str, ...], most_lines: int, most_function_lines: int) -> list[str]:
    files = sources(patterns)
    assert len(files) > 10
    return [
        offender
        for file in files
        for offender in too_long(
            str(file.relative_to(PROJECT_ROOT)), file.read_text("utf-8"), most_lines, most_function_lines
        )
    ]


def test_code_is_short() -> None:
    assert offenders(CODE, 250, 40) == []


def test_tests_are_short() -> None:
    assert offenders(TESTS, 320, 60) == []


def test_everything_is_caught_at_the_named_boundaries_only() -> None:
    found = {
        str(file.relative_to(PROJECT_ROOT)): count
        for file in sources(CODE)
        if (count := broad_excepts(file.read_text("utf-8")))
    }
    assert found == MAY_CATCH_ALL


def test_an_offender_is_named_with_its_place() -> None:
    text = "x = 1\n\n\ndef long():\n" + "    pass\n" * 41
    assert list(too_long("a.py", text, 44, 40)) == [
        "a.py: 45 lines, at most 44",
        "a.py:4 long: 42 lines, at most 40",
    ]
    assert list(too_long("a.py", text, 45, 42)) == []


@pytest.mark.parametrize(
    ("handler", "count"),
    [
        ("except Exception: pass", 1),
        ("except (ValueError, BaseException) as error: raise KeyError from error", 1),
        ("except: pass", 1),
        ("except BaseException: raise", 0),
        ("except ValueError: pass", 0),
    ],
)
def test_a_broad_except_is_seen(handler: str, count: int) -> None:
    assert broad_excepts(f"try: pass\n{handler}\n") == count


def test_a_broad_suppress_is_seen() -> None:
    assert broad_excepts("with contextlib.suppress(Exception):\n    pass\n") == 1
