"""When one call is tried again, and after how long. Not the limits on waiting for an answer, which are `tai.llm.patience`."""

from __future__ import annotations

from tai.llm.failures import Failure

_TRIES = 4  # of one call, as long as the model has said nothing
# For a server that names a time to come back; longer, and the person is told instead.
_LONGEST_WAIT_S = 10.0


class Tries:
    """Of one call. backoff_s: before the second try, doubled before each later one, unless the server names a time."""

    def __init__(self, backoff_s: float) -> None:
        self._backoff_s = backoff_s
        self._left = _TRIES - 1

    def wait_s(self, failure: Failure, *, at_most_s: float) -> float | None:
        """Seconds to wait before the next try; None where it would not help, or take longer than anybody waits."""
        wait_s, self._backoff_s = self._backoff_s, 2 * self._backoff_s
        if failure.wait_s is not None:
            wait_s = failure.wait_s
        if not failure.transient or not self._left or wait_s > min(_LONGEST_WAIT_S, at_most_s):
            return None
        self._left -= 1
        return wait_s
