"""From a feed to tables: a page is one transaction, rows and position together (architecture.md §3).

The position is set by compare-and-set: of two workers that have taken the same page one gets through, and nothing is
lost or doubled whenever either is killed. An event that cannot be applied parks its own service's events, with the
reason; everything else goes on.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final, NamedTuple

from contracts.errors import StilldownError
from contracts.recorded import Recorded
from projections.errors import MovedError, OtherStoreError, PoisonError, ViewsError
from projections.feed import STORE, Broken, Event, Feed, Page, service_of
from projections.folding import Fold, Sheets
from projections.store import opening
from projections.store.database import Cursor, Database, among
from projections.store.tables import EVENTS, PARKED, POSITIONS, STREAMS
from projections.tables import ALL

PAGE: Final = 500
"""Events of a page."""
_STREAMS: Final = 50_000
"""Streams whose version is remembered between pages."""
_ELSEWHERE: Final = -1
"""In place of a store's offset: Kafka feeds these tables."""
_SAMPLE: Final = 5
"""Events of a page that were applied before and are looked at again."""


class Poison(NamedTuple):
    """Why a service's events are left out from a position on."""

    service: str
    position: int
    stream: str
    version: int
    type: str
    reason: str


class Standing(NamedTuple):
    """How far a part was applied: its last event, and where to read on."""

    position: int = 0
    offset: int = 0
    stream: str = ""
    version: int = 0
    recorded_at: int = 0


Alarm = Callable[[Poison], None]


def _quiet(_: Poison) -> None:
    pass


