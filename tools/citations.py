"""Where a text cites an RFC: "§3.5" is RFC 9293's; another RFC's section has its number directly before it.

A list goes on: in "RFC 6298 §2, §5" and "RFC 6298 §2 (the estimator) and §5" both sections are RFC 6298's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

RFC = 9293
"""The RFC whose sections need no number before them."""

_SECTION = r"(?:\d+(?:\.\d+)*|[A-Z](?:\.\d+)*\b)"
_ASIDE = r"(?: \((?:(?!RFC|§)[^()])*\))?"
_LIST = rf"§{_SECTION}(?:{_ASIDE}(?:,? and |, | to )(?:§{_SECTION}|\d+(?:\.\d+)+))*"
_CITATION = re.compile(rf"(?:(?:\bRFC )?\b(?P<rfc>\d{{3,4}}) )?(?P<sections>{_LIST})|\bRFC (?P<whole>\d+)")
_LISTED = re.compile(rf"(?:§|(?:,|and|to) )({_SECTION})")


class Citation(NamedTuple):
    """A section of an RFC; of the RFC as a whole where `section` is empty."""

    rfc: int
    section: str


def citations(text: str) -> Iterator[Citation]:
    """Yield what a text cites, in its order.

    >>> list(citations("RFC 5961, which §3.10.7.4 takes in (RFC 6298 §2 and §5)"))[1:]
    [Citation(rfc=9293, section='3.10.7.4'), Citation(rfc=6298, section='2'), Citation(rfc=6298, section='5')]
    """
    for found in _CITATION.finditer(re.sub(r"\s+(?:# )?", " ", text)):
        if found["whole"]:
            yield Citation(int(found["whole"]), "")
        for section in _LISTED.findall(re.sub(r"\([^()]*\)", "", found["sections"] or "")):
            yield Citation(int(found["rfc"] or RFC), section)
