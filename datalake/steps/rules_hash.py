"""What a verdict on bytes holds for: another option or limit may find something else."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict

from datalake.settings import SilverSettings
from datalake.silver_layer.identity import SilverOptions


def rules_hash(options: SilverOptions, silver: SilverSettings) -> str:
    """16 hex digits over the options of the work, the model's name, and the limits of the children."""
    settings = silver.model_dump(mode="json")
    limits = {name: settings[name] for name in settings if name.startswith("child_")}
    limits |= {"embedder": silver.embedder, "max_deaths_alone": silver.max_deaths_alone}
    canonical = json.dumps(asdict(options) | limits, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]
