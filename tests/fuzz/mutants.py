"""Mutants: a sound file with a few faults, drawn by a random number generator.

Bytes are flipped, cut, moved and overwritten. JSON, tables and archives are also taken
apart, changed in one place and put together again. Then a fault lies behind checksums
and brackets that are right.
"""

import io
import json
import struct
import zipfile

import numpy as np

SIZES = (0, 1, 2, 127, 128, 255, 256, 32767, 65535, 65536, 2**31 - 1, 2**31, 2**32 - 1)
NUMBERS = (*SIZES, -1, -5, 2**53, 2**63 - 1, 2**64, 10**18, 10**400)
FLOATS = (float("nan"), float("inf"), float("-inf"), 1e308, -1e308, 5e-324, -0.0)
TEXTS = (
    *("", "x", " ", "\x1b[31mred\x1b[0m", "\x9b2J", "\u202eevil", "a\0b", "a\nb\tc"),
    *("9" * 5000, "x" * 20_000, "\u0663", "1_0", "1e3", "../../x", "/dev/zero", "~"),
    *("\ud800", "\u00e9\u4e2d\U0001f600", "nan", "-1", "None", "{}", "%s%n", "\x00"),
)


def some_bytes(rng, n: int) -> bytes:
    """n random bytes."""
    return bytes(rng.getrandbits(8) for _ in range(n))


def _flip(rng, data: bytearray, other: bytes) -> None:
    place = rng.randrange(len(data))
    data[place] ^= 1 << rng.randrange(8)


def _byte(rng, data, other) -> None:
    data[rng.randrange(len(data))] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, 0x1B, 0x22))


def _truncate(rng, data, other) -> None:
    del data[rng.randrange(len(data)) :]


def _cut(rng, data, other) -> None:
    start = rng.randrange(len(data))
    del data[start : start + rng.randrange(1, 1 + len(data) // 4 + 8)]


def _repeat(rng, data, other) -> None:
    start = rng.randrange(len(data))
    piece = data[start : start + rng.randrange(1, 200)]
    place = rng.randrange(len(data))
    data[place:place] = piece * rng.choice((1, 2, 50))


def _insert(rng, data, other) -> None:
    place = rng.randrange(len(data) + 1)
    data[place:place] = some_bytes(rng, rng.randrange(1, 40))


def _splice(rng, data, other) -> None:
    """The beginning of this file and the end of another."""
    data[rng.randrange(len(data)) :] = other[rng.randrange(len(other) + 1) :]


def _number(rng, data, other) -> None:
    """A number of 2, 4 or 8 bytes is overwritten by one that is often a limit."""
    size, letter = rng.choice(((2, "H"), (4, "I"), (8, "Q")))
    place = rng.randrange(max(1, len(data) - size))
    value = rng.choice(SIZES) & (2 ** (8 * size) - 1)
    data[place : place + size] = struct.pack(rng.choice("<>") + letter, value)


def _digits(rng, data, other) -> None:
    """A number in decimal digits becomes another one."""
    places = [i for i, byte in enumerate(data) if 48 <= byte < 58]
    if not places:
        return _flip(rng, data, other)
    place = end = rng.choice(places)
    while end < len(data) and 48 <= data[end] < 58:
        end += 1
    data[place:end] = str(rng.choice(NUMBERS)).encode()
    return None


_CHANGES = (
    *(_flip, _flip, _byte, _truncate, _cut, _repeat, _insert),
    *(_splice, _number, _number, _digits),
)


def raw(rng, data: bytes, other: bytes = b"") -> bytes:
    """The bytes with one to four faults."""
    data = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 4))):
        if data:
            rng.choice(_CHANGES)(rng, data, other or bytes(data))
    return bytes(data)


# JSON


def odd(rng):
    """A value that should not be where it is."""
    kind = rng.randrange(6)
    if kind == 0:
        return rng.choice(NUMBERS)
    if kind == 1:
        return rng.choice(FLOATS)
    if kind == 2:
        return rng.choice(TEXTS)
    if kind == 3:
        return rng.choice((None, True, False, [], {}, [[]], {"": {}}))
    if kind == 4:
        return rng.randrange(-10, 10**7)
    return [1, "x", None] * rng.choice((1, 1000))


def tree(rng, value):
    """The value of JSON with a fault in one place: replaced, removed, or renamed."""
    if isinstance(value, dict) and value and rng.random() < 0.9:
        key = rng.choice(list(value))
        fate = rng.randrange(8)
        if fate == 0:
            return {k: v for k, v in value.items() if k != key}
        if fate == 1:
            name = rng.choice([str(odd(rng)), rng.choice(list(value))])
            return {name if k == key else k: v for k, v in value.items()}
        return {**value, key: tree(rng, value[key])}
    if isinstance(value, list) and value and rng.random() < 0.9:
        i = rng.randrange(len(value))
        return [*value[:i], tree(rng, value[i]), *value[i + 1 :]]
    return odd(rng)


