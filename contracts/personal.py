"""Which fields hold personal data, and whose: read from the declarations (`x-personal`), kept nowhere else."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Final, Literal

from msgspec import inspect

from contracts.decisions import DECISIONS
from contracts.facts import FACTS

Whose = Literal["customer", "named"]
"""`customer`: the complaint's customer; `named`: the person whom the field names."""

PERSONAL_SUBJECTS: Final[dict[str, Whose]] = {"person.absent": "named"}
"""Types whose `subject` is personal. A correction's subject is that of the fact it corrects."""


@cache
def personal_fields(type: str) -> dict[str, Whose]:  # noqa: A002 - the attribute's own name
    """Personal fields in the data of a type of fact or decision, by their names on the wire.

    Rows are written as in `owners[].person`. A correction's own `data` has the fields of the fact that it
    corrects, see `personal_in_corrections`. Raises KeyError where there is no such type.
    """
    declared = FACTS.get(type) or DECISIONS[type]
    return dict(_personal(inspect.type_info(declared), "", None))


@cache
def personal_in_corrections() -> dict[str, Whose]:
    """Fields that are personal in the `data` of a correction, whatever the type of the fact that it corrects.

    A name that is personal in one type and not in another (`to`, of a visit) is personal here.
    """
    return {field: whose for name in FACTS for field, whose in personal_fields(name).items()}


def _personal(kind: inspect.Type, path: str, whose: Whose | None) -> Iterator[tuple[str, Whose]]:
    match kind:
        case inspect.Metadata():
            yield from _personal(kind.type, path, (kind.extra_json_schema or {}).get("x-personal", whose))
        case inspect.UnionType():
            for one in kind.types:
                yield from _personal(one, path, whose)
        case inspect.VarTupleType():
            yield from _personal(kind.item_type, f"{path}[]", whose)
        case inspect.StructType():
            for field in kind.fields:
                yield from _personal(field.type, f"{path}.{field.encode_name}".removeprefix("."), whose)
        case inspect.StrType() if whose:
            yield path, whose
        case _:
            pass
