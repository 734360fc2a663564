"""The whole stack on one machine, from packages; the pipeline knows only its addresses."""