def json_text(rng, value) -> bytes:
    """JSON of a value with a fault; sometimes too deep, or damaged as bytes."""
    text = json.dumps(tree(rng, value) if rng.random() < 0.8 else value)
    data = text.encode("utf-8", "surrogatepass")
    if rng.random() < 0.05:
        deep = rng.choice((b"[" * 100_000, b'{"a":' * 50_000, b"[" * 900 + b"]" * 900))
        place = data.find(b":") + 1
        data = data[:place] + deep + data[place:]
    return raw(rng, data) if rng.random() < 0.3 else data


def json_lines(rng, rows: list) -> bytes:
    """Lines of JSON with faults in some of them."""
    lines = [json.dumps(row).encode() for row in rows]
    for _ in range(rng.choice((1, 1, 3, 9))):
        i = rng.randrange(len(lines))
        fate = rng.randrange(5)
        if fate == 0:
            lines[i] = lines[rng.randrange(len(lines))]
        elif fate == 1:
            lines[i] = raw(rng, lines[i])
        else:
            lines[i] = json_text(rng, rows[i])
    data = b"\n".join(lines) + b"\n"
    return raw(rng, data) if rng.random() < 0.2 else data


# Tables


def table(rng, rows: list[list[str]], separator: str) -> bytes:
    """A table of text with a fault: a field, a row, a quote, an encoding."""
    rows = [list(row) for row in rows]
    for _ in range(rng.choice((1, 1, 2, 5))):
        row = rng.choice(rows)
        fate = rng.randrange(6)
        if fate == 0 and row:
            del row[rng.randrange(len(row))]
        elif fate == 1:
            row.insert(rng.randrange(len(row) + 1), rng.choice(TEXTS))
        elif fate == 2:
            rows.insert(rng.randrange(len(rows)), list(rng.choice(rows)))
        elif row:
            i = rng.randrange(len(row))
            row[i] = rng.choice((rng.choice(TEXTS), row[i] * 300, '"' + row[i]))
    text = "\n".join(separator.join(row) for row in rows) + "\n"
    code = rng.choice(("utf-8", "utf-8", "utf-8", "utf-16", "utf-8-sig", "latin-1"))
    data = text.encode(code, "replace" if code == "latin-1" else "surrogatepass")
    return raw(rng, data) if rng.random() < 0.3 else data


# Archives


def npy(array, rng=None) -> bytes:
    """The array as a .npy file; with rng, its header or its values have a fault."""
    file = io.BytesIO()
    np.lib.format.write_array(file, np.asanyarray(array), version=(1, 0))
    data = file.getvalue()
    if rng is None:
        return data
    if rng.random() < 0.5:
        size = 10 + struct.unpack("<H", data[8:10])[0]
        head = raw(rng, data[10:size])
        return data[:8] + struct.pack("<H", len(head) & 0xFFFF) + head + data[size:]
    return raw(rng, data)


def with_odd_numbers(rng, array) -> np.ndarray:
    """The array with an odd number in one place."""
    array = np.array(array)
    flat = array.reshape(-1)
    if flat.size:
        with np.errstate(all="ignore"):
            if array.dtype.kind == "f":
                flat[rng.randrange(flat.size)] = rng.choice((*FLOATS, 3e38, 1e30))
            else:
                low, high = np.iinfo(array.dtype).min, np.iinfo(array.dtype).max
                choice = rng.choice((low, high, low // 2, 0, 1, high // 3))
                flat[rng.randrange(flat.size)] = choice
    return array


def archive(rng, members: dict[str, bytes], stored: bool) -> bytes:
    """A zip archive in which one member, or its place in the archive, has a fault."""
    names = list(members)
    hit = rng.choice(names)
    fate = rng.randrange(10)
    file = io.BytesIO()
    method = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(file, "w", method) as z:
        for name in names:
            data, put, how = members[name], name, method
            if name == hit:
                if fate == 0:
                    continue
                if fate == 1:
                    put = rng.choice((*TEXTS, f"../{name}", f"/{name}", "n" * 60_000))
                    put = put.encode("utf-8", "replace").decode() or "x"
                if fate == 2:
                    how = rng.choice(
                        (zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
                    )
                if fate in (3, 4):
                    data = raw(rng, data)
                if fate == 5:
                    data = bytes(rng.choice((1 << 10, 8 << 20)))
            z.writestr(put.partition("\0")[0][:65_000] or "x", data, how)
            if name == hit and fate == 6:
                z.comment = some_bytes(rng, 9)
    data = file.getvalue()
    if fate == 7:
        data = some_bytes(rng, 7) + data + some_bytes(rng, rng.randrange(3))
    return raw(rng, data) if fate >= 8 or rng.random() < 0.2 else data
