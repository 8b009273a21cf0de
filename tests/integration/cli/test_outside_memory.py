"""Files of any size: cut into facts, and sorted outside memory."""

from __future__ import annotations

import json
import random
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ops.errors import FilesError
from ops.lines import Files
from ops.sorting import RoomError, in_order

places = st.tuples(st.integers(0, 5), st.sampled_from(["a", "b", "é"]), st.sampled_from(["1", "10", "2"]))


def body(second: int, source: str, name: str, offset: str = "Z") -> bytes:
    time = f"2024-01-01T00:00:0{second}{offset}"
    return json.dumps({"time": time, "source": source, "id": name, "more": random.random()}).encode()


@settings(max_examples=60)
@given(st.lists(st.one_of(places, st.just(None)), max_size=40), st.integers(0, 3_000))
def test_however_little_fits_into_memory_the_order_is_the_order_of_facts(
    wanted: list[tuple[int, str, str] | None], run: int
) -> None:
    given_facts = [(place, b"junk%d" % n if place is None else body(*place)) for n, place in enumerate(wanted)]
    told: list[int] = []

    got = list(in_order((fact for _, fact in given_facts), run=run, taken=told.append))

    expected = [fact for place, fact in given_facts if place is None]
    expected += [
        fact for _, fact in sorted((one for one in given_facts if one[0] is not None), key=lambda one: one[0] or ())
    ]
    assert got == expected
    assert told == [len(wanted)]


def test_moments_are_compared_not_texts() -> None:
    late, early = body(0, "a", "1", "-01:00"), body(5, "a", "2", "+01:00")

    assert list(in_order([late, early])) == [early, late]


def test_a_temporary_folder_without_room_is_named() -> None:
    with (
        mock.patch("ops.sorting._written", side_effect=OSError(28, "No space left on device")),
        pytest.raises(RoomError, match="set TMPDIR to a folder with room"),
    ):
        list(in_order([b"x" * 100], run=10))


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_lines_are_cut_at_their_ends_whatever_these_are(tmp_path: Path, end: str) -> None:
    path = tmp_path / "facts"
    path.write_bytes(end.join(["a", "", '["b", {"c": [1]}]', " \t", "[", "d "]).encode())

    assert list(Files([str(path)]).bodies()) == [b"a", b'"b"', b'{"c": [1]}', b"[", b"d "]


def test_a_line_that_does_not_fit_is_named(tmp_path: Path) -> None:
    path = tmp_path / "facts"
    path.write_bytes(b"a\n" + b"x" * 100)

    with mock.patch("ops.lines.LONGEST", 50), pytest.raises(FilesError, match="line 2: longer than"):
        list(Files([str(path)]).bodies())


def test_what_is_read_is_counted_as_it_lies_on_disk(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).write_bytes(b"1\n2\n3\n")
    files = Files([str(tmp_path / "a"), str(tmp_path / "b")])

    assert (files.size, files.done) == (12, 0)
    assert len(list(files.bodies())) == 6
    assert files.done == 12
