"""Take the titles of RFC 9293's sections, and of the RFCs it refers to, from its text: tools/rfc-titles.json.

Run: python tools/make_rfc_titles.py rfc9293.txt   (https://www.rfc-editor.org/rfc/rfc9293.txt)
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

TARGET = Path(__file__).with_name("rfc-titles.json")

NOT_REFERRED_TO = {
    959: "File Transfer Protocol",
    1337: "TIME-WAIT Assassination Hazards in TCP",
    1661: "The Point-to-Point Protocol (PPP)",
    1952: "GZIP file format specification version 4.3",
    2385: "Protection of BGP Sessions via the TCP MD5 Signature Option",
    3540: "Robust Explicit Congestion Notification (ECN) Signaling with Nonces",
    5482: "TCP User Timeout Option",
    6056: "Recommendations for Transport-Protocol Port Randomization",
    6335: "Internet Assigned Numbers Authority (IANA) Procedures for the Management of the Service Name and "
    "Transport Protocol Port Number Registry",
    8754: "IPv6 Segment Routing Header (SRH)",
    9293: "Transmission Control Protocol (TCP)",
    9768: "More Accurate Explicit Congestion Notification (AccECN) Feedback in TCP",
}
"""RFCs that the book cites and RFC 9293 does not, and RFC 9293 itself."""

HEADING = re.compile(
    r"^(?:Appendix )?(?P<section>\d+(?:\.\d+)*|[A-Z](?:\.\d+)*)\. +(?P<title>\S.*(?:\n +\S.*)*)\n\n", re.MULTILINE
)
REFERENCE = re.compile(r'^ +\[\d+\] [^"\[]*"(?P<title>[^"]+)",[^\[<]*?\bRFC\s+(?P<rfc>\d+),', re.MULTILINE)


def main() -> None:
    """Read the text of RFC 9293 that the command line names and write the titles."""
    text = Path(sys.argv[1]).read_text(encoding="utf-8")
    sections = {found["section"]: " ".join(found["title"].split()) for found in HEADING.finditer(text)}
    titles = {int(found["rfc"]): " ".join(found["title"].split()) for found in REFERENCE.finditer(text)}
    data = {"rfcs": dict(sorted((titles | NOT_REFERRED_TO).items())), "sections": sections}
    TARGET.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
