"""Files as they are: compressed or not, cut off, with lines inside quotes, and with bytes that are no text."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from ops.importers import BadRow, InputError, open_text
from ops.importers.table import rows, shown

GOOD = "a,b\n1,2\n3,4\n"


def read(text: str, delimiter: str = ",") -> tuple[list[tuple[int, list[str]]], list[BadRow]]:
    bad: list[BadRow] = []
    return list(rows(text.splitlines(keepends=True), delimiter, bad.append)), bad


def read_file(path: Path, encoding: str = "utf-8") -> tuple[list[list[str]], list[BadRow]]:
    bad: list[BadRow] = []
    with open_text(path, encoding) as lines:
        return [cells for _, cells in rows(lines, ",", bad.append)], bad


def test_each_row_has_the_line_on_which_it_begins() -> None:
    text = 'a,b\n1,"two\nlines, and\r\nthree"\n\n3, 4 \n'
    assert read(text) == ([(1, ["a", "b"]), (2, ["1", "two\nlines, and\r\nthree"]), (6, ["3", "4"])], [])


def test_blank_lines_before_the_header_count_as_lines() -> None:
    assert read("\n\na,b\n1,2\n") == ([(3, ["a", "b"]), (4, ["1", "2"])], [])


def test_another_delimiter() -> None:
    assert read("a;b\n1;2,5\n", ";")[0][1] == (2, ["1", "2,5"])


def test_a_bad_row_after_one_of_several_lines_has_the_right_line() -> None:
    assert [row.line for row in read('a,b\n1,"x\ny"\nbad\n5,6\n')[1]] == [4]


def test_a_quote_without_its_end_costs_its_own_row_only() -> None:
    good = [f"{at},{at}" for at in range(3000)]
    text = "\n".join(["a,b", *good[:1000], '1,"never closed', *good[1000:2000], '2,"nor this', *good[2000:], ""])
    found, bad = read(text)
    assert [cells for _, cells in found[1:]] == [line.split(",") for line in good]
    assert [line for line, _ in found[1:]] == [*range(2, 1002), *range(1003, 2003), *range(2004, 3004)]
    assert [(row.line, row.value) for row in bad] == [(1002, '1,"never closed'), (2003, '2,"nor this')]


def test_a_quote_without_its_end_costs_no_row_of_several_lines() -> None:
    found, bad = read('a,b\n1,"never closed\n2,"of two\nlines"\n3,4\n')
    assert [cells for _, cells in found[1:]] == [["2", "of two\nlines"], ["3", "4"]]
    assert [row.line for row in bad] == [2]


def test_a_bad_row_of_several_lines_is_reported_once() -> None:
    found, bad = read('a,b\n"two\nlines"\n4,5\nworse\n')
    assert [cells for _, cells in found[1:]] == [["4", "5"]]
    assert [row.line for row in bad] == [2, 5]


def test_a_field_without_end_is_bad_and_the_rows_after_it_are_not() -> None:
    text = "a,b\n" + '1,"' + "x" * 200_000 + "\n3,4\n"
    found, bad = read(text)
    assert [cells for _, cells in found[1:]] == [["3", "4"]]
    assert len(bad) == 1
    assert len(str(bad[0])) < 400


def test_a_file_is_unpacked_by_its_bytes_not_its_name(tmp_path: Path) -> None:
    (tmp_path / "packed.csv").write_bytes(gzip.compress(GOOD.encode()))
    (tmp_path / "plain.csv.gz").write_bytes(GOOD.encode())
    assert read_file(tmp_path / "packed.csv") == read_file(tmp_path / "plain.csv.gz")
    assert read_file(tmp_path / "packed.csv")[0] == [["a", "b"], ["1", "2"], ["3", "4"]]


def test_a_byte_order_mark_is_no_part_of_the_first_column(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"\xef\xbb\xbf" + GOOD.encode())
    assert read_file(tmp_path / "f")[0][0] == ["a", "b"]


def test_another_encoding(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes("a,b\n1,Łódź\n".encode("utf-16"))
    assert read_file(tmp_path / "f", "utf-16")[0][1] == ["1", "Łódź"]


def test_bytes_that_are_no_text_cost_their_row_only(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"a,b\n1,2\n3,caf\xe9\n5,6\n")
    found, bad = read_file(tmp_path / "f")
    assert found[1:] == [["1", "2"], ["5", "6"]]
    assert [(row.line, row.column) for row in bad] == [(3, "b")]
    assert r"got 'caf\\xe9'" in str(bad[0])
    assert shown(bad[0].value) == r"caf\xe9"


@pytest.mark.parametrize("cut", [12, 40])
def test_a_file_that_is_cut_off_is_refused(tmp_path: Path, cut: int) -> None:
    packed = gzip.compress("".join(f"{at},{at * 7919}\n" for at in range(9)).encode())
    (tmp_path / "f").write_bytes(packed[:cut])
    with pytest.raises(InputError, match="cannot be read to its end"):
        read_file(tmp_path / "f")


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read: No such file"):
        read_file(tmp_path / "none.csv")
    with pytest.raises(InputError, match="cannot be read: Is a directory"):
        read_file(tmp_path)


def test_a_compressed_file_inside_a_compressed_file_is_no_table(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(gzip.compress(gzip.compress(GOOD.encode())))
    with pytest.raises(InputError, match="no CSV"):
        read_file(tmp_path / "f")
