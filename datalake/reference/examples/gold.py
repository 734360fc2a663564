"""The example in gold's notebook; every `# %%` starts a cell."""

# %% [markdown] gold-example
# ## An example
#
# A cartoon and a bicycle race, which went through bronze and silver as in their notebooks. Catalog and
# vector index are the fakes that ship in `datalake/adapters/memory/`: dictionaries with the rules of
# PostgreSQL and Qdrant.

# %% gold-records
from datalake.adapters.frame_table import ParquetFrameTable
from datalake.adapters.memory.catalog import MemoryCatalog
from datalake.adapters.memory.lake import MemoryLake
from datalake.adapters.memory.vector_index import MemoryVectorIndex
from datalake.adapters.ports import BatchMails, BatchReport, Mail
from datalake.adapters.smtp.template import JinjaMailTemplate
from datalake.pipeline import run_layer
from datalake.reference.examples import bench, shown

lake, embedder = MemoryLake(), bench.embedder()
videos = [bench.refined(bench.message(clip), embedder, lake) for clip in ("bunny", "bikes")]
shown.record(videos[0]["claimed_video"])


# %% gold-catalog
def compose(report: BatchReport) -> tuple[Mail, ...]:
    """What people are told when the last video of a batch is through."""
    config = {"email_receiver": "team@example.com", "airflow_url": "https://airflow.example.com"}
    made: BatchMails = run_layer(
        "notify", {"batch_report": report, "mail_template": JinjaMailTemplate(), **config}
    )
    return made.mails


catalog, vector_index = MemoryCatalog(compose), MemoryVectorIndex()
for video in videos:
    catalog.add(video["claimed_video"])
shown.record(videos[0]["silver_video"])

# %% [markdown] gold-run-words
# Points first, then rows and outcome in one transaction. What belongs to another asset is refused.

# %% gold-run
stores = {
    "catalog": catalog,
    "vector_index": vector_index,
    "lake": lake,
    "frame_table": ParquetFrameTable(lake),
}
written = [run_layer("gold", {**video, **stores}) for video in videos]
shown.table(
    ("Asset", "Rows", "Points", "Outcome", "Findings"),
    (
        (one.asset_id, one.frame_count, one.point_count, one.outcome.kind, one.outcome.findings)
        for one in written
    ),
)

# %% gold-rows
shown.frames(catalog.frames[videos[1]["silver_video"].work].values(), lake)

# %% [markdown] gold-twice-words
# Gold once more changes nothing: the messages have their outcome.

# %% gold-twice
again = [run_layer("gold", {**video, **stores}).outcome for video in videos]
counts = (vector_index.count(embedder.model), len(catalog.videos), len(catalog.mails))
shown.table(("Outcomes written", "Points", "Videos", "Mails"), [(again, *counts)])

# %% [markdown] gold-search-words
# And found again, by words: a text becomes a vector of the same model, and the nearest points are frames.

# %% gold-search
[wanted] = embedder.embed_text(["a cartoon rabbit"])
shown.hits(vector_index.search(embedder.model, wanted, limit=5), lake)

# %% gold-search-bikes
[wanted] = embedder.embed_text(["bicycle race"])
shown.hits(vector_index.search(embedder.model, wanted, limit=5), lake)

# %% [markdown] gold-mail-words
# One of the mails, as HTML; it has a plain text beside it.

# %% gold-mail
shown.mail(catalog.mails[-2])
