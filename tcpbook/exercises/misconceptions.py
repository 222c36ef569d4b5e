"""What a wrong answer reveals: each misconception with what is true instead, and where RFC 9293 says so."""

from __future__ import annotations

from typing import NamedTuple


class Misconception(NamedTuple):
    """A wrong idea: the idea, what sets it right (a sentence to the reader), and the section or source of that."""

    idea: str
    says: str
    source: str

    @property
    def feedback(self) -> str:
        """What the reader is told."""
        return f"{self.says} ({self.source})"


MISCONCEPTIONS = {
    "registered by use": Misconception(
        "A port's class depends on who uses it.",
        "The class is a matter of the number alone: 0–1023 system, 1024–49151 user, 49152–65535 dynamic.",
        "RFC 6335 §6",
    ),
    # What is on the wire
    "little-endian": Misconception(
        "The low byte comes first.",
        "The network sends the most significant byte first: 01 02 is 258, not 513.",
        "RFC 791, Appendix B",
    ),
    "neighboring field": Misconception(
        "Ports, SEQ and ACK are taken for one another.",
        "You have read the field beside it. Source Port is bytes 0–1, Destination Port 2–3, SEQ 4–7, ACK 8–11.",
        "RFC 9293 §3.1",
    ),
    "offset in bytes": Misconception(
        "Data Offset counts bytes.",
        "Data Offset counts words of four bytes: the header has four times as many bytes.",
        "RFC 9293 §3.1",
    ),
    "header is always 20": Misconception(
        "Every TCP header has 20 bytes.",
        "Twenty bytes are the least. Options follow them, and Data Offset says where the header ends.",
        "RFC 9293 §3.1",
    ),
    "options counted as data": Misconception(
        "Data begins behind the first 20 bytes.",
        "Options stand between the 20 bytes and the data. Data begins where Data Offset says.",
        "RFC 9293 §3.1",
    ),
    "window not scaled": Misconception(
        "The Window field is the window.",
        "After a Window Scale in the SYN, the field counts larger units: shift it left by as many bits.",
        "RFC 7323 §2.2",
    ),
    "window of a SYN scaled": Misconception(
        "Window Scale holds for every segment.",
        "The window in a SYN is never scaled. The shift holds from the sender's next segment on.",
        "RFC 7323 §2.2",
    ),
    "scale multiplies": Misconception(
        "Window Scale is a factor.",
        "Window Scale is a number of shifts, and each doubles: 3 means 8 times, not 3 times.",
        "RFC 7323 §2.2",
    ),
    "MSS includes the header": Misconception(
        "The MSS is the size of header and data.",
        "The MSS counts data. The 20 bytes of TCP's header are not in it.",
        "RFC 9293 §3.7.1",
    ),
    "bits from the left": Misconception(
        "The first of the bits is the leftmost.",
        "You began at the wrong end. FIN is the lowest bit, the rightmost: 0x01. CWR is the highest: 0x80.",
        "RFC 9293 §3.1",
    ),
    "six flags": Misconception(
        "There are six flags.",
        "There are eight: CWR, 0x80, and ECE, 0x40, stand left of URG.",
        "RFC 9293 §3.1",
    ),
    "FIN and SYN swapped": Misconception(
        "SYN is the lowest bit.",
        "FIN is the lowest bit, 0x01, and SYN the next, 0x02.",
        "RFC 9293 §3.1",
    ),
    "hexadecimal without 0x": Misconception(
        "Hexadecimal digits are read as decimal ones.",
        "These are the right digits, in hexadecimal. Write 0x before them, or the number is read as decimal.",
        "RFC 9293 §3.1",
    ),
    "ACK may be missing": Misconception(
        "A segment of an open connection may lack ACK.",
        "In an open connection every segment carries ACK. Without it, and without SYN or RST, no state goes on to "
        "the rest.",
        "RFC 9293 §3.8, §3.10.7",
    ),
    "contradictions are refused": Misconception(
        "Bits that make no sense together are refused.",
        "A receiver checks bit after bit, and acts on what it finds first. Most odd combinations are processed.",
        "RFC 9293 §3.10.7",
    ),
    "a reset never has ACK": Misconception(
        "RST stands alone.",
        "It does where the offending segment had no ACK to take a sequence number from: then the RST acknowledges "
        "that segment.",
        "RFC 9293 §3.5.2",
    ),
    "a reset always has ACK": Misconception(
        "Every reset carries ACK.",
        "Where the offending segment has ACK, the RST takes its sequence number from there and needs no ACK.",
        "RFC 9293 §3.5.2",
    ),
    "a reset is answered": Misconception(
        "A reset draws a reset.",
        "A RST is never answered, or two ends could go on forever.",
        "RFC 9293 §3.5.2",
    ),
    "CLOSED keeps silent": Misconception(
        "Where nobody listens, nobody answers.",
        "CLOSED answers every segment that is no RST with a RST. It is LISTEN that may keep silent.",
        "RFC 9293 §3.10.7.1",
    ),
    "no pseudo-header": Misconception(
        "The checksum covers the segment only.",
        "Addresses, protocol and length are added as well, so that a misrouted segment is noticed.",
        "RFC 9293 §3.1",
    ),
    "odd byte on the right": Misconception(
        "A last odd byte is the low half of a word.",
        "A zero goes behind the odd byte, not before it: it is the high half of the last word.",
        "RFC 9293 §3.1",
    ),
    "carry lost": Misconception(
        "What overflows 16 bits is dropped.",
        "It is a ones' complement sum: what overflows at the top is added again at the bottom.",
        "RFC 9293 §3.1",
    ),
    "checksum not inverted": Misconception(
        "The checksum is the sum.",
        "The last step is missing: turn every 0 into 1 and every 1 into 0.",
        "RFC 9293 §3.1",
    ),
    # Sequence numbers
    "SEQ counts segments": Misconception(
        "Each segment has the next number.",
        "Sequence numbers count bytes, not segments.",
        "RFC 9293 §3.4",
    ),
    "SEQ names the end": Misconception(
        "SEQ is behind the data.",
        "SEQ is the number of the segment's first byte. You named the next segment's.",
        "RFC 9293 §3.1",
    ),
    "sequence numbers have no end": Misconception(
        "Sequence numbers go on after 4294967295.",
        "Numbers have 32 bits: after 4294967295 comes 0. Subtract 4294967296.",
        "RFC 9293 §3.4",
    ),
    "SEQ plus length is the last": Misconception(
        "SEQ + LEN is the last byte.",
        "SEQ plus length names the byte behind the last one.",
        "RFC 9293 §3.4",
    ),
    "the rest needs no segment": Misconception(
        "What is left of a division is not sent.",
        "The bytes that are left over need a segment too, a shorter one.",
        "RFC 9293 §3.7.1",
    ),
    "every segment is full": Misconception(
        "All segments have the size of the MSS.",
        "The MSS is the most. The last segment carries what is left.",
        "RFC 9293 §3.7.1",
    ),
    "an empty segment ends the text": Misconception(
        "After full segments comes an empty one.",
        "Where the last segment is full, nothing comes after it: TCP marks no end of a message.",
        "RFC 9293 §3.9.1.2",
    ),
    "compared as plain numbers": Misconception(
        "Sequence numbers are compared like other numbers.",
        "Numbers stand on a circle: behind 4294967295 lies 0. Count the steps from RCV.NXT, modulo 2³².",
        "RFC 9293 §3.4",
    ),
    "zero window takes nothing": Misconception(
        "With a window of zero nothing is acceptable.",
        "One thing is: a segment without text, exactly at RCV.NXT. So ACKs get through a shut window.",
        "RFC 9293 §3.4, Table 5",
    ),
    "right edge included": Misconception(
        "RCV.NXT + RCV.WND is in the window.",
        "The window ends one before RCV.NXT + RCV.WND: RCV.WND bytes fit, counted from RCV.NXT.",
        "RFC 9293 §3.4",
    ),
    "the first byte decides": Misconception(
        "Only the first byte must be in the window.",
        "The last byte may be in the window instead: then the segment begins with old bytes and ends with new ones.",
        "RFC 9293 §3.4, Table 5",
    ),
    "only RCV.NXT is acceptable": Misconception(
        "Only the next number expected is acceptable.",
        "All of the window is acceptable, also ahead of a gap. RCV.NXT is where it begins.",
        "RFC 9293 §3.4, Table 5",
    ),
    "old bytes are new": Misconception(
        "All of an acceptable segment is taken.",
        "Count only those in the window: what lies before RCV.NXT is there already, what lies beyond the window is "
        "cut off.",
        "RFC 9293 §3.4, §3.10.7.4",
    ),
    # Addresses
    "1024 is a system port": Misconception(
        "The borders 1024 and 49152 belong below.",
        "A new range begins at 1024 and at 49152: 1023 is the last system port, 49151 the last user port.",
        "RFC 6335 §6",
    ),
    "dynamic is where the kernel picks": Misconception(
        "The range that a kernel picks from is the dynamic one.",
        "They are two things: the dynamic ports begin at 49152, and a kernel picks where its administrator says. "
        "Linux begins at 32768.",
        "RFC 6335 §6",
    ),
    "1024 is a law": Misconception(
        "Ports below 1024 always need privileges, others never.",
        "The border is a setting. Here it is not 1024.",
        "Linux, net.ipv4.ip_unprivileged_port_start",
    ),
    "the port picks the socket": Misconception(
        "The destination port alone decides.",
        "Many sockets share a port. All four numbers are compared: two addresses and two ports.",
        "RFC 9293 §3.4.1",
    ),
    "listeners come first": Misconception(
        "The listener hears every segment to its port.",
        "A socket that names all four numbers comes before a listener. The listener gets what no connection claims.",
        "RFC 9293 §3.10.7",
    ),
    "only connections are asked": Misconception(
        "Where no connection fits, nobody takes the segment.",
        "A listener takes it, for it fits every remote side. What it then answers is another question.",
        "RFC 9293 §3.10.7.2",
    ),
    "wildcard comes first": Misconception(
        "A listener on any address comes before one on a single address.",
        "Where several fit, the socket that names most is meant: an address of its own comes before the wildcard.",
        "RFC 9293 §3.9.1.1",
    ),
    "SYN always opens": Misconception(
        "Every SYN is answered with SYN,ACK.",
        "Only a listener answers so. A connection that is open answers with a challenge ACK, nobody with RST,ACK.",
        "RFC 9293 §3.10.7",
    ),
    "last minus first": Misconception(
        "A range has last minus first numbers.",
        "Both ends belong to the range: last minus first, plus 1.",
        "Linux, net.ipv4.ip_local_port_range",
    ),
    "both ends wait": Misconception(
        "Each connection costs two TIME-WAITs.",
        "Only the end that closes first keeps TIME-WAIT.",
        "RFC 9293 §3.6.1",
    ),
    "one port, one connection": Misconception(
        "A local port serves one connection at a time.",
        "A connection is a pair of sockets. Toward another remote address the same port can be used again.",
        "RFC 9293 §3.4.1",
    ),
    "TIME-WAIT never ends": Misconception(
        "A port that was used is gone.",
        "A port comes back when its TIME-WAIT is over: no more are away than were taken in that time.",
        "RFC 9293 §3.6.1",
    ),
    "ftp has one port": Misconception(
        "20 is FTP.",
        "21 is ftp, where commands go; 20 is ftp-data.",
        "IANA; RFC 959",
    ),
    "the product owns the port": Misconception(
        "8080 is registered for Tomcat.",
        "Tomcat uses it by default. It is registered as http-alt, for any web server.",
        "IANA",
    ),
    "one port, with TLS or without": Misconception(
        "A service has the same port with TLS as without.",
        "Where TLS begins with the first byte, the service has a port of its own: http 80, https 443.",
        "IANA",
    ),
    "ssh and telnet": Misconception(
        "22 is telnet.",
        "ssh has 22 and telnet 23, side by side.",
        "IANA",
    ),
    "dynamic ports are registered": Misconception(
        "Every port has a service.",
        "From 49152 up nothing is registered, and nothing ever will be.",
        "RFC 6335 §6",
    ),
    # Tables and timers
    "a listener is a connection": Misconception(
        "A row in LISTEN is a connection.",
        "A listener waits for connections and is none: it knows no remote side.",
        "RFC 9293 §3.3.2",
    ),
    "who closed is mixed up": Misconception(
        "CLOSE-WAIT is the end that has closed.",
        "In CLOSE-WAIT the peer has closed and we have not. In FIN-WAIT-2 we have closed and the peer has not.",
        "RFC 9293 §3.3.2",
    ),
    "TIME-WAIT is a leak": Misconception(
        "TIME-WAIT is a trouble.",
        "TIME-WAIT ends by itself. It hurts only where it holds nearly all ports of a client toward one remote socket.",
        "RFC 9293 §3.6.1",
    ),
    "TIME-WAIT never hurts": Misconception(
        "TIME-WAIT is always harmless.",
        "Each holds a local port toward that remote socket, and nearly all that the kernel may pick from are held.",
        "RFC 9293 §3.4.1, §3.6.1",
    ),
    "a few are a pile": Misconception(
        "One socket in such a state is a trouble.",
        "A few are normal: connections pass through these states. A trouble is a pile of them that doesn't go on.",
        "RFC 9293 §3.3.2",
    ),
    "the kernel cleans up": Misconception(
        "The kernel ends every state after a while.",
        "No timer ends it: TCP can't know whether the program has more to send. Its CLOSE has to come.",
        "RFC 9293 §3.10.4",
    ),
    "the peer's TCP closes": Misconception(
        "A TCP sends its FIN when it gets one.",
        "TCP acknowledges a FIN by itself. Its own FIN is sent when its program calls CLOSE.",
        "RFC 9293 §3.6",
    ),
    "TIME-WAIT waits for the peer": Misconception(
        "In TIME-WAIT something is still to come from the peer.",
        "Nothing is owed in TIME-WAIT. The clock runs for 2 MSL, and then it is over.",
        "RFC 9293 §3.6.1",
    ),
    "our program completes the handshake": Misconception(
        "SYN-RECEIVED waits for accept().",
        "The handshake is TCP's own. It waits for the ACK of our SYN; accept() comes later.",
        "RFC 9293 §3.5",
    ),
    "equal intervals": Misconception(
        "The timer rings in equal intervals.",
        "Each wait is twice the one before: 1, 2, 4 seconds and so on.",
        "RFC 6298 §5",
    ),
    "the time doubles": Misconception(
        "Each retransmission leaves at twice the time.",
        "It is the wait that doubles. Add the waits up: 1, then 1 + 2, then 1 + 2 + 4.",
        "RFC 6298 §5",
    ),
    "the original counted": Misconception(
        "The first sending is the first retransmission.",
        "The first sending is none. The first retransmission leaves one second later.",
        "RFC 6298 §2",
    ),
    "the original forgotten": Misconception(
        "Only retransmissions are sendings.",
        "You left out the first sending, at 0.",
        "RFC 6298 §5",
    ),
    "one MSL": Misconception(
        "TIME-WAIT lasts one segment lifetime.",
        "It lasts two: one for a segment on its way out, one for its answer to come back.",
        "RFC 9293 §3.6.1",
    ),
    "TIME-WAIT from our CLOSE": Misconception(
        "TIME-WAIT begins with our CLOSE.",
        "It begins when both directions are closed: with the peer's FIN, where ours is acknowledged before.",
        "RFC 9293 §3.6",
    ),
    "TIME-WAIT is not restarted": Misconception(
        "A repeated FIN changes nothing.",
        "A FIN that comes again in TIME-WAIT starts the 2 MSL again.",
        "RFC 9293 §3.10.7.4",
    ),
    "TIME-WAIT is 60 s": Misconception(
        "TIME-WAIT lasts 60 seconds.",
        "That is Linux's constant. TCP says 2 MSL, and the MSL is given here.",
        "RFC 9293 §3.4.2, §3.6.1",
    ),
    "the last to close lingers": Misconception(
        "TIME-WAIT is at the end that closes last.",
        "It is at the end that closes first: that end sends the last ACK, which may be lost.",
        "RFC 9293 §3.6",
    ),
    "one end lingers": Misconception(
        "Only one end passes through TIME-WAIT.",
        "Each end that closed before it heard of the other's FIN lingers. Here both did.",
        "RFC 9293 §3.6, Figure 13",
    ),
    "both ends linger": Misconception(
        "Both ends pass through TIME-WAIT.",
        "The end that closes second goes from LAST-ACK to CLOSED: it knows that all has arrived.",
        "RFC 9293 §3.6",
    ),
    # Numbers along a ladder
    "SYN takes no number": Misconception(
        "SYN is outside the numbering.",
        "SYN takes one number, as a byte would: the first byte of text has ISN + 1.",
        "RFC 9293 §3.4",
    ),
    "FIN takes no number": Misconception(
        "FIN is outside the numbering.",
        "FIN takes one number, as a byte would, and is acknowledged like one.",
        "RFC 9293 §3.4",
    ),
    "ACK names the last byte": Misconception(
        "The acknowledgment number is the last byte received.",
        "ACK names the next number expected: one more than the last that came.",
        "RFC 9293 §3.4",
    ),
    "ACK repeats SEQ": Misconception(
        "ACK repeats the SEQ of what it answers.",
        "ACK lies behind what it acknowledges: add the length of the segment that came.",
        "RFC 9293 §3.4",
    ),
    "ACK counts the sender's own bytes": Misconception(
        "ACK counts what its sender sent.",
        "Each direction has numbers of its own. ACK is about what comes from the other end.",
        "RFC 9293 §3.4",
    ),
    "SEQ and ACK are mixed up": Misconception(
        "SEQ and ACK are the same count.",
        "SEQ counts what this end sends, ACK what the other end sent. You gave one for the other.",
        "RFC 9293 §3.4",
    ),
    "a retransmission is numbered anew": Misconception(
        "A retransmission takes new numbers.",
        "A retransmission carries the same bytes, so it has the same SEQ as the first time.",
        "RFC 9293 §3.8",
    ),
    # What came when
    "both ends share the numbers": Misconception(
        "The SEQs of both ends count together.",
        "Each end counts its own bytes, from its own ISN. What joins them is the ACK, in the other end's numbers.",
        "RFC 9293 §3.4",
    ),
    "one end after the other": Misconception(
        "One end sends all it has, then the other.",
        "The ends take turns here: a segment whose ACK covers another was sent after that one had arrived.",
        "RFC 9293 §3.4",
    ),
    "the server begins": Misconception(
        "SYN,ACK comes before SYN.",
        "A SYN,ACK acknowledges a SYN, so the SYN came first. It alone has no ACK.",
        "RFC 9293 §3.5, Figure 6",
    ),
    "the empty segment follows": Misconception(
        "An end acknowledges after it has sent its text or FIN.",
        "Text and FIN occupy numbers: an empty ACK behind them would have a later SEQ. With the same SEQ it was first.",
        "RFC 9293 §3.4",
    ),
    "text passes the handshake": Misconception(
        "The called end sends text before its SYN is acknowledged.",
        "In SYN-RECEIVED text is queued. It is sent when the ACK of the SYN has come.",
        "RFC 9293 §3.10.2",
    ),
    "arrival is the order": Misconception(
        "What arrives first is first.",
        "The network may shuffle segments. SEQ says where in the stream a piece belongs.",
        "RFC 9293 §3.4",
    ),
    "what comes early is dropped": Misconception(
        "What comes ahead of a gap is thrown away.",
        "It is kept here. When the gap is filled, the ACK covers it as well.",
        "RFC 9293 §3.10.7.4, SHLD-31",
    ),
    "the ACK leaps the gap": Misconception(
        "The ACK is the highest number that has come.",
        "An ACK covers all before it. It stays at the first byte that is missing, whatever has come behind.",
        "RFC 9293 §3.4",
    ),
    "each segment has its own ACK": Misconception(
        "An ACK answers the segment that has just come.",
        "An ACK is cumulative: it names the next byte expected, whichever segment makes the receiver send it.",
        "RFC 9293 §3.4",
    ),
    "what is sent again was lost": Misconception(
        "What is sent again has never arrived.",
        "A timer rings where an ACK is missing: the segment was lost, or its answer. Here it was the answer.",
        "RFC 9293 §3.8.1",
    ),
    "what is captured has arrived": Misconception(
        "What a capture shows has arrived.",
        "A capture at the sender shows a segment before the network can lose it. Look whether anything answers it.",
        "RFC 9293 §3.8",
    ),
    "one timer repairs it": Misconception(
        "One end alone notices a loss.",
        "Each end times what it has sent. Here both sent something whose ACK didn't come.",
        "RFC 9293 §3.8.1",
    ),
    "who misses a segment asks for it": Misconception(
        "The receiver has a lost segment sent again.",
        "The receiver doesn't know that anything was sent. The sender's timer rings when no ACK comes.",
        "RFC 9293 §3.8.1",
    ),
    "a lost ACK is sent again": Misconception(
        "The sender of a lost ACK sends it again.",
        "An empty ACK occupies no number, is never acknowledged and has no timer. It is sent anew when the other end "
        "repeats what it answers.",
        "RFC 9293 §3.8.1",
    ),
    "every loss is repaired": Misconception(
        "Every loss makes a timer ring.",
        "ACKs are cumulative: a later one came before the timer rang, and said all that the lost one had said.",
        "RFC 9293 §3.4",
    ),
    # The state graph
    "the other end's arrow": Misconception(
        "Both ends take the same way.",
        "That arrow is the other end's. Each end has a state of its own and moves by what happens to it.",
        "RFC 9293 §3.3.2",
    ),
    "one event, and it is over": Misconception(
        "A connection ends at a stroke.",
        "Only a reset, an abort or a timeout ends it at a stroke. A close goes through states that wait.",
        "RFC 9293 §3.6",
    ),
    "an arrow says what leads along it": Misconception(
        "The label in the picture is the right one.",
        "This is what the diagram says. Ask what really leads from the one state to the other.",
        "RFC 9293 §3.3.2",
    ),
    "ss and netstat speak alike": Misconception(
        "All tools of Linux print the same names.",
        "That is netstat's word, the kernel's own. ss has its own spelling.",
        "ss(8)",
    ),
    "ss speaks RFC": Misconception(
        "ss prints RFC 9293's names.",
        "That is the RFC's word. ss keeps most of them, but not this one.",
        "ss(8)",
    ),
    "the notes know all states": Misconception(
        "Every list of states has all eleven.",
        "Many lists are short: they leave out what passes quickly, and make one FIN_WAIT of two.",
        "RFC 9293 §3.3.2",
    ),
    # What an end answers, and where it stands
    "any reset ends it": Misconception(
        "Every RST ends the connection.",
        "A reset must fit: at RCV.NXT, or in SYN-SENT with the ACK of our SYN. Others are dropped or challenged.",
        "RFC 9293 §3.10.7.4",
    ),
    "FIN closes both ways": Misconception(
        "FIN ends the connection.",
        "FIN closes one direction. The other stays open until its own program calls CLOSE.",
        "RFC 9293 §3.6",
    ),
    "one segment opens it": Misconception(
        "An end is connected once a SYN has come.",
        "An end is connected when its own SYN is acknowledged, not before.",
        "RFC 9293 §3.5",
    ),
    "RST is acknowledged": Misconception(
        "RST is acknowledged like FIN.",
        "A reset that is obeyed, or dropped, is answered by nothing at all.",
        "RFC 9293 §3.10.7.4",
    ),
    "both ends are always in the same state": Misconception(
        "A connection has one state.",
        "That is the other end's state. Each end has its own, and knows only what has arrived.",
        "RFC 9293 §3.3.2",
    ),
    # What a capture shows
    "a refusal is a reset": Misconception(
        "Every RST is a refusal.",
        "A RST that answers a SYN refuses the call: nothing was open yet. A reset ends what was open.",
        "RFC 9293 §3.5.2, §3.5.3",
    ),
    "silence refuses": Misconception(
        "Who doesn't answer refuses.",
        "A refusal is a segment: RST. Silence says that the SYN or its answer was lost, or dropped on purpose.",
        "RFC 9293 §3.5.2",
    ),
    "a FIN counts more than a RST": Misconception(
        "Where there is a FIN, the connection was closed by it.",
        "The FIN closed one direction. Then came a RST, and ended all that was still open.",
        "RFC 9293 §3.5.3, §3.6",
    ),
    "a close takes four segments": Misconception(
        "A full close is always four segments.",
        "Here the second FIN acknowledges the first, so no ACK goes between them: three are enough.",
        "RFC 9293 §3.6",
    ),
    "a FIN brings the ACK along": Misconception(
        "The second FIN always acknowledges the first.",
        "Look at the first Ack that covers the first FIN: it is not in the second FIN. So there are four segments.",
        "RFC 9293 §3.6",
    ),
    "the last to speak closed": Misconception(
        "Who sent the last segment has closed.",
        "The last segment is often an empty ACK and closes nothing. Who sends a FIN closes.",
        "RFC 9293 §3.6",
    ),
    "two FINs are at once": Misconception(
        "Where both send a FIN, both closed at once.",
        "Every full close has two FINs. At once means that neither acknowledges the other; here the second does.",
        "RFC 9293 §3.6, Figure 13",
    ),
    "the first FIN seen was first": Misconception(
        "The first FIN in the capture was the first.",
        "A capture shows its own end's FIN early. The other FIN doesn't acknowledge it: its sender hadn't got it yet.",
        "RFC 9293 §3.6, Figure 13",
    ),
    "a reset leaves something to close": Misconception(
        "After a RST the ends have still to close.",
        "A RST that is obeyed leaves CLOSED at both ends. No CLOSE is missing.",
        "RFC 9293 §3.10.7",
    ),
    "what is seen first is new": Misconception(
        "What was not seen before is new.",
        "New begins exactly at the highest number so far. Below it is old, beyond it a gap, even if it comes for the "
        "first time.",
        "RFC 9293 §3.4",
    ),
    "a gap lasts": Misconception(
        "All is behind a gap until the gap is filled.",
        "The segment that leaps has raised the highest number. This one begins where that one ended: it is new.",
        "RFC 9293 §3.4",
    ),
    "an empty segment has a number": Misconception(
        "A segment without text is new or old as well.",
        "Without text, SYN or FIN a segment takes no number: it is neither new nor old, however often it comes.",
        "RFC 9293 §3.4",
    ),
    "the last segment counts": Misconception(
        "The next number is where the last segment ended.",
        "The highest number so far counts. A segment that is old doesn't lower it.",
        "RFC 9293 §3.4",
    ),
    "the ACK is the mark": Misconception(
        "New begins at the other end's ACK.",
        "The ACK says what has arrived in order. What its sender has sent may go further.",
        "RFC 9293 §3.4",
    ),
    "a time is a wait": Misconception(
        "The time in a line is how long it took.",
        "The times count from the first frame. A wait is the difference of two lines.",
        "Wireshark, frame.time_relative",
    ),
    "every pause is a loss": Misconception(
        "Where nothing comes, something was lost.",
        "What is lost is sent again. What ends this wait was never sent before.",
        "RFC 9293 §3.8.1",
    ),
    "a program repeats": Misconception(
        "The program was late with what ends the wait.",
        "These bytes had been sent already. TCP sends them again when its timer rings, and no program knows.",
        "RFC 9293 §3.8.1",
    ),
    "the way is always long": Misconception(
        "A wait shows how long the way is.",
        "The handshake shows that: no program takes part in it. This wait is far longer.",
        "RFC 9293 §3.5",
    ),
    "every wait is a program's": Misconception(
        "Whoever is waited for is slow.",
        "The handshake, in which no program takes part, took as long. It is the way there and back.",
        "RFC 9293 §3.5",
    ),
    "who sends is slow": Misconception(
        "The end that stops sending is the slow one.",
        "It may not send: the other end's window is 0. That end's program doesn't read.",
        "RFC 9293 §3.8.6",
    ),
    "a probe repeats what was lost": Misconception(
        "Where little goes through, segments are lost.",
        "The window was 0: the sender had to wait, and to ask with a byte now and then. Nothing was lost.",
        "RFC 9293 §3.8.6.1",
    ),
    "the wrong end is slow": Misconception(
        "The end that speaks last before the wait is waited for.",
        "Look at who ends the wait: all that the other end had to send was there and acknowledged.",
        "RFC 9293 §3.4",
    ),
}
"""By a short name, which the reader's progress remembers."""
