"""What `agreements preview` says of complaints is what applying the new versions makes of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from contracts.agreements import AgreementFile
from contracts.moments import micros
from engine.reading import Reader

from .comparing import Bench, agreement
from .histories import History, batches
from .histories_clocks import clock_history
from .reading import Order


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    made = Bench(tmp_path_factory.mktemp("previewed"))
    yield made
    made.close()


def applied(bench: Bench, order: Order, seen: Counter[str]) -> Iterator[tuple[str, Any, Any]]:
    """Each complaint of an order that moves: its clocks as previewed and as they then are, where both differ."""
    named = tuple(agreement(name, terms) for name, terms in sorted(order.published.items()))
    bench.now = micros(order.now)
    bench.engine.settle()
    reader = Reader(bench.url)
    file = AgreementFile(effective=order.effective, agreements=named)
    previewed = {p.complaint: p for p in reader.preview(file, bench.now) if p.complaint in order.complaints}
    reader.close()
    before = {name: bench.show(name) for name in previewed}
    bench.order(order)
    for name, told in previewed.items():
        now = bench.show(name)
        old = before[name]
        assert now is not None
        assert old is not None
        assert now["agreement_version"] == told.after, name
        if now["outages"] != old["outages"] or now["status"] != old["status"]:
            seen["outages changed"] += 1  # by terms that take another's word: a preview tells that they differ
            continue
        shown = {(row["clock"], row["cycle"]): row for row in now["clocks"]}
        for row in told.cycles:
            seen["changes" if row["changes"] else "stays"] += 1
            then = shown.pop((row["clock"], row["cycle"]), None)
            if row["new"] is None or then is None or any(then[field] != row["new"][field] for field in row["new"]):
                yield name, row["new"], then
        yield from ((name, None, row) for row in shown.values() if row["stopped_at"] is None)


def run(bench: Bench, told: History, seen: Counter[str]) -> list[tuple[str, Any, Any]]:
    bench.begin(told.agreements)
    found = []
    for now, batch in batches(told):
        if isinstance(batch, Order):
            found += list(applied(bench, batch, seen))
        else:
            bench.take(batch, now)
    return found


def test_what_is_previewed_is_what_comes_of_it(bench: Bench) -> None:
    seen: Counter[str] = Counter()
    for seed in range(2_400, 2_500):
        assert run(bench, clock_history(seed), seen) == [], seed
    assert seen["changes"] > 100
    assert seen["stays"] > 20
