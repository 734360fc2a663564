"""Damaged videos through the real media children: whatever their bytes are, our own code does not fail.

    python -m benchmarks.fuzz_files ~/videos                          2,000 damaged copies of a folder's files
    python -m benchmarks.fuzz_files a.mp4 b.mkv --files 200 --seed 2  other damage

Bytes at the beginning, at the end or anywhere become others, a few in a row become the least or the largest
number, pieces become longer or shorter, or the rest is missing. Each copy is probed, frames are decoded in
one of the modes, and one in five gets a proxy. That a copy is refused, or ends its child, is an outcome; only
an error of our own code (`code_failed`) is a fault: its place is shown, and the copy is kept.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import get_args

from rich.console import Console
from rich.progress import track

from datalake import factory, settings
from datalake.adapters.media.children import MediaChildren
from datalake.adapters.ports import Sampling
from datalake.contracts import MediaFacts, SamplingMode
from datalake.errors import BadVideo
from datalake.findings import OURS

_HEAD_BYTES, _TAIL_BYTES, _PIECE_BYTES = 4_000, 6_000, 200
_EXTREMES = (*(one * size for one in (b"\x00", b"\xff") for size in (1, 2, 4, 8)), b"\x7f\xff\xff\xff")
_WINDOW_MAX_BYTES = 64 * 1024**2
_MOST_FRAMES = 6
_PROXY_SHARE, _PROXY_S, _PROXY_HEIGHT_PX = 0.2, 2.0, 96


def main(arguments: list[str] | None = None) -> int:
    """Damage files; 1 when our own code failed over a copy, 2 when there are no files."""
    options = _parser().parse_args(arguments)
    videos = [file for path in options.videos for file in ([path] if path.is_file() else path.rglob("*"))]
    videos = sorted(file for file in videos if file.is_file() and file.stat().st_size)
    if not videos:
        print(f"fuzz_files: no file in {', '.join(map(str, options.videos))}", file=sys.stderr)
        return 2
    options.kept.mkdir(parents=True, exist_ok=True)
    console, outcomes = Console(), Counter[str]()
    with factory.build_media_children(settings.load(), len(videos)) as media:
        for number in track(range(options.files), "Damaged copies", console=console):
            chance = random.Random(f"{options.seed}-{number}")
            copy = options.kept / f"{number}{(video := chance.choice(videos)).suffix}"
            copy.write_bytes(damaged(video.read_bytes(), chance))
            outcomes[ending := outcome(media, copy, chance)] += 1
            if ending in OURS:
                console.print(f"kept: {copy}")
            else:
                copy.unlink()
    for code, count in outcomes.most_common():
        console.print(f"{count:6} {code}")
    return int(any(outcomes[code] for code in OURS))


def outcome(media: MediaChildren, copy: Path, chance: random.Random) -> str:
    """How a copy ends: an error of our own code, else its first finding.

    Args:
        media: who probes, decodes and makes a proxy, whatever the probe says.
        copy: of a video, damaged.
        chance: decides how it is decoded.
    """
    probe = media.probe_port().probe(copy)
    codes = [one.code for one in probe.findings]
    if probe.media is not None and probe.media.video is not None and probe.media.measured_duration_s:
        try:
            codes += _decoded(media, copy, probe.media, chance)
        except BadVideo as bad:
            codes.append(bad.finding.code)
    return next((code for code in codes if code in OURS), codes[0] if codes else "nothing found")


def damaged(content: bytes, chance: random.Random) -> bytes:
    """The bytes after one kind of damage, once or many times."""
    kind = chance.choice(("head", "tail", "anywhere", "numbers", "pieces", "cut"))
    if kind == "cut":
        return content[: chance.randrange(1, len(content) + 1)]
    changed = bytearray(content)
    for _ in range(chance.choice((1, 2, 5, 20, 100))):
        first = max(0, len(changed) - _TAIL_BYTES) if kind == "tail" else 0
        past = min(len(changed), _HEAD_BYTES) if kind == "head" else len(changed)
        place = chance.randrange(first, past)
        if kind == "pieces":
            lost, new = chance.randrange(_PIECE_BYTES), chance.randrange(1, _PIECE_BYTES)
            changed[place : place + lost] = chance.randbytes(new)
        elif kind == "numbers":
            number = chance.choice(_EXTREMES)
            changed[place : place + len(number)] = number
        else:
            changed[place] = chance.randrange(256)
    return bytes(changed)


def _decoded(media: MediaChildren, copy: Path, facts: MediaFacts, chance: random.Random) -> list[str]:
    """What is found at decoding some frames in one of the modes; perhaps a proxy is made as well."""
    interval_s = max((facts.measured_duration_s or 0.0) / 4, 0.05)
    mode: SamplingMode = chance.choice(get_args(SamplingMode))
    has_proxy = chance.random() < _PROXY_SHARE
    codes: list[str] = []
    with media.frame_source(copy, facts) as source:
        for window in source.windows(Sampling(interval_s, _MOST_FRAMES, _WINDOW_MAX_BYTES, mode=mode)):
            codes += [one.code for one in source.decoded(window).findings]
    if has_proxy:
        with (
            tempfile.TemporaryDirectory() as folder,
            media.transcoder(copy, facts, _PROXY_S) as transcoder,
        ):
            transcoder.proxy(_PROXY_HEIGHT_PX, Path(folder), {})
    return codes


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.fuzz_files",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("videos", type=Path, nargs="+", help="files, and folders of them")
    parser.add_argument("--files", type=int, default=2000, help="damaged copies (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="decides all of them (default: %(default)s)")
    parser.add_argument(
        "--kept",
        type=Path,
        default=Path(tempfile.gettempdir(), "fuzz-files"),
        help="where faults are kept (default: %(default)s)",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
