"""The topics on a Kafka cluster: made by `migrate --kafka`, and looked at by everything that works with them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from contracts.errors import StilldownError
from contracts.topics import FACTS_IN, PARTITIONS, TOPICS
from ops.errors import WrongInputError

REPLICAS: Final = 3
"""Copies of each partition, or as many as there are brokers."""
_PATIENCE: Final = 15
_OF_THE_TOPIC: Final = 1
"""Where a setting comes from, in Kafka's protocol."""


class BrokerError(StilldownError):
    """Kafka cannot be reached, or does not do what it is asked for."""

    retriable = True


class TopicsError(WrongInputError):
    """The topics are not as they have to be."""


class MissingTopicError(TopicsError):
    """A topic is not there yet."""


async def make(bootstrap: str) -> dict[str, str]:
    """Make the topics that are not there, and set those that are: `made` or `found` by name.

    Raises TopicsError where one has another number of partitions, BrokerError.
    """
    async with _admin(bootstrap) as admin:
        found = await _found(admin)
        _check(found, missing=False)
        brokers = len((await admin.describe_cluster())["brokers"])
        missing = [name for name in TOPICS if name not in found]
        settings = {name: {key: str(value) for key, value in wanted.items()} for name, wanted in TOPICS.items()}
        if missing:
            new = [NewTopic(name, PARTITIONS, min(REPLICAS, brokers), topic_configs=settings[name]) for name in missing]
            _answered((await admin.create_topics(new)).topic_errors, besides=TopicAlreadyExistsError)
        for name in found:
            own = await _settings(admin, name)
            if not own.items() >= settings[name].items():
                # The request replaces all that the topic itself is set to: what others have set stays.
                resource = ConfigResource(ConfigResourceType.TOPIC, name, configs=own | settings[name])
                for response in await admin.alter_configs([resource]):
                    _answered([(name, code, said) for code, said, *_ in response.resources])
        _check(await _found(admin, missing), missing=False)
    return {name: "made" if name in missing else "found" for name in TOPICS}


async def check(bootstrap: str) -> None:
    """Raise MissingTopicError where a topic is missing, TopicsError where one has other partitions, BrokerError."""
    async with _admin(bootstrap) as admin:
        _check(await _found(admin), missing=True, bootstrap=bootstrap)


async def ends(bootstrap: str, topic: str = FACTS_IN) -> dict[int, int]:
    """Give the offset at which each partition of a topic ends. Raises BrokerError."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, client_id="stilldown")
    try:
        async with _reaching(bootstrap):
            await consumer.start()
            found = await consumer.end_offsets([TopicPartition(topic, part) for part in range(PARTITIONS)])
    finally:
        await consumer.stop()
    return {part.partition: end for part, end in found.items()}


def _check(found: Mapping[str, int], *, missing: bool, bootstrap: str = "") -> None:
    for name in TOPICS:
        if name not in found:
            if missing:
                raise MissingTopicError(f"there is no topic {name}; `stilldown migrate --kafka {bootstrap}` makes it")
        elif found[name] != PARTITIONS:
            raise TopicsError(
                f"the topic {name} has {found[name]} partitions, and has to have {PARTITIONS}: with another number"
                " the history of a service would not stay in one partition"
            )


async def _found(admin: AIOKafkaAdminClient, awaited: list[str] | None = None) -> dict[str, int]:
    """The partitions of our topics that are there; `awaited` have just been made, and are waited for."""
    while True:
        there = await admin.describe_topics()
        found = {topic["topic"]: len(topic["partitions"]) for topic in there if topic["topic"] in TOPICS}
        if all(name in found for name in awaited or ()):
            return found
        await asyncio.sleep(0.1)


async def _settings(admin: AIOKafkaAdminClient, name: str) -> dict[str, str]:
    """What a topic itself is set to, and not by its broker's defaults."""
    own: dict[str, str] = {}
    for response in await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name)]):
        for _code, _message, _type, _name, entries in response.resources:
            own |= {entry[0]: entry[1] for entry in entries if entry[3] == _OF_THE_TOPIC}
    return own


def _answered(errors: list[tuple[Any, ...]], besides: type[KafkaError] | None = None) -> None:
    for name, code, *said in errors:
        error = for_code(code)
        if code and error is not besides:
            raise BrokerError(f"the topic {name}: {error.__name__}: {said[0] if said and said[0] else ''}")


@asynccontextmanager
async def _admin(bootstrap: str) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, client_id="stilldown", request_timeout_ms=10_000)
    try:
        async with _reaching(bootstrap):
            await admin.start()
            yield admin
    finally:
        await admin.close()


@asynccontextmanager
async def _reaching(bootstrap: str) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(_PATIENCE):
            yield
    except TimeoutError:
        raise BrokerError(f"Kafka at {bootstrap} does not answer") from None
    except KafkaError as error:
        raise BrokerError(f"Kafka at {bootstrap} cannot be reached: {type(error).__name__}") from error