class Projector:
    """Applies pages to one generation of tables."""

    def __init__(
        self,
        database: Database,
        *,
        generation: int | None = None,
        strict: bool = False,
        alarm: Alarm = _quiet,
        fold: type[Fold] = Fold,
    ) -> None:
        """`generation`: the live one where none is given. `strict` raises PoisonError instead of parking."""
        self._database = database
        self._follows = generation is None
        self.generation = opening.live(database, ALL) if generation is None else generation
        self._strict = strict
        self._alarm = alarm
        self._fold = fold
        self._versions: OrderedDict[str, int] = OrderedDict()
        self._reached: dict[int, Standing] = {}
        """How far this projector has got: what it remembers of streams holds where nobody else has gone on."""
        self._parked: dict[str, Poison] | None = None
        self.applied = 0
        """Events taken by this projector."""

    # ------------------------------------------------------------------ pages

    def is_fed_by_kafka(self) -> bool:
        """Whether the tables are filled from Kafka; a store fills them no more, then."""
        return self.standing(STORE).offset == _ELSEWHERE

    def is_fed_by(self, feed: Feed) -> bool:
        """Whether the tables are filled from a feed of this kind, or from none yet."""
        if STORE in feed.parts():
            return not self.is_fed_by_kafka()
        return self.is_fed_by_kafka() or not self.standing(STORE).offset

    def standings(self) -> dict[int, Standing]:
        """How far each part was applied."""
        with self._reading() as cursor:
            name = POSITIONS.named(self.generation)
            rows = cursor.rows(f'SELECT part, position, "offset", stream, version, recorded_at FROM {name}')
        return {row[0]: Standing(*row[1:]) for row in rows}

    def parked(self) -> int:
        """How many services are left out."""
        with self._reading() as cursor:
            return int(cursor.rows(f"SELECT COUNT(*) FROM {PARKED.named(self.generation)}")[0][0])

    def last(self) -> int:
        """The highest position that was applied; from Kafka, of other partitions lower ones may be still to come."""
        with self._reading() as cursor:
            return cursor.rows(f"SELECT COALESCE(MAX(position), 0) FROM {POSITIONS.named(self.generation)}")[0][0] or 0

    def catch_up(self, feed: Feed, *, limit: int = PAGE, until: Callable[[], bool] = lambda: False) -> int:
        """Applies what there is, part by part; how many events. Stops between pages where `until` says so."""
        before = self.applied
        for part in feed.parts():
            standing = self.standing(part)
            while not until():
                page = feed.page(part, standing.offset, limit)
                if page is None:
                    break
                try:
                    standing = self.take(page, standing)
                except MovedError:
                    standing = self.standing(part)
        return self.applied - before

    def standing(self, part: int) -> Standing:
        """How far a part was applied."""
        with self._reading() as cursor:
            name = POSITIONS.named(self.generation)
            rows = cursor.rows(
                f'SELECT position, "offset", stream, version, recorded_at FROM {name} WHERE part = ?', (part,)
            )
        return Standing(*rows[0]) if rows else Standing()

    def take(self, page: Page, standing: Standing) -> Standing:
        """Applies a page that follows on `standing`. Raises MovedError where another worker has been quicker."""
        if self._reached.get(page.part, standing) != standing:
            self._versions.clear()
        events = list(_new(page.events, standing.position))
        while True:
            try:
                return self._take(page, events, standing)
            except _PoisonedError as poisoned:
                if self._strict:
                    poison = poisoned.poison
                    raise PoisonError(
                        f"position {poison.position}: {poison.type} in {poison.stream} cannot be applied:"
                        f" {poison.reason}"
                    ) from poisoned
                self._alarm(poisoned.poison)
                self._parked = {**(self._parked or {}), poisoned.poison.service: poisoned.poison}

    def _take(self, page: Page, events: Sequence[Event], standing: Standing) -> Standing:
        after = _after(page, events, standing)
        try:
            with self._database.writing() as cursor:
                self._look_which_is_live(cursor)
                self._move(cursor, page.part, standing, after)
                fresh = self._load_parked(cursor)
                versions = self._load_versions(cursor, events)
                fold = self._fold(Sheets(cursor, self.generation))
                good, known = self._good(events, versions)
                self._compare(cursor, known)
                if page.part != STORE:
                    self._look_whether_new(cursor, good)
                fold.load(good)
                self._apply(fold, good)
                fold.flush()
                if versions:
                    cursor.put(STREAMS, STREAMS.named(self.generation), list(versions.items()))
                parked = self._parked or {}
                new = [poison for service, poison in parked.items() if service not in fresh]
                cursor.put(PARKED, PARKED.named(self.generation), new)
        except BaseException:
            self._versions.clear()
            raise
        self._remember(versions)
        self._reached[page.part] = after
        self.applied += len(events)
        return after

    def _look_which_is_live(self, cursor: Cursor) -> None:
        """Raises MovedError where a rebuild has switched to other tables: from now on these are filled."""
        if self._turn(cursor):
            raise MovedError("the views were rebuilt")

    def _turn(self, cursor: Cursor) -> bool:
        live = opening.live_one(cursor) if self._follows else self.generation
        if live is None or live == self.generation:
            return False
        self.generation, self._parked = live, None
        self._reached.clear()
        self._versions.clear()
        return True

    @contextmanager
    def _reading(self) -> Iterator[Cursor]:
        """Of the tables that are read by now: those that were before may be gone, after a second rebuild."""
        with self._database.reading() as cursor:
            self._turn(cursor)
            yield cursor

    def _move(self, cursor: Cursor, part: int, before: Standing, after: Standing) -> None:
        """The position, by compare-and-set."""
        name = POSITIONS.named(self.generation)
        if part == STORE and before.offset == _ELSEWHERE:
            raise OtherStoreError("Kafka feeds these views: `stilldown project --kafka`; or give others with --views")
        if part != STORE and before.offset == 0:
            self._take_over(cursor, name)
        if before.offset == 0:
            taken = cursor.run(
                f'INSERT INTO {name} (part, position, "offset", stream, version, recorded_at)'
                " VALUES (?,?,?,?,?,?) ON CONFLICT (part) DO NOTHING",
                (part, *after),
            )
        else:
            taken = cursor.run(
                f'UPDATE {name} SET position = ?, "offset" = ?, stream = ?, version = ?, recorded_at = ?'
                ' WHERE part = ? AND "offset" = ?',
                (*after, part, before.offset),
            )
        if taken != 1:
            self._parked = None
            raise MovedError(f"part {part} was moved on by another worker")

    @staticmethod
    def _take_over(cursor: Cursor, name: str) -> None:
        """From here on no page from a store is taken: of two feeds at once each would apply what the other has."""
        cursor.run(
            f"INSERT INTO {name} (part, position, \"offset\", stream, version, recorded_at) VALUES (?,0,?,'',0,0)"
            ' ON CONFLICT (part) DO UPDATE SET "offset" = excluded."offset"',
            (STORE, _ELSEWHERE),
        )

    def _load_parked(self, cursor: Cursor) -> set[str]:
        """Services parked in the tables; the ones of this page are added to those remembered."""
        rows = cursor.rows(f"SELECT * FROM {PARKED.named(self.generation)}")
        stored = {row[0]: Poison(*row) for row in rows}
        self._parked = {**(self._parked or {}), **stored}
        return set(stored)

    def _load_versions(self, cursor: Cursor, events: Sequence[Event]) -> dict[str, int]:
        streams = dict.fromkeys(event.what.stream for event in events if event.what.stream)
        versions = {stream: self._versions[stream] for stream in streams if stream in self._versions}
        name = STREAMS.named(self.generation)
        missing = [stream for stream in streams if stream not in versions]
        found = among(cursor, f"SELECT stream, version FROM {name} WHERE stream IN ({{}})", missing)
        return {**dict.fromkeys(streams, 0), **versions, **dict(found)}

    def _remember(self, versions: dict[str, int]) -> None:
        self._versions.update(versions)
        while len(self._versions) > _STREAMS:
            self._versions.popitem(last=False)

    # ------------------------------------------------------------------ events

    def _good(
        self, events: Sequence[Event], versions: dict[str, int]
    ) -> tuple[list[tuple[int, Recorded]], list[Event]]:
        """Those that can be applied: read, next in their stream, and not of a service that is parked.

        And those that were applied before: a broker may have a message twice, and another feed had them.
        """
        parked = self._parked or {}
        good: list[tuple[int, Recorded]] = []
        known: list[Event] = []
        for position, what in events:
            poison = parked.get(service_of(what)) if parked else None
            if poison is not None and position >= poison.position:
                continue
            if isinstance(what, Broken) and not what.stream:
                raise _PoisonedError(_poison(position, what, what.reason))
            expected = versions[what.stream] + 1
            if what.version < expected:
                known.append(Event(position, what))
                continue
            if isinstance(what, Broken):
                raise _PoisonedError(_poison(position, what, what.reason))
            if what.version != expected:
                raise _PoisonedError(_poison(position, what, f"version {what.version} where {expected} is next"))
            versions[what.stream] = expected
            good.append((position, what))
        return good, known

    @staticmethod
    def _apply(fold: Fold, good: Sequence[tuple[int, Recorded]]) -> None:
        for position, event in good:
            try:
                fold.apply(position, event)
            except ViewsError:
                raise
            except (StilldownError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
                reason = " ".join(f"{type(error).__name__}: {error}".split())
                raise _PoisonedError(_poison(position, event, reason)) from error

    def check(self, last: int, sample: Callable[[int], Sequence[Event]], part: int = 0) -> None:
        """Raises OtherStoreError where these views were not made from this feed, as far as a sample of events tells.

        `last` is the feed's last position; `sample` gives some of its events up to a position.
        """
        standing = self.standing(part)
        if not standing.position:
            return
        with self._database.reading() as cursor:
            holds = standing.position <= last and self._holds(cursor, sample(standing.position))
        if not holds:
            raise OtherStoreError("these views were made from another store; give others with --views")

    def _compare(self, cursor: Cursor, known: Sequence[Event]) -> None:
        """Raises OtherStoreError where what was applied before were other events, as far as some of them tell."""
        if not self._holds(cursor, known[:: len(known) // _SAMPLE + 1]):
            raise OtherStoreError("these views were made from another store's events; give others with --views")

    def _look_whether_new(self, cursor: Cursor, good: Sequence[tuple[int, Recorded]]) -> None:
        """Raises OtherStoreError where a store had filled these tables beyond what now comes as new: it had it not."""
        name = POSITIONS.named(self.generation)
        rows = cursor.rows(f"SELECT position FROM {name} WHERE part = ?", (STORE,))
        first = min((position for position, _ in good), default=None)
        if first is not None and rows and first <= rows[0][0]:
            raise OtherStoreError(
                f"these views were made from another store's events: it had another position {first};"
                " give others with --views"
            )

    def _holds(self, cursor: Cursor, events: Sequence[Event]) -> bool:
        """Whether the tables have these events. Of services only outages are kept, of those parked nothing."""
        wanted = {
            (event.what.stream, event.what.version): (event.position, event.what.recorded_at, event.what.id)
            for event in events
            if isinstance(event.what, Recorded) and not event.what.stream.startswith("service:")
        }
        if not wanted:
            return True
        name = EVENTS.named(self.generation)
        parked = {row[0] for row in cursor.rows(f"SELECT service FROM {PARKED.named(self.generation)}")}
        for event in events:
            if service_of(event.what) in parked:
                wanted.pop((event.what.stream, event.what.version), None)
        statement = f"SELECT position, recorded_at, id FROM {name} WHERE stream = ? AND version = ?"
        return all(tuple(next(iter(cursor.rows(statement, key)), ())) == what for key, what in wanted.items())


class _PoisonedError(StilldownError):
    """An event cannot be applied."""

    def __init__(self, poison: Poison) -> None:
        super().__init__(poison.reason)
        self.poison = poison


def _poison(position: int, event: Recorded | Broken, reason: str) -> Poison:
    return Poison(service_of(event), position, event.stream, event.version, event.type, reason)


def _new(events: Iterable[Event], last: int) -> Iterator[Event]:
    """Those that were not seen yet. A message that is no event at all has the position of the one before it."""
    for event in events:
        if event.position > last:
            last = event.position
            yield event
        elif not event.what.stream:
            yield Event(last, event.what)


def _after(page: Page, events: Sequence[Event], standing: Standing) -> Standing:
    if not events:
        return standing._replace(offset=page.offset)
    last = events[-1]
    recorded_at = standing.recorded_at if isinstance(last.what, Broken) else last.what.recorded_at
    return Standing(last.position, page.offset, last.what.stream, last.what.version, recorded_at)
