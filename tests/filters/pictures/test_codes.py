# SPDX-License-Identifier: ISC
"""What is read from QR codes in pictures, wherever they lie, offline."""
import base64
import io
import random
import zipfile
import zlib

import pytest

from lab import check, needs, samples

pytestmark = pytest.mark.skipif(not (needs.BUILD / "gatepostctl").exists(), reason="gatepostctl is not built")
Image = pytest.importorskip("PIL.Image")
pytest.importorskip("segno")
from lab import pictures  # noqa: E402

LINK = "https://login.evil-site.example/reset?id=1"
WORDS = 'rule "domains"\n  when message.domains == "evil-site.example"\n  then reject 550 5.7.1 "a link"\n'
CODE = pictures.code(LINK)
PNG, JPEG = pictures.file(CODE, "PNG"), pictures.file(CODE, "JPEG")


def zipped(files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def document(picture):
    return zipped({"[Content_Types].xml": '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
                   '<Default Extension="png" ContentType="image/png"/></Types>', "_rels/.rels": "<Relationships/>",
                   "word/document.xml": "<w:document/>", "word/media/image1.png": picture})


def clear(picture, colour):
    """On nothing: what is light is transparent."""
    drawn = Image.new("RGBA", picture.size, colour + (255,))
    drawn.putalpha(pictures.inverted(picture))
    return drawn


def with_noise(picture):
    rng = random.Random(1)
    noise = Image.frombytes("L", (1000, 1000), rng.randbytes(1000 * 1000))
    noise.paste(pictures.on_paper(picture, (picture.width + 40, picture.height + 40), (20, 20)), (300, 400))
    return noise


RGB = CODE.convert("RGB")
READ = {
    "a PNG": ("a.png", PNG),
    "a JPEG": ("a.jpg", JPEG),
    "a progressive JPEG": ("a.jpg", pictures.file(CODE, "JPEG", progressive=True)),
    "a JPEG of inks": ("a.jpg", pictures.file(CODE.convert("CMYK"), "JPEG")),
    "colours": ("a.png", pictures.file(pictures.two_colours(CODE, (0, 0, 90), (255, 240, 200)), "PNG")),
    "two colours as bits": ("a.png", pictures.file(CODE.convert("1"), "PNG")),
    "sixteen bits": ("a.png", pictures.file(CODE.convert("I;16").point(lambda grey: grey * 257), "PNG")),
    "light on dark": ("a.png", pictures.file(pictures.inverted(CODE), "PNG")),
    "on nothing": ("a.png", pictures.file(clear(CODE, (0, 0, 0)), "PNG")),
    "turned": ("a.png", pictures.file(CODE.rotate(31, expand=True, fillcolor=255), "PNG")),
    "on a large page": ("a.png", pictures.file(pictures.on_paper(CODE, (2000, 2000), (900, 1500)), "PNG")),
    "in noise": ("a.png", pictures.file(with_noise(CODE), "PNG")),
    "under another name": ("a.dat", PNG),
    "cut short": ("a.png", pictures.file(pictures.on_paper(CODE, (400, 2000)), "PNG", compress_level=0)[:-400000]),
    "in a zip": ("a.zip", zipped({"a.png": PNG})),
    "in a document": ("a.docx", document(PNG)),
    "in a page": ("a.html", b'<html><img src="data:image/png;base64,' + base64.b64encode(PNG) + b'"></html>'),
    "a JPEG in a PDF": ("a.pdf", pictures.in_pdf(JPEG, *CODE.size, b"/ColorSpace/DeviceGray/BitsPerComponent 8", b"/DCTDecode")),
    "a packed JPEG in a PDF": ("a.pdf", pictures.in_pdf(zlib.compress(JPEG), *CODE.size, b"/ColorSpace/DeviceGray/BitsPerComponent 8", b"[/FlateDecode/DCTDecode]")),
    "grey samples in a PDF": ("a.pdf", pictures.samples_in_pdf(CODE, b"/DeviceGray")),
    "colours in a PDF": ("a.pdf", pictures.samples_in_pdf(RGB, b"/DeviceRGB")),
    "inks in a PDF": ("a.pdf", pictures.samples_in_pdf(Image.merge("CMYK", [Image.new("L", CODE.size, 0)] * 3 + [pictures.inverted(CODE)]), b"/DeviceCMYK")),
    "bits in a PDF": ("a.pdf", pictures.samples_in_pdf(CODE.convert("1"), b"/DeviceGray")),
    "a palette in a PDF": ("a.pdf", pictures.samples_in_pdf(CODE.point(lambda grey: 1 if grey > 127 else 0), b"[/Indexed/DeviceRGB 1<000000ffffff>]")),
}
UNREAD = {
    "image/gif": ("a.gif", pictures.file(CODE, "GIF")),
    "image/bmp": ("a.bmp", pictures.file(CODE, "BMP")),
    "image/tiff": ("a.tif", pictures.file(CODE, "TIFF")),
    "image/webp": ("a.webp", b"RIFF\x24\x00\x00\x00WEBPVP8 " + b"\0" * 24),
    "too large": ("a.png", pictures.file(pictures.on_paper(CODE, (2100, 2100)), "PNG")),
    "too intricate": ("a.png", pictures.file(pictures.corners(1800), "PNG")),
    "corrupt": ("a.png", PNG[:20]),
    "unsupported": ("a.pdf", pictures.in_pdf(b"\xff\x4f\xff\x51", 100, 100, b"", b"/JPXDecode")),
}


def mail(name, content):
    return samples.with_attachment(name, content)


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    folder = tmp_path_factory.mktemp("codes")
    messages = {**READ, **UNREAD}
    paths = {}
    for number, (what, (name, content)) in enumerate(messages.items()):
        paths[what] = folder / ("%d.eml" % number)
        paths[what].write_bytes(mail(name, content))
    return check.batch(folder, paths, check.configuration(folder, WORDS))


@pytest.mark.parametrize("what", READ)
def test_a_code_is_read(what, judged):
    facts = judged[what]["facts"]
    assert facts["qr.codes"] == [LINK] and facts["qr.unread"] == [], facts
    assert facts["message.domains"] == ["evil-site.example"] and judged[what]["verdict"] == "reject"


@pytest.mark.parametrize("what", READ)
def test_a_code_that_is_a_url_is_a_link(what, judged):
    links = judged[what]["facts"]["links"]
    assert [(link["url"], link["domain"], link["source"]) for link in links] == [(LINK, "evil-site.example", "qr")]


@pytest.mark.parametrize("what", UNREAD)
def test_what_is_not_read_is_told(what, judged):
    facts = judged[what]["facts"]
    assert facts["qr.codes"] == [] and facts["qr.unread"] == [what] and judged[what]["verdict"] == "accept", facts


def test_eight_pictures_are_read_and_more_are_told(tmp_path):
    links = ["https://site%d.example/" % i for i in range(10)]
    inner = samples.message("many")
    for i, link in enumerate(links):
        inner.add_attachment(pictures.file(pictures.code(link), "PNG"), maintype="image", subtype="png", filename="%d.png" % i)
    (tmp_path / "a.eml").write_bytes(samples.octets(inner))
    facts = check.batch(tmp_path, {"a": tmp_path / "a.eml"}, check.configuration(tmp_path, WORDS))["a"]["facts"]
    assert facts["qr.codes"] == links[:8] and facts["qr.unread"] == ["too many"]


def test_words_of_a_code_are_shown_without_controls(tmp_path):
    (tmp_path / "a.eml").write_bytes(mail("a.png", pictures.file(pictures.code("a\nb\x1b[31m"), "PNG")))
    facts = check.batch(tmp_path, {"a": tmp_path / "a.eml"}, check.configuration(tmp_path, WORDS))["a"]["facts"]
    assert facts["qr.codes"] == ["a\u240ab\u241b[31m"] and facts["message.domains"] == []


def test_a_code_in_an_attached_message_is_told_and_its_links_are_not_ours(tmp_path):
    outer = samples.message("forwarded")
    outer.add_attachment(mail("a.png", PNG), maintype="application", subtype="octet-stream", filename="a.eml")
    (tmp_path / "a.eml").write_bytes(samples.octets(outer))
    facts = check.batch(tmp_path, {"a": tmp_path / "a.eml"}, check.configuration(tmp_path, WORDS))["a"]["facts"]
    assert facts["qr.codes"] == [LINK] and facts["message.domains"] == []


def test_switched_off_its_facts_are_absent(tmp_path):
    (tmp_path / "a.eml").write_bytes(mail("a.png", PNG))
    config = check.configuration(tmp_path, "qr { enabled off }\n" + WORDS + 'rule "codes"\n  when any c in qr.codes (c contains "evil") or message.domains == "evil-site.example"\n  then quarantine "codes"\n')
    result = check.batch(tmp_path, {"a": tmp_path / "a.eml"}, config)["a"]
    assert result["facts"]["message.domains"] == [] and result["facts"]["qr.codes"] is None and result["verdict"] == "accept", result


def test_nobody_is_asked_where_no_rule_does(tmp_path):
    (tmp_path / "a.eml").write_bytes(mail("a.png", PNG))
    asked = {}
    for name, rule in {"names": 'rule "names"\n  when any a in attachments (a.extension == "exe")\n  then reject 550 5.7.1 "no"\n', "domains": WORDS}.items():
        done = check.gatepostctl("check", "--config", check.configuration(tmp_path, rule), tmp_path / "a.eml")
        asked[name] = "QR codes" in done.stdout
    assert asked == {"names": False, "domains": True}
