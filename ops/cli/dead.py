"""`dead`: facts that could not be understood. Nothing is lost, and what was wrong outside them can be put right."""

from __future__ import annotations

import sys
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from ops.cli.common import COMMON, DONE, MANY, REFUSED, Common, confirmed, console, pairs, rows, tell
from ops.errors import UsageError

if TYPE_CHECKING:
    from engine.keeping import Keeper, Letter

_Numbers = Annotated[int, Parameter(help="Their numbers, as `stilldown dead list` gives them.")]


def listed(*, common: Common = COMMON) -> int:
    """Which dead letters there are, and why."""
    from engine.keeping import Keeper
    from ops.words import moment

    with Keeper(common.url) as keeper:
        if common.json:
            for letter in keeper.letters():
                common.answer(_told(letter))
            return DONE
        table = rows("number", "last (UTC)", "times", "type", "subject", "why", right=("number", "times"))
        for letter in islice(keeper.letters(), MANY):
            told = _told(letter)
            table.add_row(
                str(letter.number),
                moment(told["last_at"]),
                str(letter.times),
                letter.type,
                letter.subject,
                letter.reason,
            )
    if not table.row_count:
        tell("no dead letters: every fact that arrived was understood")
        return DONE
    console().print(table)
    if table.row_count == MANY:
        tell(f"note: these are the first {MANY:,}; --json gives all")
    return DONE


def show(number: Annotated[int, Parameter(help="Its number.")], /, *, common: Common = COMMON) -> int:
    """One dead letter, with its original bytes."""
    from engine.keeping import Keeper
    from ops.bodies import for_machines, for_people
    from ops.words import counted, moment

    with Keeper(common.url) as keeper:
        letter, body = _found(keeper, number)
    told = _told(letter)
    if common.json:
        common.answer(told | for_machines(body))
        return DONE
    facts = {
        "number": letter.number,
        "why": letter.reason,
        "field": letter.field,
        "value": letter.value,
        "came": f"{counted(letter.times, 'time')}, last {moment(told['last_at'])} UTC",
        "source": letter.source,
        "id": letter.id,
        "type": letter.type,
        "subject": letter.subject,
    }
    out = console()
    out.print(pairs(facts))
    out.print(for_people(body), soft_wrap=True)
    return DONE


def retry(
    *numbers: _Numbers,
    all: Annotated[bool, Parameter(negative=(), show_default=False, help="All of them.")] = False,  # noqa: A002 - the option's name
    common: Common = COMMON,
) -> int:
    """Take original bytes in again, as they came. What dies again stays."""
    import msgspec

    from engine.keeping import Keeper
    from ops.opening import engine
    from ops.retrying import retry as run
    from ops.words import counted

    url = common.url
    if all == bool(numbers):
        raise UsageError("name the numbers of dead letters, or --all. See `stilldown dead retry --help`.")
    with Keeper(url, writes=True) as keeper:
        for number in numbers:
            _found(keeper, number)
        with engine(url, verbose=common.verbose) as opened:
            done = run(opened, keeper, numbers or None)
    tally = done.tally
    if common.json:
        common.answer(msgspec.structs.asdict(tally))
    else:
        console().print(
            f"{counted(tally.read, 'dead letter')} taken in again: {tally.recorded:,} recorded,"
            f" {tally.duplicates:,} known already, {tally.held:,} waiting, {tally.dead:,} dead again.",
            soft_wrap=True,
        )
    if done.released:
        tell(f"note: {counted(done.released, 'fact')} that had waited for them recorded too")
    return REFUSED if tally.dead else DONE


def drop(
    *numbers: _Numbers,
    yes: Annotated[bool, Parameter(negative=(), show_default=False, help="Do not ask.")] = False,
    common: Common = COMMON,
) -> int:
    """Take dead letters out for good; prints their original bytes, a line each."""
    from engine.keeping import Keeper
    from ops.bodies import for_machines
    from ops.words import counted

    if not numbers:
        raise UsageError("name the numbers of dead letters. See `stilldown dead drop --help`.")

    def hand(letter: Letter, body: bytes) -> None:
        if common.json:
            common.answer(_told(letter) | for_machines(body))
        else:
            sys.stdout.buffer.write(body + b"\n")
        sys.stdout.buffer.flush()

    with Keeper(common.url, writes=True) as keeper:
        for number in numbers:
            _found(keeper, number)
        if not yes and not confirmed(f"Take out {counted(len(set(numbers)), 'dead letter')} for good?"):
            tell("nothing was taken out")
            return REFUSED
        keeper.drop_letters(sorted(set(numbers)), hand)
    return DONE


def _found(keeper: Keeper, number: int) -> tuple[Letter, bytes]:
    from engine.reading import UnknownError

    found = keeper.letter(number)
    if found is None:
        raise UnknownError(f"there is no dead letter {number}")
    return found


def _told(letter: Letter) -> dict[str, Any]:
    from contracts.moments import rfc3339

    told = letter._asdict()
    told["bytes"] = told.pop("size")
    told["first_at"], told["last_at"] = rfc3339(letter.first_at), rfc3339(letter.last_at)
    return told
