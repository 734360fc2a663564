"""The whole stack on one machine, from packages: servers, their supervisor, and nothing the pipeline knows."""
