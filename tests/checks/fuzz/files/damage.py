"""Damage to the bytes of a file, some of it as its writer would have written it."""

import random
import re
import struct
import zlib
from collections.abc import Callable

Damage = Callable[[bytes, random.Random], bytes]

NUMBERS = (0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 2**31 - 1, 2**31, 2**32 - 1, 2**40, 2**62, 2**63 - 1, 2**63, 2**64 - 1)
# In a JSON file's or a text's place of a value.
VALUES = """
null true -1 0 1e999 -1e999 NaN Infinity 1.5 -0.0 2147483648 99999999999999999999 [] {} "" "a" "\\ud800" "\\u0000" [1,2]
{"a":1} [[1,[2]],null] "../../etc/passwd" é 𝔘 \\ ' #zzzzzz
""".split()
TOKENS = (*VALUES, "9" * 5000, "[" * 2000, "[" * 200_000, '{"a":' * 5000, "\ufeff", "\x00", '"' + "x" * 10_000 + '"')


def truncated(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(len(data) + 1)]


def flipped(data: bytes, rng: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 8)) if data else 0):
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def overwritten(data: bytes, rng: random.Random) -> bytes:
    """A huge or odd number somewhere, as lengths and counts are stored."""
    at, size, order = rng.randrange(len(data) + 1), rng.choice((2, 4, 8)), rng.choice(("little", "big"))
    number = rng.choice(NUMBERS) % 2 ** (8 * size)
    return data[:at] + number.to_bytes(size, order) + data[at + size :]


def inserted(data: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(data) + 1)
    return data[:at] + rng.randbytes(rng.choice((1, 2, 8, 100, 5000))) + data[at:]


def cut_out(data: bytes, rng: random.Random) -> bytes:
    first, last = sorted(rng.randrange(len(data) + 1) for _ in range(2))
    return data[:first] + data[last:]


def doubled(data: bytes, rng: random.Random) -> bytes:
    first, last = sorted(rng.randrange(len(data) + 1) for _ in range(2))
    return data[:last] + data[first:]


def cleared(data: bytes, rng: random.Random) -> bytes:
    first, last = sorted(rng.randrange(len(data) + 1) for _ in range(2))
    return data[:first] + bytes([rng.choice((0, 255))]) * (last - first) + data[last:]


def random_bytes(data: bytes, rng: random.Random) -> bytes:
    """With or without the sound file's first bytes."""
    return data[: rng.choice((0, 0, 4, 8, 16, 64))] + rng.randbytes(rng.choice((0, 1, 7, 100, 3000)))


def other_token(data: bytes, rng: random.Random) -> bytes:
    """A value or word of a text replaced."""
    places = list(re.finditer(rb'"[^"]*"|-?[\d.]+|\w+', data)) or [re.match(rb"", data)]
    place = rng.choice(places)
    assert place is not None
    token = rng.choice(TOKENS).encode("utf-8", "surrogatepass")
    return data[: place.start()] + token + data[place.end() :]


def without_line(data: bytes, rng: random.Random) -> bytes:
    lines = data.splitlines(keepends=True)
    if lines:
        del lines[rng.randrange(len(lines))]
    return b"".join(lines)


def other_number(data: bytes, rng: random.Random) -> bytes:
    """A number that is written out in a header (.npy, JSON) replaced by another of any length."""
    places = list(re.finditer(rb"\d+", data[:4000]))
    if not places:
        return data
    place = rng.choice(places)
    return data[: place.start()] + str(rng.choice(NUMBERS)).encode() + data[place.end() :]


def with_fitting_checksums(data: bytes) -> bytes:
    """PNG's chunks and .safetensors' header with the checksums and the length that they should have."""
    if data.startswith(b"\x89PNG"):
        return fit_png(data)
    if data[8:9] == b"{" and (end := data.find(b"}}")) > 0:
        length = -(-(end + 2 - 8) // 8) * 8
        return struct.pack("<Q", length) + data[8 : end + 2].ljust(length) + data[end + 2 :].lstrip(b" ")
    return data


def fit_png(data: bytes) -> bytes:
    result, at = data[:8], 8
    while at + 12 <= len(data):
        length = min(int.from_bytes(data[at : at + 4], "big"), len(data) - at - 12)
        body = data[at + 4 : at + 8 + length]
        result += data[at : at + 4] + body + struct.pack(">I", zlib.crc32(body))
        at += 12 + length
    return result + data[at:]


DAMAGES: tuple[Damage, ...] = (
    *(flipped, overwritten) * 2,
    *(truncated, inserted, cut_out, doubled, cleared, random_bytes, other_number),
)
OF_TEXTS: tuple[Damage, ...] = (*DAMAGES, *(other_token,) * 4, *(without_line,) * 2)
