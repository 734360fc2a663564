"""Everything heavy that a task may import, loaded once by the forkserver that tasks are forked from.

Imports only: a model, an OpenMP pool or a CUDA context made here would be broken in every child. Our own
code is here too, a third of a second a task; a task forgets it where a file has changed since
(`datalake.preloaded`), so that a change reaches the next task all the same. Where it cannot be loaded, each
task imports it by itself and says why it cannot: without a fork server no task of any DAG would start.
"""

import gc
import logging

from datalake.libraries import set_policy
from datalake.preloaded import Stamps, forget, loaded, stamps

set_policy()

import airflow.dag_processing.dagbag
import airflow.sdk.definitions.decorators
import airflow.sdk.definitions.retry_policy
import airflow.sdk.execution_time.task_runner  # noqa: F401
import av  # noqa: F401
import confluent_kafka.admin  # noqa: F401
import cv2  # noqa: F401
import fsspec.implementations.http  # noqa: F401
import hamilton.driver  # noqa: F401
import jinja2  # noqa: F401
import open_clip  # noqa: F401
import psycopg2.extras  # noqa: F401
import pyarrow.parquet  # noqa: F401
import pydantic_settings  # noqa: F401
import qdrant_client  # noqa: F401
import s3fs  # noqa: F401
import timm.data.imagenet_info  # noqa: F401
import torch  # noqa: F401
import torchvision.transforms.v2  # noqa: F401
import transformers.models.auto.modeling_auto
import transformers.models.auto.tokenization_auto
import transformers.models.bert.modeling_bert  # noqa: F401

_log = logging.getLogger(__name__)


def _load_ours() -> None:
    import datalake.adapters.embedders.conse
    import datalake.adapters.media.children
    import datalake.adapters.postgres.catalog
    import datalake.adapters.qdrant.index
    import datalake.adapters.smtp.mailer
    import datalake.adapters.smtp.template
    import datalake.ingest.cycle
    import datalake.tasks  # noqa: F401
    from datalake.contracts import Chunk
    from datalake.pipeline import DATAFLOWS, build

    for dataflow in DATAFLOWS:
        build(dataflow)
    Chunk.model_rebuild()


def _loaded_ours() -> Stamps:
    """What is loaded of our code; nothing where a part of it cannot be."""
    try:
        _load_ours()
    except Exception:  # noqa: BLE001 - a boundary: else no task of any DAG would start
        _log.exception("Our code cannot be loaded ahead; every task imports it by itself")
        forget(set(loaded("datalake")) - {"datalake", __name__})
        return {}
    return stamps("datalake")


SEEN = _loaded_ours()
# A collection in a child would write to every page that it shares with this process.
gc.collect()
gc.freeze()
