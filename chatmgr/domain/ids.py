"""Numbers and ids of rows: past any position, and unique anywhere."""

import os
import time

FAR = 2**31 - 1  # past any position


def new_key(milliseconds: int | None = None, entropy: bytes = b"") -> str:
    """A UUID of version 7: it begins with the time, in milliseconds since 1970, and the rest is random.

    A row is recognized by it in whatever database it comes to. Keys sort by the time that they were made, and
    an index of them grows at its end. ``entropy`` is ten bytes to use instead of random ones. Python has this
    from version 3.14 on; importing ``uuid`` would cost more than these lines.
    """
    moment = time.time_ns() // 1_000_000 if milliseconds is None else milliseconds
    random = int.from_bytes(entropy or os.urandom(10), "big")
    version = 0x7000 | random >> 68
    variant = 0x8000 | random >> 52 & 0x3FFF
    tail = random & 0xFFFF_FFFF_FFFF
    return f"{moment >> 16 & 0xFFFF_FFFF:08x}-{moment & 0xFFFF:04x}-{version:04x}-{variant:04x}-{tail:012x}"


def derived_key(*parts: str) -> str:
    """A key that is made of what it stands for: the same wherever that is known (a UUID of version 8)."""
    from hashlib import sha256

    data = bytearray(sha256("\0".join(parts).encode("utf-8", "surrogatepass")).digest()[:16])
    data[6] = data[6] & 0x0F | 0x80
    data[8] = data[8] & 0x3F | 0x80
    digits = data.hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def is_derived(key: str) -> bool:
    """Whether a key was made by ``derived_key``: of a row that came from another program."""
    return key[14:15] == "8"
