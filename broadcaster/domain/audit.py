"""The audit chain: each entry's HMAC covers the one before, so that nothing can be changed or cut out unseen."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

GENESIS = "0" * 64


def mac(key: str, previous: str, entry: Mapping[str, Any]) -> str:
    """Hex HMAC-SHA256 over the previous MAC and the entry's canonical JSON."""
    body = json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
    return hmac.new(key.encode(), f"{previous}\n{body}".encode(), hashlib.sha256).hexdigest()
