"""Files that hang, end or bloat their decoder: each costs itself, within its limits; the chunk goes on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from datalake import factory, tasks
from datalake.adapters.media.children import MediaChildren
from datalake.adapters.media.limits import TRIES
from datalake.settings import Settings
from tests.faults.rogue_files import rogue_file
from tests.task_world import World

pytestmark = pytest.mark.postgres

ENTRY = "tests.faults.rogue_files"
TIMEOUT_S = 5
RESIDENT_MIB = 256
STARTING_S = 20  # a child, where every processor has more than enough to do


@pytest.fixture
def rogue_world(world: World, configure: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> World:
    """Tasks whose children do what the files say."""
    configure(
        CHILD_TIMEOUT_S=TIMEOUT_S,
        CHILD_TIMEOUT_PER_VIDEO_S=1,
        CHILD_RESIDENT_BYTES=RESIDENT_MIB * 1024**2,
        VIDEOS_AT_ONCE=3,
        CHILDREN_AT_ONCE=3,
    )
    build = factory.build_media_children

    def rogues(config: Settings, videos: int, decode: bool = False) -> MediaChildren:
        return MediaChildren(config.silver.children_at_once, build(config, videos, decode).limits, ENTRY)

    monkeypatch.setattr(factory, "build_media_children", rogues)
    return world


def lasted_s(world: World) -> dict[str, float]:
    """Seconds that silver was at each file, by its name."""
    found = world.rows(
        "SELECT arrived->>'uri' AS uri, extract(epoch FROM ended_at - started_at)::float AS seconds"
        " FROM video_attempts JOIN ledger USING (message_id) WHERE layer = 'silver'"
    )
    return {Path(str(one["uri"])).name: float(str(one["seconds"])) for one in found}


def test_each_is_quarantined_within_its_limits_and_the_rest_of_the_chunk_finishes(rogue_world: World) -> None:
    good = [rogue_world.good(frames) for frames in (30, 40, 50)]
    bad = [rogue_file(good[0], wish) for wish in ("hang", "die", "eat")]
    (chunk,) = rogue_world.plan(*(file for pair in zip(bad, good, strict=True) for file in pair))
    tasks.gold(tasks.silver(tasks.bronze(chunk)))
    assert rogue_world.outcomes() == {
        **{file.name: ("done", None) for file in good},
        "hang.mp4": ("quarantined", "decoder_hung"),
        "die.mp4": ("quarantined", "decoder_died"),
        "eat.mp4": ("quarantined", "decoder_out_of_memory"),
    }
    found = rogue_world.rows("SELECT reason, detail FROM ledger WHERE outcome = 'quarantined'")
    details = {one["reason"]: str(one["detail"]) for one in found}
    assert "no answer within the time limit" in details["decoder_hung"]
    assert "SIGSEGV" in details["decoder_died"]
    assert f"CHILD_RESIDENT_BYTES allows {RESIDENT_MIB} MiB" in details["decoder_out_of_memory"]
    spent_s = lasted_s(rogue_world)
    assert spent_s["hang.mp4"] >= TRIES * TIMEOUT_S
    assert max(spent_s[file.name] for file in bad) < TRIES * (3 * TIMEOUT_S + STARTING_S)
