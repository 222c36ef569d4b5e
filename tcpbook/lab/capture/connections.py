"""`connections`: a table of segments as one row a connection: how it opened and closed, and what passed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tcpbook.lab.capture.ends import Column, Ends, ahead
from tcpbook.lab.capture.packets import Mask
from tcpbook.lab.capture.verdicts import NAMES, observe

if TYPE_CHECKING:
    from pandas import DataFrame

OPENED = ("complete", "unanswered", "refused", "incomplete", "mid-stream")
CLOSED_BY = ("", "client", "server", "both")
CLOSED_HOW = ("FIN", "RST", "open")


def connections(segments: DataFrame) -> DataFrame:
    """What became of each connection in rows of `read_capture`.

    Returns one row a connection, by its number: client, server (category), client_port, server_port (uint16; the
    client is end 0), start_ns, duration_ns (int64), opened (category): "complete" if each end's SYN was acknowledged,
    "unanswered" if nothing came back, "refused" if RSTs did and nothing else, "incomplete" if the handshake stuck,
    "mid-stream" if the SYN was not captured; closed_how (category): "RST", "FIN" if any end sent one, else "open";
    closed_by (category): who did so first, "both" if neither FIN acknowledges the other, or ""; close_segments
    (int64), 3 or 4 where both FINs were acknowledged, else 0; completeness (uint8), Wireshark's tcp.completeness; then
    (int64) client_segments, server_segments, client_bytes, server_bytes (payload, repeated or not), retransmissions,
    out_of_order, duplicate_acks, zero_windows, keep_alives; handshake_rtt_ns (Int64); of the options mss_client,
    mss_server (UInt16), scale_client, scale_server (UInt8), sack, timestamps (bool), the last four if both offered it.

    A RST closes if its sender sends nothing but RSTs from then on and the FINs have not closed all before.
    RFC 9293 §3.5, §3.6
    """
    from pandas import Categorical, DataFrame, Index

    ends = Ends(segments)
    observed = observe(ends)
    zero = (ends.window == 0) & ~(ends.syn | ends.fin | ends.rst)
    sent = np.bincount(ends.flow, minlength=len(ends.syn_row))
    octets = np.bincount(ends.flow, ends.length, minlength=len(ends.syn_row)).astype(np.int64)
    closed_how, closed_by, close_segments = _closed(ends)

    def named(name: str) -> Column:
        return _count(ends, observed.name == NAMES.index(name))

    return DataFrame(
        {
            **_addresses(ends, segments),
            **_times(ends),
            "opened": Categorical.from_codes(_opened(ends), list(OPENED)),
            "closed_by": Categorical.from_codes(closed_by, list(CLOSED_BY)),
            "closed_how": Categorical.from_codes(closed_how, list(CLOSED_HOW)),
            "close_segments": close_segments,
            "completeness": _completeness(ends),
            "client_segments": sent[::2],
            "server_segments": sent[1::2],
            "client_bytes": octets[::2],
            "server_bytes": octets[1::2],
            "retransmissions": named("retransmission"),
            "out_of_order": named("out of order"),
            "duplicate_acks": named("duplicate ACK"),
            "zero_windows": _count(ends, zero),
            "keep_alives": named("keep-alive"),
            **_handshakes(ends, segments),
        },
        index=Index(ends.ids, name="connection"),
    )


def _count(ends: Ends, mask: Mask) -> Column:
    return np.bincount(ends.connection[mask], minlength=len(ends.ids))


def _addresses(ends: Ends, segments: DataFrame) -> dict[str, Any]:
    """The client's and the server's address and port, as the first segment of each connection has them."""
    from pandas import Categorical

    clients, row = ends.end[ends.starts] == 0, ends.order[ends.starts]
    addresses = [segments[side].iloc[row].to_numpy(object) for side in ("source", "destination")]
    ports = [segments[f"{side}_port"].to_numpy()[row] for side in ("source", "destination")]
    return {
        "client": Categorical(np.where(clients, *addresses)),
        "client_port": np.where(clients, *ports),
        "server": Categorical(np.where(clients, *addresses[::-1])),
        "server_port": np.where(clients, *ports[::-1]),
    }


def _times(ends: Ends) -> dict[str, Column]:
    start_ns = np.minimum.reduceat(ends.time_ns, ends.starts)
    return {"start_ns": start_ns, "duration_ns": np.maximum.reduceat(ends.time_ns, ends.starts) - start_ns}


def _opened(ends: Ends) -> Column:
    """Places in OPENED."""
    none = ends.count
    silent, deaf = ends.begun[1::2] == none, ends.first(~ends.rst)[1::2] == none
    acked = ends.syn_acked.reshape(-1, 2) < none
    called = ends.first(ends.syn & ~ends.acks)[::2] < none
    return np.select([~called, acked.all(axis=1), silent, deaf], [4, 0, 1, 2], 3)


def _closed(ends: Ends) -> tuple[Column, Column, Column]:
    """Places in CLOSED_HOW and CLOSED_BY, and how many segments the close took."""
    none = ends.count
    fin, acked = ends.fin_row.reshape(-1, 2), ends.fin_acked.reshape(-1, 2)
    goes_on = ends.last(~ends.rst)
    goes_on[goes_on == none] = -1
    reset = ends.first(ends.rst & (ends.rows > goes_on[ends.flow])).reshape(-1, 2)
    done = acked.max(axis=1)  # none if either is missing
    by_reset = (reset.min(axis=1) < none) & (reset.min(axis=1) < done)

    first = fin.argmin(axis=1)
    each = np.arange(len(fin))
    second_fin, first_acked = fin[each, 1 - first], acked[each, first]
    unaware = ahead(ends.at(ends.ack, second_fin), ends.at(ends.seq + ends.takes, fin[each, first])) < 0
    together = (second_fin < none) & unaware

    how = np.select([by_reset, fin.min(axis=1) < none], [1, 0], 2)
    by = np.select([how == 2, how == 1, together], [0, 1 + reset.argmin(axis=1), 3], 1 + first)
    segments = np.where((how == 0) & (done < none), np.where(first_acked == second_fin, 3, 4), 0)
    return how, by, segments


def _completeness(ends: Ends) -> Column:
    """Wireshark's tcp.completeness, read in two passes: 1 SYN, 2 SYN,ACK, 4 ACK, 8 data, 16 FIN, 32 RST.

    A FIN or text counts beside an ACK; of a SYN only the first one's text; where there is one segment only, a SYN with
    its text. Wireshark itself forgets the SYN of a connection that FTP announced.
    """
    called, text = ends.syn & ~ends.acks, ends.length > 0
    seen = {
        2: ends.syn & ends.acks,
        4: ends.acks & ~ends.syn & ~text,
        8: ends.acks & ~ends.syn & text,
        16: ends.fin & ends.acks,
        32: ends.rst,
    }
    alone = np.diff(ends.starts, append=ends.count) == 1
    found: Column = np.zeros(len(ends.starts), np.uint8)
    for bit, mask in seen.items():
        found[~alone & np.logical_or.reduceat(mask, ends.starts)] |= bit
    found[called[ends.starts]] |= 1
    found[(called & text)[ends.starts]] |= 8
    return found


def _handshakes(ends: Ends, segments: DataFrame) -> dict[str, Any]:
    """The handshake's round trip, and what its SYNs agreed on (RFC 9293 §3.7.1, RFC 7323 §2.2, §3.2, RFC 2018 §2)."""
    from pandas.arrays import IntegerArray

    none = ends.count
    seen = ends.syn_row < none
    row = ends.at(ends.order, ends.syn_row)

    def said(name: str) -> tuple[Column, Mask]:
        column = segments[name].array
        return column.to_numpy(column.dtype.numpy_dtype, na_value=0)[row], seen & ~column.isna()[row]

    mss, told = said("mss")
    scale, scales = said("scale")
    _, stamps = said("tsval")
    permits = seen & segments["sack_permitted"].to_numpy()[row]
    both = [offered.reshape(-1, 2).all(axis=1) for offered in (scales, permits, stamps)]
    rtt_ns = ends.round_trip_ns
    return {
        "handshake_rtt_ns": IntegerArray(rtt_ns, rtt_ns < 0),
        "mss_client": IntegerArray(mss[::2], ~told[::2]),
        "mss_server": IntegerArray(mss[1::2], ~told[1::2]),
        "scale_client": IntegerArray(scale[::2], ~both[0]),
        "scale_server": IntegerArray(scale[1::2], ~both[0]),
        "sack": both[1],
        "timestamps": both[2],
    }
