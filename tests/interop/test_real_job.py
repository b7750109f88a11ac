"""A job people run Gearman for: a worker in one language resizes an image for another's client."""

from __future__ import annotations

import struct
import zlib

from tests.interop.interop_fixture import InteropFixture
from tests.interop.language import Language
from tests.support.peers import require_program

WIDTH, HEIGHT = 640, 480
SIGNATURE = b"\x89PNG\r\n\x1a\n"


def png(width: int, height: int) -> bytes:
    """Return a PNG image of noise, so that it stays large when compressed."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        )

    rows = bytearray()
    for y in range(height):
        rows.append(0)
        rows += bytes((x * x * 7 + y * y * 3 + x * y) % 256 for x in range(width * 3))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(rows))) + chunk(b"IEND", b"")
    return SIGNATURE + body


def size_of(image: bytes) -> tuple[int, int]:
    """Return width and height of a PNG image."""
    assert image.startswith(SIGNATURE)
    width, height = struct.unpack(">II", image[16:24])
    return width, height


def test_a_php_worker_resizes_for_a_python_client(
    interop: InteropFixture, php: Language, pygearman: Language
) -> None:
    """A PHP worker with GD returns the thumbnail, 64 pixels wide, of a Python client's image."""
    interop.worker(php, "thumbnail")
    image = png(WIDTH, HEIGHT)
    assert size_of(image) == (WIDTH, HEIGHT)
    thumbnail = interop.call(pygearman, "do", workload=image).out
    assert size_of(thumbnail) == (64, 48)


def test_imagemagick_resizes_for_a_php_client(interop: InteropFixture, php: Language) -> None:
    """``gearman -w`` runs ImageMagick on the image of a PHP client."""
    convert = require_program("convert", "apt-get install imagemagick")
    interop.start_worker(interop.gearman("-w", "--", convert, "png:-", "-resize", "50%", "png:-"))
    half = interop.call(php, "do", workload=png(WIDTH, HEIGHT)).out
    assert size_of(half) == (WIDTH // 2, HEIGHT // 2)
