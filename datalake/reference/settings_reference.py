"""config/.env.example, docs/settings.md and the README's table of settings, from datalake/settings/."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from datalake import settings
from datalake.errors import ConfigurationError
from datalake.reference.markdown import code, page, table

BEGIN, END = "<!-- settings:begin -->", "<!-- settings:end -->"

# The variables that a new user sets first; every other one has a default that works.
FIRST = (
    "AIRFLOW_UID",
    "PG_CONN_URI",
    "EMAIL_RECEIVER",
    "SMTP_SERVER",
    "SMTP_PORT",
    "SMTP_USER",
    "SMTP_PASSWORD",
)

_HEADER = """\
# Every setting, with its default. Copy this file to `.env` in the project's root and fill in what you need:
# a line that is missing, empty or commented out means the default, or the part of the stack that runs on this
# machine. Generated from datalake/settings/ by scripts/sync.
"""

_OTHERS = (
    "[docs/settings.md](docs/settings.md) has every variable with its default; copy\n"
    "`config/.env.example` to `.env` to start from."
)
_INTRO = """\
Variables are read from the environment, then `.env` beside the README, then what the stack on this
machine has written about itself; the first one that says something wins. No default holds a password."""


@dataclass(frozen=True)
class Variable:
    """One setting as a user meets it."""

    name: str
    description: str
    default: str
    example: str


def groups() -> dict[str, list[Variable]]:
    """Variables by the first line of their settings class, in the order of the module."""
    classes = [value for value in vars(settings).values() if _is_group(value)]
    return {
        (inspect.getdoc(group) or group.__name__).splitlines()[0]: [
            _variable(name, field) for name, field in group.model_fields.items()
        ]
        for group in classes
    }


def first() -> list[Variable]:
    """The variables a new user sets first, in the order they are known by."""
    by_name = {variable.name: variable for variables in groups().values() for variable in variables}
    return [by_name[name] for name in FIRST]


def setting_description(name: str) -> str:
    """What a setting is, by its lower-case name; empty when there is none of that name."""
    everything = (variable for variables in groups().values() for variable in variables)
    return next((v.description for v in everything if v.name == name.upper()), "")


def env_example() -> str:
    """Text of config/.env.example: the first ones to be filled in, the others commented out."""
    lines = [_HEADER, *(_env_lines(variable, "") for variable in first())]
    for title, variables in _others():
        lines.append(f"# ---- {title}\n")
        lines.extend(_env_lines(variable, "# ") for variable in variables)
    return "\n".join(lines)


def readme(current: str) -> str:
    """The README with the table between its two markers brought up to date.

    Raises:
        ConfigurationError: a marker is missing.
    """
    before, begin, rest = current.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ConfigurationError(f"README.md has no {BEGIN} and {END} to put the settings between")
    return f"{before}{BEGIN}\n\n{first_table()}\n\n{_OTHERS}\n\n{END}{after}"


def first_table() -> str:
    """The first variables with an example value."""
    rows = ((code(v.name), v.description, code(v.example)) for v in first())
    return table(("Variable", "Description", "Example Value"), rows)


def settings_page() -> str:
    """docs/settings.md: every variable with its default, by group."""
    groups_ = (
        f"## {title.rstrip('.')}\n\n{_group_table(variables)}" for title, variables in groups().items()
    )
    return page("Settings", "`datalake/settings/`", _INTRO, *groups_)


def _is_group(value: Any) -> bool:
    return (
        inspect.isclass(value)
        and issubclass(value, BaseSettings)
        and value.__module__.startswith(settings.__name__)
        and value is not settings.SettingsGroup
    )


def _variable(name: str, field: FieldInfo) -> Variable:
    default = _shown(field.get_default(call_default_factory=True, validated_data={}))
    example = str(field.examples[0]) if field.examples else default
    return Variable(name.upper(), (field.description or "").rstrip("."), default, example)


def _shown(value: Any) -> str:
    """A value as one types it in a dotenv file."""
    if value is None:
        return ""
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, str | Path):
        return str(value)
    return json.dumps(value, default=str)


def _others() -> Iterator[tuple[str, list[Variable]]]:
    """Groups without the first variables."""
    for title, variables in groups().items():
        if rest := [variable for variable in variables if variable.name not in FIRST]:
            yield title.rstrip("."), rest


def _env_lines(variable: Variable, off: str) -> str:
    value = variable.default if off else ""
    example = f" Example: {variable.example}" if not off else ""
    return f"# {variable.description}.{example}\n{off}{variable.name}={value}\n"


def _group_table(variables: list[Variable]) -> str:
    rows = ((code(v.name), v.description, _default_cell(v)) for v in variables)
    return table(("Variable", "Description", "Default"), rows)


def _default_cell(variable: Variable) -> str:
    if not variable.default:
        return "(empty)"
    cell = code(variable.default)
    if variable.name.endswith("_BYTES"):
        cell += f" ({_human_bytes(int(variable.default))})"
    return cell


def _human_bytes(count: int) -> str:
    for unit, size in (("GiB", 1024**3), ("MiB", 1024**2), ("KiB", 1024)):
        if count >= size:
            return f"{count / size:g} {unit}"
    return f"{count} bytes"
