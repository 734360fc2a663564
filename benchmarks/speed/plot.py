"""The results as one picture: seconds of video a second, and the limit of the machine as a line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.speed.report import Result

_OURS, _OTHERS, _LIMIT = "#2f6f9f", "#b8c4cc", "#c0392b"


def write_plot(found: Sequence[Result], path: Path) -> None:
    """A panel for each case in which several work on video, as a PNG; nothing where there is none."""
    shown = [result for result in found if sum(row.video_s_per_s is not None for row in result.rows) > 1]
    if not shown:
        return
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, panels = plt.subplots(
        len(shown), 1, figsize=(9, 1.9 * len(shown)), layout="constrained", squeeze=False
    )
    for result, panel in zip(shown, panels[:, 0], strict=True):
        rows = [row for row in result.rows if row.video_s_per_s]
        rates = [row.video_s_per_s for row in rows]
        colours = [_OURS, *[_OTHERS] * (len(rows) - 1)]
        bars = panel.barh([row.contender for row in rows], rates, color=colours)
        panel.bar_label(bars, fmt="%.1f", padding=3)
        panel.invert_yaxis()
        panel.margins(x=0.12)
        panel.set_title(result.about, loc="left", fontsize=9)
        panel.spines[["top", "right"]].set_visible(False)
        if result.limit_video_s_per_s:
            panel.axvline(result.limit_video_s_per_s, color=_LIMIT, linestyle="--")
            panel.text(result.limit_video_s_per_s, -0.55, " limit", color=_LIMIT, fontsize=8)
    panels[-1, 0].set_xlabel("seconds of video a second")
    figure.savefig(path, dpi=120)
    plt.close(figure)
