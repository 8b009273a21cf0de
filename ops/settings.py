"""Settings: what the environment says, and what holds where it says nothing."""

from __future__ import annotations

import os
from typing import Final

from engine.store.errors import UrlError
from engine.store.opening import POSTGRES, environment
from ops.errors import SettingError

STORE: Final = "STILLDOWN_STORE"
"""Environment variable: the store's URL, where no `--store` is given."""
KAFKA: Final = "STILLDOWN_KAFKA"
"""Environment variable: where Kafka is, where no `--kafka` is given."""
LOG: Final = "STILLDOWN_LOG"
"""Environment variable: `json` makes every log line a JSON object, also on a terminal."""
DEFAULT_STORE: Final = "sqlite:///stilldown.db"
_SQLITE: Final = "sqlite:///"


def store_url(given: str | None) -> str:
    """Give the store's URL: as given, else by `$STILLDOWN_STORE`, else `stilldown.db` in the working directory.

    Raises SettingError where it is no store's URL.
    """
    value, name = given, "--store"
    if value is None and STORE in os.environ:
        value, name = os.environ[STORE], f"${STORE}"
    if value is None:
        return DEFAULT_STORE
    if value.startswith(POSTGRES):
        try:
            environment(value)
        except UrlError as error:
            raise SettingError(f"{name}: {error}") from None
        return value
    path = value.removeprefix(_SQLITE)
    if path == value or not path:
        hint = f"; did you mean {_SQLITE}{value}?" if value and ":" not in value else ""
        raise SettingError(f"{name}: a store's URL is sqlite:///FILE or postgresql://…, got {_shown(value)}{hint}")
    if path == ":memory:" or path.startswith("file:") or "\0" in path:
        raise SettingError(f"{name}: a store is a file, got {value!r}")
    return value


def kafka_servers(given: str | None) -> str | None:
    """Give Kafka's bootstrap servers, HOST:PORT or several with commas: as given, else by `$STILLDOWN_KAFKA`.

    None where neither says any. Raises SettingError where that is no list of servers.
    """
    value, name = given, "--kafka"
    if value is None and KAFKA in os.environ:
        value, name = os.environ[KAFKA], f"${KAFKA}"
    if value is None:
        return None
    for server in value.split(","):
        host, _, port = server.strip().rpartition(":")
        if not host or not port.isdecimal() or "/" in host:
            raise SettingError(f"{name}: Kafka's servers are HOST:PORT, several with commas, got {value!r}")
    return value


def _shown(value: str) -> str:
    """What was given, unless there may be a password in it."""
    return f"{value.partition(':')[0]!r}:…" if "@" in value else repr(value)


def logs_as_json() -> bool:
    """Whether log lines are to be JSON whatever they are written to."""
    return os.environ.get(LOG, "").lower() == "json"
