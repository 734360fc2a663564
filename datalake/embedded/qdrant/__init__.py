"""Qdrant's own engine behind the part of Qdrant's REST API that this project uses.

`python -m datalake.embedded.qdrant --data DIR --port N` serves; `endpoints.py` lists what it can do.
Everything else answers 501 by name. Nothing outside this package knows that it exists: all others talk
to it with `qdrant-client` by URL, as to any Qdrant server.
"""
