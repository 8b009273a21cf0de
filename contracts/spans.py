"""Spans: a start and an end, of whatever is counted; the end does not belong to it."""

from __future__ import annotations

from collections.abc import Iterable

Span = tuple[int, int]


def merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Put spans in order; those that overlap or touch become one."""
    result: list[Span] = []
    for start, end in sorted(spans):
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((start, end))
    return tuple(result)


def without(spans: Iterable[Span], taken: Iterable[Span]) -> tuple[Span, ...]:
    """Take the parts of `taken` out of spans; what is left is merged."""
    result = []
    out = merged(taken)
    for start, end in merged(spans):
        here = start
        for first, last in out:
            if here < first < end:
                result.append((here, first))
            if first < end:
                here = max(here, last)
        if here < end:
            result.append((here, end))
    return tuple(result)
