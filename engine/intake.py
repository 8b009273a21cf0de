"""The engine on one store: the `eventsourcing` application around the pure step (engine.decide)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import ClassVar

from eventsourcing.application import Application
from eventsourcing.persistence import Mapper, PersistenceError

from contracts.agreements import AgreementFile
from contracts.decisions import AgreementPublished
from engine.applying import Applying, Moves, portions
from engine.cache import CACHED
from engine.publishing import learn, new_versions, published, stage, staged
from engine.rearming import Rearming
from engine.store.errors import StoreError
from engine.store.mapper import EventMapper
from engine.store.opening import environment, named
from engine.store.transactions import reading, writing
from engine.streaming import Streaming
from engine.terms import Terms, Version


class Engine(Applying, Rearming, Streaming, Application[str]):
    """The engine on one store. Not to be shared between threads."""

    name = "stilldown"
    env: ClassVar[dict[str, str]] = {"ORIGINATOR_ID_TYPE": "text"}

    def __init__(self, url: str, *, cached: int = CACHED, clock: Callable[[], int] | None = None) -> None:
        """Opens the store at `url` (made if it is not there); `cached` bounds the streams kept in memory.

        `clock` gives microseconds since 1970; without one, the store's is asked (kernel.md §7).
        """
        try:
            super().__init__(dict(environment(url)))
        except (PersistenceError, OSError) as error:
            raise StoreError(f"the store {named(url)} cannot be opened: {error}") from error
        self._machine = clock
        self._take_stock(cached)
        self._store = self.factory.store()  # type: ignore[attr-defined] # it is our own factory
        self._stand_by()

    def construct_mapper(self) -> Mapper[str]:
        """Ours: typed structs, a topic an event type."""
        return EventMapper()

    def close(self) -> None:
        """Lets go of the store."""
        self._store.close()
        super().close()

    def rearm(self, after: str = "") -> tuple[int, str | None]:
        """Makes the index of what falls due anew for the streams behind a name: those of one transaction.

        How many they were, and the last one's name; None: all is done. What is due is done by `settle`, then.
        """
        try:
            with writing(self._store) as unit:
                self._open_batch(unit, None)
                done = self._rearm(unit, after)
                self._save([])
        finally:
            self._forget()  # what is on hand was read with the index as it was
        return done

    def remake(self) -> bool:
        """Makes the next portion of the index for what was read back (engine.restoring); False: there is none."""
        with reading(self._store) as unit:
            if unit.unmade() is None:
                return False
        try:
            with writing(self._store) as unit:
                self._open_batch(unit, None)
                position = unit.unmade()
                if position is not None:  # another engine may have made the rest
                    unit.make(self._rearm_since(unit, position))
                self._save([])
        finally:
            self._forget()
        return True

    # ------------------------------------------------------------------ agreements

    def publish(self, file: AgreementFile) -> list[AgreementPublished]:
        """Publishes the agreements of a file that are new; on a store without events they wait for the first fact."""
        with writing(self._store) as unit:
            self._open_batch(unit, None)
            known = self._terms
            if self._seen_position:
                new = new_versions(file, known)
                self._events = [published(data, self._now) for data in new]
            else:
                known = Terms()
                for data in staged(unit):
                    known.publish(data)
                new = new_versions(file, known)
                stage(unit, new)
            taken = self._save([])
        self._seen_position += taken.events
        if taken.events:
            for data in new:
                self._terms.publish(data)
        return new

    def positions(self, feed: str) -> dict[int, int]:
        """How far each part of a feed was taken in."""
        with reading(self._store) as unit:
            return unit.positions(feed)

    def apply(self, complaints: Iterable[str]) -> Iterator[Moves]:
        """Gives complaints the newest version of their own agreement; what became of each, portion by portion.

        Each portion is a transaction of its own, durable when it is given. What is due is done before and after.
        """
        self.settle()
        for names in portions(complaints):
            try:
                with writing(self._store) as unit:
                    self._open_batch(unit, None)
                    moves = self._move(names)
                    taken = self._save([])
            except BaseException:  # as in a batch of facts
                self._forget()
                raise
            self._saved(taken)
            yield moves
        self.settle()

    def versions(self) -> list[Version]:
        """Every published version of every agreement, and those that wait for the first fact."""
        with writing(self._store) as unit:
            self._open_batch(unit, None)
            known = learn(unit)
            for data in staged(unit):
                known.publish(data)
        return known.all()
