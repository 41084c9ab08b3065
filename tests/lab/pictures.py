# SPDX-License-Identifier: ISC
"""Pictures with QR codes: drawn by segno, made into files by Pillow."""
import io
import zlib

import segno
from PIL import Image, ImageOps

from lab import pdf


def code(words, scale=4, **options):
    """A QR code in grey."""
    out = io.BytesIO()
    segno.make_qr(words, **options).save(out, kind="png", scale=scale, border=4)
    return Image.open(out).convert("L")


def file(picture, kind, **options):
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def inverted(picture):
    return ImageOps.invert(picture)


def on_paper(picture, size, place=(0, 0)):
    paper = Image.new("L", size, 255)
    paper.paste(picture, place)
    return paper


def corners(side):
    """Corners of codes all over, which belong to none."""
    corner = Image.new("L", (9, 9), 255)
    corner.paste(0, (1, 1, 8, 8))
    corner.paste(255, (2, 2, 7, 7))
    corner.paste(0, (3, 3, 6, 6))
    paper = Image.new("L", (side, side), 255)
    for x in range(0, side, 9):
        for y in range(0, side, 9):
            paper.paste(corner, (x, y))
    return paper


def two_colours(picture, dark, light):
    """With a palette whose entries lie next to one another."""
    indexed = picture.point(lambda grey: 1 if grey > 127 else 0).convert("P")
    indexed.putpalette(list(dark) + list(light))
    return indexed


def in_pdf(data, width, height, entries, filters=b"/FlateDecode"):
    """A page with one picture, packed as `filters` says."""
    head = b"/Type/XObject/Subtype/Image/Width %d/Height %d%s/Filter%s" % (width, height, entries, filters)
    objects = pdf.page(b"/Resources<</XObject<</I 4 0 R>>>>")
    return pdf.file({**objects, 4: pdf.Stream(data, head)})


def samples_in_pdf(picture, colours):
    return in_pdf(zlib.compress(picture.tobytes()), *picture.size, b"/BitsPerComponent %d/ColorSpace%s" % (1 if picture.mode == "1" else 8, colours))
