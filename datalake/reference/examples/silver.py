"""The example in silver's notebook; every `# %%` starts a cell."""

# %% [markdown] silver-example
# ## An example
#
# A clip of a cartoon, four frames a second. Frames are decoded in a child process and seen by a real model;
# the lake is a dictionary in memory. Change a line and run the cells again.

# %% silver-bronze
from datalake.adapters.frame_table import ParquetFrameTable
from datalake.adapters.memory.lake import MemoryLake
from datalake.contracts import Options
from datalake.pipeline import run_layer
from datalake.reference.examples import bench, shown
from datalake.settings import QualitySettings

lake, embedder = MemoryLake(), bench.embedder()
arrived = bench.message("bunny", Options(interval_s=0.25, derivatives=("poster",)))
bronze_video = bench.landed(arrived, lake)
shown.record(arrived.options)

# %% [markdown] silver-run-words
# The bytes, the model, and the sender's options over the settings name the work. The same work is done
# once.

# %% silver-run
options, work = bench.work_of(arrived, bronze_video, embedder)
with bench.frame_source(bronze_video, lake) as frame_source:
    ports = {"lake": lake, "frame_source": frame_source, "embedder": embedder}
    records = {"bronze_video": bronze_video, "work": work}
    silver_video = run_layer("silver", {**records, **options.as_inputs(), **ports})
shown.record(silver_video)

# %% [markdown] silver-kept-words
# The frames that were kept, their scores, and what the model thinks is in them.

# %% silver-kept
frame_table = ParquetFrameTable(lake)
rows = [row for key in silver_video.part_keys for row in frame_table.rows(key)]
kept = [row for row in rows if row.duplicate_of_us is None]
shown.frames(kept, lake)

# %% [markdown] silver-dropped-words
# Near-duplicates are neither stored as images nor embedded. They stay as rows that name the frame which
# stands for them.

# %% silver-dropped
shown.duplicates(rows)

# %% [markdown] silver-assessment-words
# What the clip is worth is derived from the stored scores: other thresholds need no decoding.

# %% silver-assessment
inputs = {"silver_video": silver_video, "frame_table": frame_table}
thresholds = bench.defaults(QualitySettings)
assessment = run_layer("assessment", {"bronze_video": bronze_video, **inputs, **thresholds})
shown.scores(assessment.quality)

# %% silver-metadata
shown.record(assessment.metadata)

# %% [markdown] silver-derivatives-words
# The sender asked for a poster. It is the best frame, whose image is in the lake already; proxies are
# made in a child.

# %% silver-derivatives
inputs |= {"assessment": assessment, "lake": lake, "derivative_names": arrived.options.derivatives}
with bench.transcoding(bronze_video, lake) as ports:
    derivatives = run_layer("derivatives", {**inputs, **ports})
[poster] = derivatives.items
shown.pictures([lake.read_bytes(poster.key)], [f"{poster.name}\n{poster.time_us / 1e6:.2f} s"])
