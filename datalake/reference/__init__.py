"""Documents written from the code; `scripts/sync` writes and checks them."""
