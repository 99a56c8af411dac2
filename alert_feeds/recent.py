"""What was made of the same bytes a moment ago: a feed that only moves its own time is not parsed anew, item by item.

Only what follows from the key alone may be kept: values are frozen, and the key holds all that a reader looks at.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Value = TypeVar("Value")
MOST_BYTES = 4 * 1024 * 1024  # of items' own bytes; what was made of them is about four times that


class Recent(Generic[Value]):
    """The latest values by key, as many as weigh ``most`` bytes together. Safe between threads."""

    def __init__(self, most: int = MOST_BYTES) -> None:
        self._most = most
        self._weight = 0
        self._kept: OrderedDict[Hashable, tuple[Value, int]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable, weight: int, make: Callable[[], Value]) -> Value:
        """The value of that key, made where it is not kept."""
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
                return found[0]
        value = make()
        with self._lock:
            if key not in self._kept:
                self._kept[key] = (value, weight)
                self._weight += weight
            while self._weight > self._most:
                self._weight -= self._kept.popitem(last=False)[1][1]
        return value

    @property
    def weight(self) -> int:
        """Bytes that are kept now."""
        return self._weight
