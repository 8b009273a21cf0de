"""docker-compose.yml and the Dockerfile: held to what can be held without a Docker engine."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from contracts.topics import TOPICS
from ops.settings import KAFKA, STORE, kafka_servers, store_url
from tools import broker, stack

ROOT = stack.ROOT
OURS = "stilldown"
Compose = dict[str, Any]


@pytest.fixture(scope="module")
def compose() -> Compose:
    found: Compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return found


def test_the_file_is_what_the_compose_specification_says(compose: Compose) -> None:
    schema = json.loads((Path(__file__).parent / "compose-spec.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    problems = jsonschema.Draft202012Validator(schema).iter_errors(compose)
    assert not [f"{error.json_path}: {error.message}" for error in problems]


def test_the_schema_refuses_a_misspelt_setting(compose: Compose) -> None:
    schema = json.loads((Path(__file__).parent / "compose-spec.json").read_text())
    wrong = compose | {"services": compose["services"] | {"engine": {"image": OURS, "comand": ["engine"]}}}
    assert not jsonschema.Draft202012Validator(schema).is_valid(wrong)


def test_containers_run_the_commands_that_make_stack_runs(compose: Compose) -> None:
    commands = {name: tuple(service["command"]) for name, service in ours(compose).items()}
    assert commands == {"migrate": stack.MIGRATE, "engine": stack.ENGINE, "project": stack.PROJECT}


def test_workers_are_told_where_the_store_and_kafka_are_as_make_stack_tells_them(
    compose: Compose, monkeypatch: pytest.MonkeyPatch
) -> None:
    for service in ours(compose).values():
        for name in (STORE, KAFKA):
            monkeypatch.setenv(name, service["environment"][name])
        assert store_url(None) == "postgresql://stilldown@postgres/stilldown"
        servers = kafka_servers(None)
        assert servers is not None
        assert f"PLAINTEXT://{servers}" in compose["services"]["kafka"]["environment"]["KAFKA_ADVERTISED_LISTENERS"]


def test_two_engines_and_two_projectors_start_when_the_store_and_the_topics_are_there(compose: Compose) -> None:
    for name in ("engine", "project"):
        service = compose["services"][name]
        assert service["deploy"]["replicas"] == 2
        assert service["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}
    waits = compose["services"]["migrate"]["depends_on"]
    assert waits == {name: {"condition": "service_healthy"} for name in ("postgres", "kafka")}


def test_the_broker_is_the_one_that_tests_run_and_set_as_it_is(compose: Compose) -> None:
    service = compose["services"]["kafka"]
    assert service["image"] == f"apache/kafka:{broker.VERSION}"
    names = {f"KAFKA_{name.upper().replace('.', '_')}": value for name, value in broker.SETTINGS.items()}
    names.pop("KAFKA_LISTENER_SECURITY_PROTOCOL_MAP")  # it has a listener more, for this machine
    assert {name: service["environment"].get(name) for name in names} == names
    assert TOPICS  # nobody makes them but `migrate`
    assert service["environment"]["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] == "false"


def test_only_this_machine_reaches_the_servers_and_passwords_come_from_the_environment(compose: Compose) -> None:
    for service in compose["services"].values():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))
        for name, value in service.get("environment", {}).items():
            assert "PASSWORD" not in name or value.startswith("${STILLDOWN_DB_PASSWORD:-")
            assert not re.search(r"//[^/@]*:[^/@]*@", value), "a password in a URL"


def test_every_volume_of_a_service_is_declared_and_every_declared_one_is_used(compose: Compose) -> None:
    used = {volume.split(":")[0] for service in compose["services"].values() for volume in service.get("volumes", ())}
    assert used == set(compose["volumes"])


def test_the_image_copies_only_what_its_context_has_and_runs_as_nobody_of_importance() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    context = {line.removeprefix("!") for line in ignored if line.startswith("!")}
    for line in lines:
        if line.startswith("COPY") and "--from" not in line:
            for source in shlex.split(line)[1:-1]:
                assert (ROOT / source).exists(), line
                assert Path(source).parts[0] in context, line
    user = max(n for n, line in enumerate(lines) if line.startswith("USER "))
    assert lines[user] == "USER stilldown"
    assert user > max(n for n, line in enumerate(lines) if line.startswith("FROM "))
    installs = [line for line in lines if "pip install" in line and "-r " in line]
    assert installs
    assert all("--require-hashes" in line for line in installs)


def ours(compose: Compose) -> dict[str, Any]:
    return {name: service for name, service in compose["services"].items() if service["image"] == OURS}
