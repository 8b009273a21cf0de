"""Original bytes as people and machines get them back: nothing of them is lost on the way."""

from __future__ import annotations

import base64
from typing import Any


def for_machines(body: bytes) -> dict[str, Any]:
    """Give `body` as JSON values: `body` as text, or where it is none `body_base64`."""
    try:
        return {"body": body.decode("utf-8")}
    except UnicodeDecodeError:
        return {"body_base64": base64.b64encode(body).decode("ascii")}


def for_people(body: bytes, most: int = 2_000) -> str:
    """Give `body` as something to look at: readable, on a screen, without control characters."""
    text = body[: most * 4].decode("utf-8", "backslashreplace")
    shown = "".join(c if c.isprintable() or c == "\n" else f"\\x{ord(c):02x}" for c in text[:most])
    left = len(body) - len(text[:most].encode("utf-8", "surrogatepass"))
    return shown if left <= 0 else f"{shown}… ({len(body):,} bytes)"
