"""The library's cases for recorders. Their module also has those of its cipher, and so wants a package that nothing
here uses (pycryptodome): while it is imported, a name stands in for the cipher.
"""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType

if importlib.util.find_spec("Crypto"):
    from eventsourcing.tests.persistence import ApplicationRecorderTestCase
else:
    _CIPHER = "eventsourcing.cipher"
    _stand_in = ModuleType(_CIPHER)
    _stand_in.AESCipher = object  # type: ignore[attr-defined] # it is a name for a cipher's cases only
    sys.modules[_CIPHER] = _stand_in
    try:
        from eventsourcing.tests.persistence import ApplicationRecorderTestCase
    finally:
        del sys.modules[_CIPHER]

__all__ = ["ApplicationRecorderTestCase"]
