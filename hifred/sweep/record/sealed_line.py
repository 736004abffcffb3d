"""One line of JSON with its own checksum, as logs and plans have it."""

import json
import zlib

_CHECK = ',"crc":"'
_TAIL = len(_CHECK) + 8 + len('"}')


def encode_line(record: dict[str, object]) -> bytes:
    """Return one line: the record as JSON, its crc32 as last key."""
    body = json.dumps(record, separators=(",", ":"), default=str)[:-1]
    return f'{body}{_CHECK}{zlib.crc32(body.encode()):08x}"}}\n'.encode()


def decode_line(line: bytes) -> dict[str, object] | None:
    """Return the record of one line without its newline; None if it is damaged."""
    body, tail = line[:-_TAIL], line[-_TAIL:]
    expected = f'{_CHECK}{zlib.crc32(body):08x}"}}'.encode()
    if tail != expected:
        return None
    record: dict[str, object] = json.loads(body + b"}")
    return record
