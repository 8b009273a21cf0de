"""Makes `.venv` from nothing but a Python: `python3 tools/bootstrap.py STAMP`, which is what `make setup` runs.

Only the standard library is at hand here. Everything installed comes from `requirements/dev.txt` and must match its
hashes; the project itself is installed editable, without build isolation, so that nothing else is fetched.
STAMP is a file in `.venv`, written last. An environment without it was cut short or made for another folder (scripts
in it name their folder), and is made anew.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements" / "dev.txt"
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
OLDEST, NEWEST = (3, 11), (3, 14)

# pip's own settings that uv does not read: where they are set, only pip finds its way to an index.
PIP_ONLY_SETTINGS = re.compile(r"\.(index-url|no-index|proxy)=")


def main(stamp: Path) -> None:
    """Brings `.venv` to the state that the lock describes; raises SystemExit with one line where it cannot."""
    began = time.monotonic()
    if not OLDEST <= sys.version_info[:2] <= NEWEST:
        sys.exit(
            f"stilldown needs Python 3.{OLDEST[1]} to 3.{NEWEST[1]}, and {sys.executable} is"
            f" {sys.version.split()[0]}. Name another: make setup PYTHON=python3.{NEWEST[1]}"
        )
    if not (stamp.exists() and PYTHON.exists()):
        say(f"making .venv with Python {sys.version.split()[0]}")
        make_venv()
    try:
        install()
    except subprocess.CalledProcessError as failed:
        sys.exit(f"set-up failed (exit code {failed.returncode}): the reason is above")
    stamp.touch()
    say(f"done in {time.monotonic() - began:.0f} s")


def make_venv() -> None:
    """An empty environment in `.venv`, with pip in it wherever this Python brings pip along."""
    shutil.rmtree(VENV, ignore_errors=True)
    if not has("ensurepip") and not has("pip"):
        install_debian_venv()
    venv.create(VENV, with_pip=has("ensurepip"), symlinks=True)


def install_debian_venv() -> None:
    """Debian's `python3` comes without pip and without the means to get it: the package with both is python3-venv."""
    apt = shutil.which("apt-get")
    if apt is None or os.geteuid() != 0:
        sys.exit("this Python brings no pip: install its venv package (Debian, Ubuntu: apt-get install python3-venv)")
    say("this Python brings no pip: apt-get install python3-venv")
    package = f"python3.{sys.version_info[1]}-venv"
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run([apt, "-qq", "update"], check=False, env=quiet)  # stale lists may do; the install will tell
    command = [apt, "-qq", "install", "-y", "--no-install-recommends", package]
    installed = subprocess.run(command, check=False, env=quiet)
    importlib.invalidate_caches()
    if installed.returncode or not has("ensurepip"):
        sys.exit(f"this Python brings no pip, and apt-get could not install {package}: the reason is above")


def install() -> None:
    """The locked packages by uv in seconds, else by pip in some more; then the project."""
    say(f"installing what {LOCK.relative_to(ROOT)} names")
    if not install_by_uv():
        pip("install", "--no-deps", "--require-hashes", "-r", str(LOCK))
        pip("install", "--no-deps", "--no-index", "--no-build-isolation", "-e", str(ROOT))


def install_by_uv() -> bool:
    """False where uv cannot do it here: no wheel for this machine, or an index that only pip knows of."""
    settings = pip_process("config", "list", capture=True)
    if settings.returncode or PIP_ONLY_SETTINGS.search(settings.stdout):
        return False
    pinned = re.search(r"^uv==.*\n(?: .*\n)*", LOCK.read_text(), flags=re.MULTILINE)
    if pinned is None:
        return False
    with tempfile.TemporaryDirectory() as folder:
        lock = Path(folder) / "uv.txt"
        lock.write_text(pinned[0])
        if pip_process("install", "--no-deps", "--require-hashes", "-r", str(lock)).returncode:
            return False
    # The system's certificates, as pip's settings usually have it: behind a company's proxy, uv's own do not do.
    env = {"UV_SYSTEM_CERTS": "1", **os.environ, "UV_PYTHON_DOWNLOADS": "never"}
    uv = [str(VENV / "bin" / "uv"), "--quiet", "pip"]
    target = ["--python", str(PYTHON)]
    sync = subprocess.run([*uv, "sync", *target, "--require-hashes", str(LOCK)], check=False, cwd=ROOT, env=env)
    if sync.returncode:
        say("uv could not do it; trying pip")
        return False
    editable = ["install", *target, "--no-deps", "--offline", "--no-build-isolation", "-e", str(ROOT)]
    subprocess.run([*uv, *editable], check=True, cwd=ROOT, env=env)
    return True


def pip(*arguments: str) -> None:
    """Runs pip on `.venv`; raises CalledProcessError."""
    pip_process(*arguments).check_returncode()


def pip_process(*arguments: str, capture: bool = False) -> subprocess.CompletedProcess[str]:
    """Runs pip on `.venv`: the one in it, else this Python's own, which can work on another environment."""
    inside = [str(PYTHON), "-m", "pip"]
    outside = [sys.executable, "-m", "pip", "--python", str(PYTHON)]
    command = inside if any(VENV.glob("lib/python*/site-packages/pip")) else outside
    env = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    command = [*command, *(() if capture else ("--quiet",)), *arguments]
    return subprocess.run(command, check=False, cwd=ROOT, env=env, text=True, capture_output=capture)


def has(module: str) -> bool:
    """Can this Python import `module`?"""
    spec = importlib.util.find_spec(module)
    return spec is not None and spec.origin is not None  # without an origin, it is an empty folder of that name


def say(what: str) -> None:
    """One line of progress; on stderr, since `make demo` may be asked for output on stdout."""
    print(f"set-up: {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute())
