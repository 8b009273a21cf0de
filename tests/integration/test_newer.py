"""A store whose tables a newer version made is left alone by the engine itself, not only by the commands."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from engine.intake import Engine
from engine.store.errors import StoreError
from tests.integration.engines import engine, record
from tests.integration.facts import filed
from tests.integration.stores import Stores, change, select, url_of

NEWER = {
    "sqlite": "PRAGMA user_version = 99",
    "postgres": "INSERT INTO stilldown_migrations (version, part, name) VALUES (99, 'pre', 'x'), (99, 'post', 'x')",
}


def test_an_engine_refuses_a_store_of_a_newer_version_and_changes_nothing_in_it(stores: Stores) -> None:
    place = stores / "a.db"
    with engine(place) as taking:
        record(taking, filed("f", "C1", 0))
    change(place, NEWER[stores.kind])
    with pytest.raises(StoreError, match=r"was made by a newer version of stilldown \(99\)"):
        Engine(url_of(place))
    version = "PRAGMA user_version" if stores.kind == "sqlite" else "SELECT MAX(version) FROM stilldown_migrations"
    assert select(place, version) == [(99,)]


def test_who_has_a_file_need_not_load_the_databases_driver(tmp_path: Path) -> None:
    script = (
        "import sys; from engine.intake import Engine; Engine('sqlite:///' + sys.argv[1]).close();"
        " from ops.cli.main import run; code = run(['status', '--store', 'sqlite:///' + sys.argv[1]]);"
        " sys.exit(code or 'psycopg' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path / "a.db")], check=True, cwd=Path(__file__).parents[2])
