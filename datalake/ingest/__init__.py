"""The consumer's brain: messages into the ledger, batches into runs, letters out."""
