from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from datalake.adapters.media.children import MediaChildren
from datalake.adapters.media.decode.coded_video import CodedVideo
from datalake.adapters.media.decode.reader import Reader
from tests.clips import clip, clips_folder
from tests.limits import ROOMY


@pytest.fixture
def make_clip() -> Callable[..., Path]:
    """Makes a clip of a recipe, once a machine and generator."""
    return lambda **recipe: clip(clips_folder(), **recipe)


@pytest.fixture(scope="session")
def media() -> Iterator[MediaChildren]:
    with MediaChildren(slots=2, limits=ROOMY) as children:
        yield children


@pytest.fixture
def read_file(media: MediaChildren) -> Iterator[Callable[..., Reader]]:
    """`read_file(path, threads=..., whole=...)` opens a file by its facts, or by those of `whole`."""
    with ExitStack() as opened:

        def reader(path: Path, threads: int = 1, whole: Path | None = None) -> Reader:
            facts = media.probe_port().probe(whole or path).media
            assert facts is not None
            assert facts.video is not None
            return opened.enter_context(closing(Reader(str(path), CodedVideo.of(facts.video), threads)))

        yield reader


@pytest.fixture
def read(
    read_file: Callable[..., Reader], make_clip: Callable[..., Path], tmp_path: Path
) -> Callable[..., Reader]:
    """`read(damage=..., threads=..., **recipe)` opens a clip; `damage` changes its bytes."""

    def reader(damage: Callable[[bytes], bytes] | None = None, threads: int = 1, **recipe: object) -> Reader:
        whole = path = make_clip(**recipe)
        if damage is not None:
            path = tmp_path / whole.name
            path.write_bytes(damage(whole.read_bytes()))
        return read_file(path, threads, whole)

    return reader
