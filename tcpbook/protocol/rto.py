"""The retransmission timeout, from measured round trips (RFC 6298)."""

from __future__ import annotations

from typing import NamedTuple

INITIAL_US = 1_000_000  # before any measurement (RFC 6298 §2, rule 2.1)
LEAST_US = 1_000_000  # RFC 6298 §2, rule 2.4
MOST_US = 60_000_000  # RFC 6298 §2, rule 2.5
AFTER_LOST_SYN_US = 3_000_000  # where text begins, if the SYN had to be sent again (RFC 6298 §5, rule 5.7)


class Rto(NamedTuple):
    """The estimator's state: the timeout, the smoothed round-trip time and its variation, in microseconds."""

    rto_us: int = INITIAL_US
    srtt_us: int | None = None
    rttvar_us: int = 0

    def measured(self, rtt_us: int) -> Rto:
        """Take in one round trip; Karn's rule: not one of a segment that was sent twice (RFC 6298 §2, §3).

        >>> Rto().measured(800_000)
        Rto(rto_us=2400000, srtt_us=800000, rttvar_us=400000)
        """
        if self.srtt_us is None:
            srtt_us, rttvar_us = rtt_us, rtt_us // 2
        else:
            rttvar_us = (3 * self.rttvar_us + abs(self.srtt_us - rtt_us)) // 4
            srtt_us = (7 * self.srtt_us + rtt_us) // 8
        return Rto(min(max(LEAST_US, srtt_us + max(1, 4 * rttvar_us)), MOST_US), srtt_us, rttvar_us)

    def backed_off(self) -> Rto:
        """Wait twice as long, after a timeout (RFC 6298 §5, rule 5.5)."""
        return self._replace(rto_us=min(2 * self.rto_us, MOST_US))
