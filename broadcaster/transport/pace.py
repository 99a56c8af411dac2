"""Pace shared by all senders: GCRA in Redis by Redis' own clock; alone, a share of it, while Redis is away."""

from __future__ import annotations

import time
from collections.abc import Sequence

from redis import Redis
from redis.exceptions import RedisError

from broadcaster.domain.pace import TOLERANCE_SECONDS, Slots, take

_TAKE = """
local t = redis.call('TIME')
local now = t[1] + t[2] / 1000000
local tat = tonumber(redis.call('GET', KEYS[1]))
local arrival = now
if tat and tat > now - tonumber(ARGV[2]) then arrival = tat elseif tat then arrival = now - tonumber(ARGV[2]) end
local answer = {}
for i = 4, #ARGV do
  if arrival > now + tonumber(ARGV[3]) then break end
  answer[#answer + 1] = tostring(math.max(0, arrival - now))
  arrival = arrival + ARGV[i] / ARGV[1]
end
redis.call('SET', KEYS[1], string.format('%.6f', arrival), 'PX', math.ceil((arrival - now) * 1000) + 60000)
answer[#answer + 1] = tostring(math.max(0, arrival - now))
return answer
"""
_PUSH = """
local t = redis.call('TIME')
local now = t[1] + t[2] / 1000000
local tat = tonumber(redis.call('GET', KEYS[1])) or 0
local pushed = math.max(tat, now + ARGV[1])
redis.call('SET', KEYS[1], string.format('%.6f', pushed), 'PX', math.ceil((pushed - now) * 1000) + 60000)
return 1
"""


class Pace:
    """The pace of one channel in units (segments or messages) per second, for one of ``senders`` processes."""

    def __init__(self, redis: Redis, channel: str, rate: float, senders: int) -> None:
        self._key = f"pace:{channel}"
        self._rate = rate
        self._alone = rate / max(1, senders)
        self._tat: float | None = None
        self._take = redis.register_script(_TAKE)
        self._push = redis.register_script(_PUSH)

    def take(self, costs: Sequence[int], horizon: float) -> Slots:
        """Start times for as many messages as may start within ``horizon`` seconds."""
        try:
            answer = self._take(keys=[self._key], args=[self._rate, TOLERANCE_SECONDS, horizon, *costs])
        except RedisError:
            slots, self._tat = take(self._tat, time.monotonic(), self._alone, costs, horizon)
            return slots
        seconds = [float(part) for part in answer]
        return Slots(tuple(seconds[:-1]), seconds[-1])

    def push(self, seconds: float) -> None:
        """Nobody starts before ``seconds`` from now (the provider said: too many)."""
        self._tat = max(self._tat or 0.0, time.monotonic() + seconds)
        try:
            self._push(keys=[self._key], args=[seconds])
        except RedisError:
            return
