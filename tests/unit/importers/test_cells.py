"""Ids out of names: no two names share one."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.importers.cells import identifier, joined


@pytest.mark.parametrize(
    "value, space, made",
    [
        ("INC0000045", "-", "INC0000045"),
        ("cmdb_ci 31", "-", "cmdb_ci-31"),
        ("cmdb_ci-31", "-", "cmdb_ci:2d:31"),
        ("srv-01.example", None, "srv-01.example"),
        ("srv 01", None, "srv:20:01"),
        ("a:b", "-", "a:3a:b"),
        ("Łódź", "_", ":141::f3:d:17a:"),
    ],
)
def test_an_id_is_its_name_as_far_as_ids_can_be(value: str, space: str | None, made: str) -> None:
    assert identifier(value, space) == made


def back(made: str, space: str | None) -> str:
    parts = re.split(r":([0-9a-f]+):", made)
    plain = [part.replace(space, " ") if space else part for part in parts[::2]]
    escaped = [chr(int(part, 16)) for part in parts[1::2]]
    return "".join(a + b for a, b in zip(plain, [*escaped, ""], strict=True))


@given(st.text(), st.sampled_from([None, ".", "_", "-"]))
def test_a_name_can_be_read_back_from_its_id(value: str, space: str | None) -> None:
    made = identifier(value, space)
    assert re.fullmatch(r"[A-Za-z0-9._:-]*", made)
    assert back(made, space) == value


@given(
    st.lists(st.text(min_size=1, max_size=9), min_size=1, max_size=3),
    st.lists(st.text(min_size=1, max_size=9), min_size=1, max_size=3),
)
def test_two_places_never_share_an_id(one: list[str], other: list[str]) -> None:
    assert (joined(one, "", "_", 128) == joined(other, "", "_", 128)) == (one == other)


def test_a_long_id_is_cut_and_stays_its_own() -> None:
    one, other = (joined(["x" * 200 + end], "p:", "_", 128) for end in "ab")
    assert len(one) == len(other) == 128
    assert one != other
    assert one == joined(["x" * 200 + "a"], "p:", "_", 128)
