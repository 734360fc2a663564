"""URIs in texts for people."""

from __future__ import annotations

import re

_URI = re.compile(r"\w[\w+.-]*://[^\s'\"<>]+")
_AUTHORITY_AND_PATH = re.compile(r"([^/?#]*)([^?#]*)")


def shown(uri: str) -> str:
    """The URI without user, password, query and fragment, any of which may hold a secret; a path as it is."""
    scheme, separator, rest = uri.partition("://")
    found = _AUTHORITY_AND_PATH.match(rest)
    if not separator or found is None:
        return uri
    return f"{scheme}://{found[1].rpartition('@')[2]}{found[2]}"


def shown_in(text: str) -> str:
    """A text of somebody else, with every URI in it as `shown`."""
    return _URI.sub(lambda found: shown(found[0]), text)
