"""Topics: made once, with the settings that they need; refused where they are not as they have to be."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from contracts.topics import DEAD_OUT, EVENTS_OUT, FACTS_IN
from tests.integration.cli.running import Cli
from tests.integration.facts import filed
from tests.integration.kafka.conftest import Start
from tests.integration.kafka.workers import recorded, relayed, until
from tests.servers.kafka import Kafka, Record


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    return Cli(tmp_path)


def test_migrate_makes_the_topics_once_and_sets_those_that_are_there(kafka: Kafka, cli: Cli) -> None:
    kafka.delete(EVENTS_OUT)
    kafka.set(DEAD_OUT, retention_ms="1000")  # by somebody, and nothing else

    made = cli.json("migrate", "--kafka", kafka.bootstrap)["topics"]

    assert made == {FACTS_IN: "found", EVENTS_OUT: "made", DEAD_OUT: "found"}
    assert kafka.settings(EVENTS_OUT)["retention.ms"] == "-1"
    until(lambda: kafka.settings(DEAD_OUT)["max.message.bytes"] == "4194304")
    assert kafka.settings(DEAD_OUT)["retention.ms"] == "1000"
    assert set(cli.json("migrate", "--kafka", kafka.bootstrap)["topics"].values()) == {"found"}
    assert "The topic stilldown.dead is up to date." in cli("migrate", "--kafka", kafka.bootstrap).stdout


def test_a_topic_that_is_missing_is_one_line_that_names_the_command(kafka: Kafka, cli: Cli) -> None:
    kafka.delete(DEAD_OUT)

    for command in ("engine", "status"):
        said = cli.apart(command, "--kafka", kafka.bootstrap)

        assert said.exit == 2
        assert said.stderr == (
            f"stilldown: there is no topic stilldown.dead; `stilldown migrate --kafka {kafka.bootstrap}` makes it\n"
        )


def test_a_topic_with_another_number_of_partitions_is_refused(kafka: Kafka, cli: Cli) -> None:
    kafka.delete(EVENTS_OUT)
    kafka.make(EVENTS_OUT, 4)

    cli("migrate")
    for command in ("engine", "migrate", "status"):
        said = cli.apart(command, "--kafka", kafka.bootstrap)

        assert said.exit == 2
        assert said.stderr.count("\n") == 1
        assert "the topic stilldown.events has 4 partitions, and has to have 16" in said.stderr


def test_a_broker_that_is_not_there_is_one_clear_line(cli: Cli) -> None:
    for command in ("migrate", "status"):
        said = cli.apart(command, "--kafka", "127.0.0.1:1")

        assert (said.exit, said.stderr) == (
            1,
            "stilldown: Kafka at 127.0.0.1:1 cannot be reached: KafkaConnectionError\n",
        )


def test_status_tells_of_the_store_while_the_broker_is_away(cli: Cli) -> None:
    cli("migrate")
    for option in ("--json", "--metrics"):
        said = cli.apart("status", option, "--kafka", "127.0.0.1:1")

        assert (said.exit, said.stderr.count("\n")) == (1, 1)
        assert said.stdout == cli("status", option).stdout
    assert "none yet" in cli.apart("status", "--kafka", "127.0.0.1:1").stdout


@pytest.mark.parametrize("servers", ["localhost", "broker:port", "http://broker:9092", ":9092", "a:1,b"])
def test_what_is_no_address_of_a_broker_is_refused(cli: Cli, servers: str) -> None:
    for command in (["engine"], ["migrate"], ["status"]):
        said = cli(*command, "--kafka", servers)

        assert said.exit == 2
        assert "Kafka's servers are HOST:PORT" in said.stderr


def test_an_engine_without_a_broker_is_wrongly_used(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STILLDOWN_KAFKA", raising=False)
    assert "Kafka is not named" in cli("engine").stderr
    assert cli("engine").exit == 2
    assert cli("engine", "--kafka", "b:1", "--session", "0").exit == 2


def test_status_tells_how_far_intake_and_relay_are(kafka: Kafka, cli: Cli, store: Path, start: Start) -> None:
    kafka.produce(*(Record(filed(f"f{n}", f"C{n}", 0), partition=5) for n in range(3)))
    worker = start()
    until(lambda: recorded(store) == 3 and relayed(store) > 6)
    running = json.loads(cli("status", "--json").stdout)
    assert worker.stop() == 0
    kafka.produce(Record(filed("f3", "C3", 0), partition=5), Record(filed("f4", "C4", 0), partition=2))

    status = cli.json("status", "--kafka", kafka.bootstrap)

    assert running["relay"]["active"] is True
    assert status["relay"] == {
        "position": status["positions"]["last"], "behind": 0, "dead_behind": 0, "active": False, "holder": None
    }  # fmt: skip
    assert status["intake"][5] == {"feed": FACTS_IN, "partition": 5, "position": 3, "end": 4, "lag": 1}
    assert status["intake"][2] == {"feed": FACTS_IN, "partition": 2, "position": None, "end": 1, "lag": 1}
    text = cli("status", "--kafka", kafka.bootstrap).stdout
    assert "nothing behind; NOT running" in text
    assert "16 partitions, 2 messages waiting" in text
    metrics = cli("status", "--metrics", "--kafka", kafka.bootstrap).stdout.splitlines()
    assert 'stilldown_intake_lag{topic="stilldown.facts",partition="5"} 1' in metrics
    assert f"stilldown_relay_position {status['positions']['last']}" in metrics
    assert "stilldown_relay_active 0" in metrics
    assert metrics.count("# TYPE stilldown_intake_lag gauge") == 1


def test_a_store_that_took_from_another_topic_takes_nothing_from_this_one(
    kafka: Kafka, cli: Cli, store: Path, start: Start
) -> None:
    kafka.produce(*(Record(filed(f"f{n}", f"C{n}", 0), partition=0) for n in range(3)))
    first = start()
    until(lambda: recorded(store) == 3)
    assert first.stop() == 0
    kafka.renew()
    kafka.produce(Record(filed("g", "D", 0), partition=0))
    second = start()

    said = second.says("this is another topic than the one that they came from")

    assert "up to offset 3, but it ends at 1" in said["error"]
    assert recorded(store) == 3
    assert "16 partitions, ANOTHER TOPIC than" in cli("status", "--kafka", kafka.bootstrap).stdout
    assert second.stop() == 0
