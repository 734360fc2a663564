"""Under which URI the pipeline sees what somebody names: a path, a file URI or the URI of a server."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from datalake.errors import ConfigurationError
from datalake.settings import SourceSettings, home
from datalake.uris import shown


class AllowedUris:
    """The allow-list of the settings, on the side that sends.

    Args:
        sources: which schemes and folders the pipeline may read, and how host folders map to them.
    """

    def __init__(self, sources: SourceSettings) -> None:
        self._schemes = tuple(scheme.lower() for scheme in sources.source_schemes)
        self._roots = [(home() / root).resolve() for root in sources.source_roots]
        self._map = {(home() / host).resolve(): seen for host, seen in sources.source_path_map.items()}

    def of_uri(self, uri: str) -> str:
        """The URI as the pipeline sees it; a file URI is checked and mapped like a path.

        Raises:
            ConfigurationError: the pipeline would refuse it; says what to change.
        """
        try:
            parts = urlsplit(uri)
        except ValueError as error:
            raise ConfigurationError(f"{shown(uri)}: not a URI ({error})") from None
        scheme = uri.partition("://")[0].lower()
        self._check_scheme(shown(uri), scheme)
        if scheme != "file":
            return uri
        if parts.netloc not in ("", "localhost"):
            raise ConfigurationError(
                f"{shown(uri)}: names the host {parts.hostname!r}; mount its folder here and give the path"
            )
        path = unquote(parts.path)
        return Path(path).as_uri() if self._is_seen_as(path) else self.of_path(Path(path))

    def of_path(self, path: Path) -> str:
        """The URI under which the pipeline sees a file of this machine.

        Raises:
            ConfigurationError: it does not, or there is no such file.
        """
        self._check_scheme(str(path), "file")
        real = path.resolve()
        for host, seen in self._map.items():
            if real.is_relative_to(host):
                return _existing(path, Path("/", seen, real.relative_to(host)).as_uri())
        if any(real.is_relative_to(root) for root in self._roots):
            return _existing(path, real.as_uri())
        move = f"Move it into {self._roots[0]}, add" if self._roots else "Add"
        raise ConfigurationError(
            f"{path}: the pipeline cannot see this file. {move} its folder to SOURCE_ROOTS, or say where "
            f'the pipeline sees it: SOURCE_PATH_MAP={{"{real.parent}": "/videos"}}'
        )

    def _check_scheme(self, what: str, scheme: str) -> None:
        if scheme not in self._schemes:
            raise ConfigurationError(
                f"{what}: the scheme {scheme!r} is not allowed. Offer it under one of "
                f"{', '.join(self._schemes)}, or add it to SOURCE_SCHEMES"
            )

    def _is_seen_as(self, path: str) -> bool:
        """True for a path in a folder as the pipeline names it, where this machine need not have it."""
        pure = Path(path)
        return ".." not in pure.parts and any(pure.is_relative_to(Path("/", s)) for s in self._map.values())


def _existing(path: Path, uri: str) -> str:
    if not path.is_file():
        raise ConfigurationError(f"{path}: no such file")
    return uri
