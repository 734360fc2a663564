"""The example in bronze's notebook; every `# %%` starts a cell."""

# %% [markdown] bronze-example
# ## An example
#
# A message names a clip of a bicycle race. Change a line and run the cells again: everything here happens
# in memory, except that the clip is opened in a child process, as always.

# %% bronze-message
from datalake.adapters.memory.attempts import MemoryKnownContent
from datalake.adapters.memory.lake import MemoryLake
from datalake.contracts import BronzeVideo, ValidationMode, VideoArrived
from datalake.pipeline import run_layer
from datalake.reference.examples import bench, shown
from datalake.settings import BronzeSettings

lake = MemoryLake()
arrived = bench.message("bikes")
shown.record(arrived)

# %% [markdown] bronze-run-words
# The layer is given the message, its ports and its settings by name, as the Airflow task gives them.


# %% bronze-run
def bronze(arrived: VideoArrived, mode: ValidationMode = "strict", min_side_px: int = 16) -> BronzeVideo:
    """What arrived, by these rules."""
    rules = bench.defaults(BronzeSettings) | {"validation_mode": mode, "min_side_px": min_side_px}
    with bench.media() as media:
        ports = {"sources": bench.sources(), "lake": lake, "media_probe": media.probe_port()}
        before = {"known_content": MemoryKnownContent(), "rules_hash": ""}  # nothing was looked at before
        bronze_video: BronzeVideo = run_layer(
            "bronze", {"video_arrived": arrived, **rules, **ports, **before}
        )
    return bronze_video


bronze_video = bronze(arrived)
shown.record(bronze_video)

# %% bronze-findings
shown.findings(bronze_video.findings)

# %% [markdown] bronze-lake-words
# The bytes are in the lake under the name of their content; landing them again changes nothing.

# %% bronze-lake
bronze(arrived)
shown.table(("Key", "Bytes"), ((key, len(data)) for key, data in lake.objects.items()))

# %% [markdown] bronze-cut-words
# The same clip without its end, where this file has its index. What is wrong is a finding with a remedy.

# %% bronze-cut
cut = bronze(bench.message("bikes-cut"))
shown.findings(cut.findings)

# %% [markdown] bronze-modes-words
# What an error stops depends on the validation mode: nothing is left to work on in the cut clip, while
# the whole clip could go on where it is only smaller than we like.

# %% bronze-modes
modes: tuple[ValidationMode, ...] = ("strict", "lenient", "report-only")
of_cut = [bronze(bench.message("bikes-cut"), mode).blocking for mode in modes]
of_small = [bronze(arrived, mode, min_side_px=480).blocking for mode in modes]
header = ("Mode", "The cut clip is stopped by", "The whole one, at MIN_SIDE_PX=480, by")
shown.table(header, zip(modes, of_cut, of_small, strict=True))
