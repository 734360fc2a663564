"""Documents written from the code; `sync-datalake-files.py` writes and checks them."""
