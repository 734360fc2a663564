"""What the runs of a case say: medians, ratios and whether they are as good as they have to be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from rich.console import Console
from rich.table import Table

from benchmarks.speed.cases import Case
from benchmarks.speed.contenders import Measured, is_limit

Runs = Mapping[str, Sequence[Measured]]


@dataclass(frozen=True)
class Row:
    """One contender's runs.

    Attributes:
        contender: its name.
        runs: how many there were.
        wall_s: median of the wall times.
        wall_range_s: the shortest and the longest.
        cpu_s: median of the processor times.
        video_s_per_s: seconds of video a second; None where there is no video.
    """

    contender: str
    runs: int
    wall_s: float
    wall_range_s: tuple[float, float]
    cpu_s: float
    video_s_per_s: float | None


@dataclass(frozen=True)
class Result:
    """A case's rows and ratios of its medians.

    Attributes:
        times_faster: the first contender against each other one that is no part of a limit.
        limit_s: processor time of the parts of the limit, on all cores; None where the case has none.
        share_of_limit: of the first contender; None likewise.
        limit_video_s_per_s: seconds of video a second at the limit; None likewise, or without video.
        batch_fill: how full the first contender's batches were, 0 to 1; None where it counts none.
        missed: what the case demands and the runs did not reach.
        commit: of the code that was measured.
    """

    case: str
    about: str
    rows: tuple[Row, ...]
    times_faster: dict[str, float]
    limit_s: float | None
    share_of_limit: float | None
    limit_video_s_per_s: float | None
    batch_fill: float | None = None
    missed: tuple[str, ...] = ()
    commit: str = ""


def result(case: Case, runs: Runs, cores: int, commit: str = "") -> Result:
    """What came out of a case."""
    rows = {name: _row(case, name, measured) for name, measured in runs.items()}
    ours = rows[case.contenders[0]]
    limits = [row.cpu_s for name, row in rows.items() if is_limit(name)]
    limit_s = round(sum(limits) / cores, 3) if limits else None
    times_faster = {
        name: round(row.wall_s / ours.wall_s, 2)
        for name, row in rows.items()
        if row is not ours and not is_limit(name)
    }
    share_of_limit = round(limit_s / ours.wall_s, 3) if limit_s else None
    batch_fill = _batch_fill(case, runs[case.contenders[0]])
    reached = {**times_faster, "share_of_limit": share_of_limit or 0.0, "batch_fill": batch_fill or 0.0}
    return Result(
        case=case.name,
        about=case.about,
        rows=tuple(rows.values()),
        times_faster=times_faster,
        limit_s=limit_s,
        share_of_limit=share_of_limit,
        limit_video_s_per_s=round(case.clips.video_s / limit_s, 1) if limit_s and case.clips else None,
        batch_fill=batch_fill,
        missed=_missed(case, reached, ours.wall_s),
        commit=commit,
    )


def show(found: Result, console: Console) -> None:
    """One table."""
    table = Table(title=f"{found.case}: {found.about}", title_justify="left")
    for heading in ("", "wall s", "range", "CPU s", "video s / s"):
        table.add_column(heading, justify="left" if not heading else "right")
    for row in found.rows:
        rate = "" if row.video_s_per_s is None else f"{row.video_s_per_s:.1f}"
        low, high = row.wall_range_s
        wall, spread = f"{row.wall_s:.2f}", f"{low:.2f} to {high:.2f}"
        table.add_row(row.contender, wall, spread, f"{row.cpu_s:.2f}", rate)
    console.print(table)
    for name, ratio in found.times_faster.items():
        console.print(f"  {ratio} times as fast as {name}")
    if found.share_of_limit is not None:
        console.print(f"  {100 * found.share_of_limit:.0f} % of the limit ({found.limit_s} s)")
    if found.batch_fill is not None:
        console.print(f"  batches {100 * found.batch_fill:.0f} % full")
    for missed in found.missed:
        console.print(f"  [bold]missed[/bold] {missed}")


def _row(case: Case, name: str, runs: Sequence[Measured]) -> Row:
    walls = [one.wall_s for one in runs]
    wall_s = median(walls)
    has_rate = "frames" in case.counts and not is_limit(name)
    return Row(
        contender=name,
        runs=len(runs),
        wall_s=round(wall_s, 3),
        wall_range_s=(round(min(walls), 3), round(max(walls), 3)),
        cpu_s=round(median(one.cpu_s for one in runs), 3),
        video_s_per_s=round(case.clips.video_s / wall_s, 1) if case.clips and has_rate else None,
    )


def _missed(case: Case, reached: Mapping[str, float], wall_s: float) -> tuple[str, ...]:
    less = [
        f"{name}: {reached[name]} of {least}" for name, least in case.least.items() if reached[name] < least
    ]
    late = [f"{wall_s} s of {case.most_s} s"] if case.most_s is not None and wall_s > case.most_s else []
    return (*less, *late)


def _batch_fill(case: Case, runs: Sequence[Measured]) -> float | None:
    batches = [one.counts["batches"] for one in runs if "batches" in one.counts]
    if not batches or "batch" not in case.options:
        return None
    return round(case.counts["frames"] / (median(batches) * case.options["batch"]), 3)
