"""Everything heavy that a task may import, loaded once by the forkserver that tasks are forked from.

Imports only: a model, an OpenMP pool or a CUDA context made here would be broken in every child.
"""

# the import of these files is the greater part of what is left of a task's start
import airflow.sdk.execution_time.task_runner  # noqa: F401
import av  # noqa: F401
import confluent_kafka  # noqa: F401
import cv2  # noqa: F401
import hamilton.driver  # noqa: F401
import open_clip  # noqa: F401
import psycopg2.extras  # noqa: F401
import pyarrow.parquet  # noqa: F401
import qdrant_client  # noqa: F401
import timm  # noqa: F401
import torch  # noqa: F401
