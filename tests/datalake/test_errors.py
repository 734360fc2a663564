from __future__ import annotations

import pickle
import re

import pytest

from datalake import errors
from datalake.contracts import Finding
from datalake.errors import BadMessage, BadVideo, PipelineError, TerminalError, TransientError

FINDING = Finding(code="truncated", severity="error", evidence="ends early", remedy="Send it again.")
EVERY = [
    value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, PipelineError)
]


def example(kind: type[PipelineError]) -> PipelineError:
    if issubclass(kind, BadMessage):
        return kind("not_json", "Line 1 is no JSON.")
    return kind(FINDING) if issubclass(kind, BadVideo) else kind("words")


@pytest.mark.parametrize("kind", EVERY)
def test_an_error_is_transient_or_terminal_and_never_both(kind: type[PipelineError]) -> None:
    if kind is not PipelineError:
        assert issubclass(kind, TransientError) != issubclass(kind, TerminalError)


@pytest.mark.parametrize("kind", EVERY)
def test_the_tree_in_the_docstring_shows_every_error_under_its_parent(kind: type[PipelineError]) -> None:
    lines = (errors.__doc__ or "").splitlines()
    depth = {match[2]: len(match[1]) for line in lines if (match := re.match(r"([ │├└─]*)(\w+)", line))}
    parent = kind.__bases__[0]
    assert kind.__name__ in depth
    assert parent is Exception or depth[parent.__name__] < depth[kind.__name__]


@pytest.mark.parametrize("kind", EVERY)
def test_an_error_survives_a_trip_to_another_process(kind: type[PipelineError]) -> None:
    error = example(kind)
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), str(copy), vars(copy)) == (kind, str(error), vars(error))


def test_an_error_says_what_and_why() -> None:
    assert str(BadMessage("not_json", "Line 1 is no JSON.")) == "not_json: Line 1 is no JSON."
    assert str(BadVideo(FINDING)) == "truncated: ends early"
