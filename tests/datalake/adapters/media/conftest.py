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
def read(
    media: MediaChildren, make_clip: Callable[..., Path], tmp_path: Path
) -> Iterator[Callable[..., Reader]]:
    """`read(damage=..., threads=..., **recipe)` opens a clip by its facts; `damage` changes its bytes."""
    with ExitStack() as opened:

        def reader(
            damage: Callable[[bytes], bytes] | None = None, threads: int = 1, **recipe: object
        ) -> Reader:
            path = make_clip(**recipe)
            facts = media.probe_port().probe(path).media
            assert facts is not None
            assert facts.video is not None
            if damage is not None:
                content = damage(path.read_bytes())
                path = tmp_path / path.name
                path.write_bytes(content)
            return opened.enter_context(closing(Reader(str(path), CodedVideo.of(facts.video), threads)))

        yield reader
