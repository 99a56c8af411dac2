"""Words before pictures: deliveries that go without what goes with them (card, link) from their next try on."""

from __future__ import annotations

from broadcaster.domain.channel import ChannelError

BARE = "bare_next"  # the code of a try after which the words go alone


class Bare:
    """The deliveries of one account, by ``Attempt.key``, whose card or link was refused, or got no answer twice."""

    def __init__(self) -> None:
        self._bare: set[str] = set()
        self._doubted: set[str] = set()

    def __contains__(self, key: str) -> bool:
        return key in self._bare

    def unanswered(self, key: str) -> bool:
        """A try with a card got no answer. Returns whether that was its second, so that the words go alone now."""
        again = key in self._doubted
        (self._bare if again else self._doubted).add(key)
        return again

    def refused(self, key: str, error: ChannelError) -> ChannelError:
        """What to raise: at once the words go alone."""
        self._bare.add(key)
        return ChannelError(f"{error}; the next try is the text alone", code=BARE, retry_after=0.0)
