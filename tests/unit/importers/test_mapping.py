"""Mappings: what is not understood is refused with its place and its value."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import pytest

from contracts.errors import StilldownError
from ops.importers import MappingError, load
from ops.importers.mapping import Meaning


def bundled(kind: str) -> str:
    return resources.files("ops.importers").joinpath("mappings", f"{kind}.toml").read_text(encoding="utf-8")


def test_the_bundled_mappings_load_and_a_copy_is_the_same(tmp_path: Path) -> None:
    for kind in ("servicenow", "outages"):
        copy = tmp_path / f"{kind}.toml"
        copy.write_text(bundled(kind), encoding="utf-8")
        assert load(copy, kind) == load(None, kind)


def test_the_bundled_mapping_takes_no_mail_as_delivered() -> None:
    mapping = load(None, "servicenow")
    assert mapping.mail_on_resolved == "sent"
    assert mapping.meaning("Awaiting User Info") == Meaning("wait", "customer")
    assert mapping.meaning("Pending") is None


def test_no_mapping_names_a_column_that_is_filled_in_backwards() -> None:
    columns = load(None, "servicenow").columns
    named = {getattr(columns, name) for name in columns.__struct_fields__}
    assert named.isdisjoint({"resolved_at", "closed_at", "closed_code", "resolved_by"})


@pytest.mark.parametrize(
    "old, new, place, value",
    [
        ('kind = "servicenow"', 'kind = "outages"', "kind", "outages"),
        ('kind = "servicenow"', "", "kind", None),
        ('source = "/import/servicenow"', 'source = ""', "source", ""),
        ('source = "/import/servicenow"', 'source = "a\\u0007"', "source", "a\x07"),
        ('empty = ["?"]', 'empty = "?"', "empty", "?"),
        ('empty = ["?"]', "empty = [1]", "empty.0", 1),
        ('encoding = "utf-8"', 'encoding = "utf-9"', "encoding", "utf-9"),
        ('encoding = "utf-8"', 'encoding = "rot13"', "encoding", "rot13"),
        ('delimiter = ","', 'delimiter = ", "', "delimiter", ", "),
        ('delimiter = ","', "delimiter = '\"'", "delimiter", '"'),
        ('zone = "UTC"', 'zone = "Mars/Olympus"', "time.zone", "Mars/Olympus"),
        ('format = "%d/%m/%Y %H:%M"', 'format = "%d/%m/%Y"', "time.format", "%d/%m/%Y"),
        ('space = "-"', 'space = "/"', "ids.space", "/"),
        ('complaint_prefix = ""', 'complaint_prefix = "a b"', "ids.complaint_prefix", "a b"),
        ('number = "number"', "number = 5", "columns.number", 5),
        ('number = "number"', "", "columns.number", None),
        ('person = "assigned_to"', 'persona = "assigned_to"', "columns.persona", "assigned_to"),
        ('summary = ["category", "subcategory"]', 'summary = ["category", 1]', "columns.summary.1", 1),
        ('"New" = "none"', '"New" = "wait:custmer"', "states.New", "wait:custmer"),
        ('"New" = "none"', '"New" = true', "states.New", True),
        ('"Email" = "email"', '"Email" = ""', "channels.Email", ""),
        ('"4 - Low" = "low"', '"4 - Low" = 4', "agreements.4 - Low", 4),
        ('agreement_default = "standard"', 'agreement_default = ""', "agreement_default", ""),
        ('mail_on_resolved = "sent"', 'mail_on_resolved = "seen"', "mail_on_resolved", "seen"),
        ('mail_on_resolved = "sent"', "mail_on_resolved = true", "mail_on_resolved", True),
        ('unknown = "unknown"', 'unknown = ""', "unknown", ""),
        ('mail_proof = "assumed', 'mail_prof = "assumed', "mail_prof", None),
    ],
)
def test_what_is_not_understood_is_refused_with_place_and_value(
    tmp_path: Path, old: str, new: str, place: str, value: object
) -> None:
    text = bundled("servicenow")
    assert old in text
    path = tmp_path / "mine.toml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(MappingError) as caught:
        load(path, "servicenow")
    assert caught.value.place == place
    assert str(caught.value).startswith(f"{path}: `{place}`: ")
    if value is not None:
        assert caught.value.value == value
        assert str(caught.value).endswith(f", got {value!r}")


def test_a_near_miss_is_named(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(bundled("servicenow").replace('"New" = "none"', '"New" = "wait:custmer"'), encoding="utf-8")
    with pytest.raises(MappingError, match='did you mean "wait:customer"'):
        load(path, "servicenow")


@pytest.mark.parametrize(
    "old, new, place",
    [
        ('service = ["municipality", "area"]', "service = []", "columns.service"),
        ('feed = "outage-feed"', 'feed = ""', "feed"),
        ('kind = "outages"', 'kind = "servicenow"', "kind"),
    ],
)
def test_an_outage_mapping_is_checked_too(tmp_path: Path, old: str, new: str, place: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(bundled("outages").replace(old, new), encoding="utf-8")
    with pytest.raises(MappingError) as caught:
        load(path, "outages")
    assert caught.value.place == place


@pytest.mark.parametrize("content", [b"kind = ", b"\xff\xfe", b"[a]\n[a]\n"])
def test_a_file_that_is_no_toml_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(content)
    with pytest.raises(MappingError, match=f"{path}: is not TOML: "):
        load(path, "servicenow")


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MappingError, match=r"none\.toml: cannot be read: No such file"):
        load(tmp_path / "none.toml", "servicenow")
    assert issubclass(MappingError, StilldownError)
