"""Numbers and times as a sentence says them."""

from __future__ import annotations

from collections.abc import Iterable

SMALL = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
UNITS = ((10**9, "s"), (10**6, "ms"), (10**3, "µs"), (1, "ns"))
MINUTE_S = 60


def duration(ns: int) -> str:
    """A time in ns as people say it, three digits of it.

    >>> duration(200_000), duration(41_000_000_000), duration(85_400), duration(125_300_000_000)
    ('0.2 ms', '41 s', '85.4 µs', '2 min 5 s')
    """
    if ns < 0:
        return f"-{duration(-ns)}"
    seconds = round(ns / 10**9)
    if seconds >= 2 * MINUTE_S:
        minutes, seconds = divmod(seconds, MINUTE_S)
        hours, minutes = divmod(minutes, MINUTE_S)
        parts = [(hours, "h"), (minutes, "min"), (0 if hours else seconds, "s")]
        return " ".join(f"{number} {unit}" for number, unit in parts if number)
    size, unit = next(((size, unit) for size, unit in UNITS if ns * 10 >= size), UNITS[-1])
    return f"{_short(ns / size)} {unit}"


def _short(number: float) -> str:
    digits = 0 if number >= 100 else 1 if number >= 10 else 2
    text = f"{number:.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def durations(every_ns: Iterable[int]) -> str:
    """Several times; a unit that all share stands once.

    >>> durations([1_000_000_000, 2_000_000_000, 4_000_000_000]), durations([500_000_000, 2_000_000_000])
    ('1, 2 and 4 s', '0.5 and 2 s')
    """
    texts = [duration(ns) for ns in every_ns]
    units = {text.split(" ", 1)[1] for text in texts}
    if len(units) == 1 and len(texts) > 1:
        return f"{listed(text.split(' ', 1)[0] for text in texts)} {units.pop()}"
    return listed(texts)


def listed(words: Iterable[str]) -> str:
    """One, two and three."""
    *before, last = words
    return f"{', '.join(before)} and {last}" if before else last


def counted(number: int, noun: str) -> str:
    """A number of things, such as "one byte" or "1,448 bytes"."""
    return f"{spoken(number)} {noun}{'' if number == 1 else 's'}"


def spoken(number: int) -> str:
    """A number up to twelve in letters, a larger one in figures."""
    return SMALL[number] if number < len(SMALL) else f"{number:,}"


def often(number: int) -> str:
    """How often: once, twice, three times."""
    return {1: "once", 2: "twice"}.get(number, f"{spoken(number)} times")


def capital(sentence: str) -> str:
    """The sentence with a capital first letter; the others stay."""
    return sentence[:1].upper() + sentence[1:]
