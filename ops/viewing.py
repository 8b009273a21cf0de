"""Views put together: the store as their feed, the engine's reading of events, and where their tables are."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final, Self

from ops.feeding import StoreFeed
from ops.recounting import Recounter
from projections.asking import Question, ask
from projections.errors import OtherStoreError
from projections.feed import STORE, Feed
from projections.projector import Alarm, Projector
from projections.rebuild import Rebuilt, rebuild
from projections.store.database import Database
from projections.store.opening import found, open_database
from projections.views.base import Row

_SQLITE: Final = "sqlite:///"
_PATIENCE: Final = 5.0
"""Seconds for which projectors on Kafka are waited for."""
_POLL: Final = 0.1
BESIDE: Final = ".views"
"""What the file of the views is called beside that of the store."""


def views_url(store: str) -> str:
    """Where a store's views are unless somebody says otherwise: in a file beside it, or in the same database."""
    return f"{store}{BESIDE}" if store.startswith(_SQLITE) else store


class Views:
    """The views of a store."""

    def __init__(self, store: str, views: str | None = None, *, alarm: Alarm | None = None) -> None:
        """Raises NoStoreError where there is no store, ViewsError where the views cannot be opened."""
        self._url = views_url(store) if views is None else views
        self._own = views is None and self._url.startswith(_SQLITE)
        self._alarm: Alarm = alarm or (lambda _: None)
        self.feed = StoreFeed(store)
        try:
            self.database: Database = open_database(self._url)
            try:
                self.projector = Projector(self.database, alarm=self._alarm)
            except BaseException:
                self.database.close()
                raise
        except BaseException:
            self.feed.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def close(self) -> None:
        """Lets go of both."""
        self.database.close()
        self.feed.close()

    def catch_up(self, until: Callable[[], bool] = lambda: False) -> int:
        """Applies all that is recorded; how many events. Views of another store, in a file of ours, are made anew.

        Views that Kafka feeds are waited for, some seconds.
        """
        if self.projector.is_fed_by_kafka():
            self._wait(until)
            return 0
        try:
            self.projector.check(self.feed.last(), self.feed.sample)
        except OtherStoreError:
            if not self._own:
                raise
            self._anew()
        return self.projector.catch_up(self.feed, until=until)

    def behind(self) -> int:
        """How many positions views that Kafka feeds are behind the store; 0 of those that it feeds itself."""
        return max(self.feed.last() - self.projector.last(), 0) if self.projector.is_fed_by_kafka() else 0

    def _wait(self, until: Callable[[], bool]) -> None:
        last, give_up = self.feed.last(), time.monotonic() + _PATIENCE
        while self.projector.last() < last and time.monotonic() < give_up and not until():
            time.sleep(_POLL)

    def ask(self, question: Question) -> Generator[Row, None, None]:
        """The rows of an answer, to be closed where not all are read. Raises QuestionError."""
        return ask(self.database, self.projector.generation, Recounter, question)

    def rebuild(
        self, names: Sequence[str], *, at: int, check: bool, report: Callable[[int], None], feed: Feed | None = None
    ) -> Rebuilt:
        """Rebuilds views beside the live ones, compares them at `at` and switches, unless it is only to `check`.

        From the store, or from another `feed`.
        """
        return rebuild(self.database, feed or self.feed, Recounter, names, at=at, check=check, report=report)

    def _anew(self) -> None:
        self.database.close()
        path = self._url.removeprefix(_SQLITE)
        for end in ("", "-wal", "-shm"):
            Path(path + end).unlink(missing_ok=True)
        self.database = open_database(self._url)
        self.projector = Projector(self.database, alarm=self._alarm)


def standing(store: str, views: str | None) -> dict[str, Any] | None:
    """How the views of a store stand; None where there are none. Nothing is made.

    `parts`: of views that Kafka feeds, how far each partition is applied.
    """
    url = views_url(store) if views is None else views
    if url.startswith(_SQLITE) and not Path(url.removeprefix(_SQLITE)).exists():
        return None
    with closing(open_database(url)) as database:
        generation = found(database)
        if generation is None:
            return None
        projector = Projector(database, generation=generation)
        parts = projector.standings()
        return {
            "feed": "kafka" if projector.is_fed_by_kafka() else "store",
            "position": projector.last(),
            "parked": projector.parked(),
            "parts": [
                {"partition": part - 1, "position": one.position, "offset": one.offset}
                for part, one in sorted(parts.items())
                if part != STORE
            ],
        }


@contextmanager
def opened(store: str, views: str | None = None, *, alarm: Alarm | None = None) -> Iterator[Views]:
    """The views of a store."""
    with Views(store, views, alarm=alarm) as views_:
        yield views_
