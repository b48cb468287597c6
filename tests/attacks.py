"""Files that a stranger could upload to run code in the server, fill its memory, or keep it busy.

All are valid enough to be taken for what they pretend to be, and small.
"""

import io
import struct
import zlib

import av
import numpy as np
from PIL import Image


def huge_webp(side: int = 8000) -> bytes:
    """A lossless WebP of one colour, a few dozen bytes for 64 million pixels.

    The bit stream (WebP Lossless, 3 and 6): signature, size, no transform, no colour cache, no meta
    prefix codes, and five prefix codes of one symbol each, which take no bits in the image.
    """
    bits, count = 0, 0

    def put(value: int, width: int) -> None:
        nonlocal bits, count
        bits |= value << count
        count += width

    put(side - 1, 14)
    put(side - 1, 14)
    put(1, 1)  # has transparency
    put(0, 3)  # version
    put(0, 1)  # no transform
    put(0, 1)  # no colour cache
    put(0, 1)  # one prefix code group
    for symbol in (100, 150, 200, 255, 0):  # green, red, blue, alpha, distance
        put(1, 1)  # a simple code
        put(0, 1)  # of one symbol
        put(1, 1)  # of eight bits
        put(symbol, 8)
    stream = b"\x2f" + bits.to_bytes((count + 7) // 8, "little")
    stream += b"\0" * (len(stream) % 2)
    chunk = b"VP8L" + struct.pack("<I", len(stream)) + stream
    return b"RIFF" + struct.pack("<I", len(chunk) + 4) + b"WEBP" + chunk


def huge_png(side: int = 8000) -> bytes:
    """A PNG of one bit a pixel with a transparent colour, some kB for 64 million pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    rows = zlib.compress(bytes((side // 8 + 1) * side), 9)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 1, 3, 0, 0, 0))
        + chunk(b"PLTE", bytes((0, 0, 0, 255, 255, 255)))
        + chunk(b"tRNS", b"\x80")
        + chunk(b"IDAT", rows)
        + chunk(b"IEND", b"")
    )


def jpeg_of_many_scans(scans: int = 1000, side: int = 7000) -> bytes:
    """A progressive JPEG whose last scan is repeated: each costs a pass over all its blocks.

    The last scan refines the brightness of all blocks; for a flat picture it takes 50 bytes with
    its Huffman table (ITU-T T.81, annex G).
    """
    buffer = io.BytesIO()
    Image.new("RGB", (side, side), "gray").save(buffer, "JPEG", quality=5, progressive=True)
    data, end = buffer.getvalue(), -2  # before the end-of-image marker
    scan = data.rindex(b"\xff\xda")
    table = data.rindex(b"\xff\xc4", 0, scan)
    return data[:end] + data[table:end] * scans + data[end:]


def postscript_clip(mark: str) -> bytes:
    """An EPS header and program in front of a transport stream.

    Pillow takes it for an EPS file and gives it to Ghostscript; FFmpeg takes it for a clip.

    Args:
        mark: A path that the program writes a file to.
    """
    program = f"({mark}) (w) file dup (ran) writestring closefile showpage"
    head = f"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 64 64\n%%EndComments\n{program}\n%%EOF\n"
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mpegts") as out:
        stream = out.add_stream("mpeg2video", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        for index in range(25):
            pixels = np.full((64, 64, 3), 10 * index, np.uint8)
            out.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        out.mux(stream.encode(None))
    return head.encode() + buffer.getvalue()


def huge_clip(side: int = 7936) -> bytes:
    """A Matroska clip of few kB whose pictures have 63 million pixels."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="matroska") as out:
        stream = out.add_stream("libx264", rate=25, options={"preset": "ultrafast", "threads": "1"})
        stream.width, stream.height, stream.pix_fmt = side, side, "yuv420p"
        frame = av.VideoFrame(side, side, "yuv420p")
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        for index in range(2):
            frame.pts = index
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return buffer.getvalue()
