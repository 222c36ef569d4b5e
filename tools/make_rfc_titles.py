"""Take from the text of RFC 9293 what can be cited: tools/rfc-titles.json.

The titles of its sections and of the RFCs that it refers to, and in which sections its figures, tables and numbered
requirements stand. The sections of other RFCs are a table below, written by hand and checked by eye: their texts are
not read here.

Run: python tools/make_rfc_titles.py rfc9293.txt   (https://www.rfc-editor.org/rfc/rfc9293.txt)
"""

from __future__ import annotations

import json
import re
import sys
from itertools import pairwise
from pathlib import Path

TARGET = Path(__file__).with_name("rfc-titles.json")

NOT_REFERRED_TO = {
    959: "File Transfer Protocol",
    1071: "Computing the Internet checksum",
    1337: "TIME-WAIT Assassination Hazards in TCP",
    1661: "The Point-to-Point Protocol (PPP)",
    1952: "GZIP file format specification version 4.3",
    2385: "Protection of BGP Sessions via the TCP MD5 Signature Option",
    3540: "Robust Explicit Congestion Notification (ECN) Signaling with Nonces",
    5482: "TCP User Timeout Option",
    5737: "IPv4 Address Blocks Reserved for Documentation",
    6056: "Recommendations for Transport-Protocol Port Randomization",
    6335: "Internet Assigned Numbers Authority (IANA) Procedures for the Management of the Service Name and "
    "Transport Protocol Port Number Registry",
    8754: "IPv6 Segment Routing Header (SRH)",
    9293: "Transmission Control Protocol (TCP)",
    9768: "More Accurate Explicit Congestion Notification (AccECN) Feedback in TCP",
}
"""RFCs that the book cites and RFC 9293 does not, and RFC 9293 itself."""

CITED_OF_OTHERS = {
    791: {"2.3": "Function Description", "3.1": "Internet Header Format", "3.2": "Discussion"},
    1122: {"4.2.2.8": "TCP Connection State Diagram"},
    1337: {"1": "Introduction"},
    1661: {"6.5": "Protocol-Field-Compression (PFC)", "6.6": "Address-and-Control-Field-Compression (ACFC)"},
    2018: {"2": "Sack-Permitted Option", "3": "Sack Option Format"},
    2385: {"3.0": "Syntax"},
    3168: {"6.1": "TCP", "6.1.1": "TCP Initialization"},
    4987: {"2": "Attack Description", "3.6": "SYN Cookies"},
    5482: {"3": "Operation"},
    5681: {"2": "Definitions", "3.2": "Fast Retransmit/Fast Recovery"},
    5961: {
        "3": "Blind Reset Attack Using the RST Bit",
        "4.2": "Mitigation",
        "5": "Blind Data Injection Attack",
    },
    6056: {"3.2": "Ephemeral Port Number Range"},
    6298: {"2": "The Basic Algorithm", "3": "Taking RTT Samples", "5": "Managing the RTO Timer"},
    6335: {"5.1": "Service Name Syntax", "6": "Port Number Ranges", "8.1.1": "General Assignment Procedure"},
    7323: {
        "2": "TCP Window Scale Option",
        "2.2": "Window Scale Option",
        "2.3": "Using the Window Scale Option",
        "3.2": "Timestamps Option",
    },
    7413: {"4.1.1": "Fast Open Option"},
    8200: {
        "3": "IPv6 Header Format",
        "4": "IPv6 Extension Headers",
        "4.5": "Fragment Header",
        "8.1": "Upper-Layer Checksums",
    },
    8754: {"2": "Segment Routing Header"},
    9768: {"3": "AccECN Protocol Specification"},
}
"""The sections of other RFCs that the book cites, with their titles; a citation of any other one fails a test."""

HEADING = re.compile(
    r"^(?:Appendix )?(?P<section>\d+(?:\.\d+)*|[A-Z](?:\.\d+)*)\. +(?P<title>\S.*(?:\n +\S.*)*)\n\n", re.MULTILINE
)
REFERENCE = re.compile(r'^ +\[\d+\] [^"\[]*"(?P<title>[^"]+)",[^\[<]*?\bRFC\s+(?P<rfc>\d+),', re.MULTILINE)
ITEM = re.compile(
    r"^ +(?P<caption>(?:Figure|Table) \d+): |(?P<kind>MUST|SHLD|MAY|REC)-\s*(?P<number>\d+)", re.MULTILINE
)


def main() -> None:
    """Read the text of RFC 9293 that the command line names and write the titles."""
    text = Path(sys.argv[1]).read_text(encoding="utf-8")
    headings = list(HEADING.finditer(text))
    sections = {found["section"]: " ".join(found["title"].split()) for found in headings}
    titles = {int(found["rfc"]): " ".join(found["title"].split()) for found in REFERENCE.finditer(text)}
    items: dict[str, list[str]] = {}
    for heading, following in pairwise(headings):  # without the last, Appendix B: it only lists the requirements
        for found in ITEM.finditer(text, heading.end(), following.start()):
            places = items.setdefault(found["caption"] or f"{found['kind']}-{found['number']}", [])
            places += [heading["section"]] * (heading["section"] not in places)
    data = {
        "rfcs": dict(sorted((titles | NOT_REFERRED_TO).items())),
        "sections": sections,
        "items": {name: " ".join(places) for name, places in items.items()},
        "sections of other RFCs": CITED_OF_OTHERS,
    }
    TARGET.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
