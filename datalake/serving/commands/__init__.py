"""The commands of `datalake`, one module a topic; each imports what it needs when it is called."""
