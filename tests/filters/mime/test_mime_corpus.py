# SPDX-License-Identifier: ISC
"""The MIME corpora through tests/mime_dump: nothing crashes or is slow, names and hidden files are found, real mail is not suspected."""

import json
import subprocess
import xml.etree.ElementTree as ElementTree

import pytest

from lab.needs import BUILD, CORPORA, SANITIZED

MIME = CORPORA / "mime"
DUMP = BUILD / "tests/mime_dump"
SECONDS = 0.5 if SANITIZED else 0.05

pytestmark = pytest.mark.skipif(not MIME.exists() or not DUMP.exists(), reason="no MIME corpus, or not built")


def run(files, mode=()):
    files = [str(f) for f in files]
    result = []
    for at in range(0, len(files), 200):
        done = subprocess.run([DUMP, *mode, *files[at : at + 200]], capture_output=True, timeout=120)
        assert done.returncode == 0, done.stderr.decode(errors="replace")[-2000:]
        result += [json.loads(line) for line in done.stdout.decode().splitlines()]
    return result


def fnv(octets):
    value = 0xCBF29CE484222325
    for octet in octets:
        value = (value ^ octet) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return f"{value:016x}"


def leaves(message):
    return [part for part in message["parts"] if part["kind"] == "leaf"]


def files_below(folder):
    return sorted(f for f in folder.rglob("*") if f.is_file())


def test_every_file_parses_in_bounded_time():
    folders = [MIME, CORPORA / "smtp", CORPORA / "dkim", CORPORA / "dmarc", CORPORA / "archives"]
    files = [f for folder in folders if folder.exists() for f in files_below(folder)]
    for message in run(files):
        assert message["ok"], message["file"]
        assert message["seconds"] < SECONDS + message["octets"] / 20e6, message["file"]
        for part in message["parts"]:
            if part["in_message"]:
                assert 0 <= part["header"][0] <= part["header"][1] <= part["body"][0] <= part["body"][1] <= message["octets"] or (
                    part["header"] == [0, 0]
                ), message["file"]


# ---- names


def evasions():
    manifest = MIME / "filename-evasion/manifest.json"
    return json.loads(manifest.read_text())["cases"] if manifest.exists() else []


def is_of_this_floor(name):
    """Members of archives are the business of the archive reader; (message/partial) is a malformation."""
    return not name.startswith("(") and not name.startswith(("a.zip/", "p.jpg/", "a/"))


def test_every_name_is_seen():
    cases = evasions()
    for case, message in zip(cases, run(MIME / "filename-evasion" / c["file"] for c in cases)):
        seen = {name for part in message["parts"] for name in part["names"]}
        # controls are shown as pictures; the name cut at NUL stands beside it
        wanted = {name.replace("\0", "\u2400") for name in case["names"] if is_of_this_floor(name)}
        assert wanted <= seen, case["id"]
        if case["banned"] is False:
            assert not message["hiding"], case["id"]
        if "(message/partial)" in case["names"]:
            assert "message-partial" in message["hiding"]


# ---- files hidden on purpose

CONTROLS = {
    "fname-cdisp.png": "a control: the file is called file.png and nothing is hidden",
    "fname-ctype.png": "a control: the file is called file.png and nothing is hidden",
}


def test_what_is_hidden_is_revealed_or_told():
    manifest = json.loads((MIME / "mime-is-broken/manifest.json").read_text())
    cases = manifest["cases"]
    messages = run(MIME / "mime-is-broken" / c["file"] for c in cases)
    plain = next(m for c, m in zip(cases, messages) if c["id"].endswith("qp-basic"))
    archive = next(p["hash"] for p in leaves(plain) if p["head"].startswith("504b0304"))
    revealed, told, missed = 0, 0, []
    for case, message in zip(cases, messages):
        if "hide-content" in case["file"]:
            seen = any(part["hash"] == archive for part in leaves(message))
        else:
            names = [name for part in leaves(message) for name in part["names"]]
            seen = any(n.endswith(".zip") for n in names) and any(n.endswith(".txt") for n in names)
        revealed += seen
        told += bool(message["hiding"])
        if not seen and not message["hiding"] and case["id"] not in CONTROLS:
            missed.append(case["id"])
        if case["validity"] == 3:
            assert not message["hiding"], case["id"]
    print(f"\nmime-is-broken: {revealed} of {len(cases)} revealed, {told} hiding, {len(missed)} missed")
    assert not missed


# ---- real mail


@pytest.mark.parametrize("folder, allowed", [("easy_ham", 0), ("hard_ham", 0)])
def test_real_mail_is_not_suspected(folder, allowed):
    messages = run(files_below(CORPORA / "spamcorpus" / folder))
    suspected = {m["file"]: m["hiding"] for m in messages if m["hiding"]}
    print(f"\n{folder}: {len(suspected)} of {len(messages)} hiding")
    assert len(suspected) <= allowed, suspected


def test_messages_of_other_suites_are_not_suspected():
    folders = [MIME / "mimekit/messages", MIME / "mail-mime-parser", MIME / "mail-parser/legacy", CORPORA / "dkim/messages"]
    files = [f for folder in folders if folder.exists() for f in files_below(folder) if f.suffix in (".eml", ".txt", ".msg")]
    suspected = {m["file"]: m["hiding"] for m in run(files) if m["hiding"]}
    assert not suspected


# ---- the trees that other parsers see


OUTER = "a boundary of an outer multipart ends the inner ones (RFC 2046 5.1.2); mail-parser goes on in the inner"
NO_BLANK = "a boundary right after header fields ends them; mail-parser reads on"
EXACT = "a line that is exactly the outer boundary is the outer's, although the inner one is its beginning"
ENTERED = "message/rfc822 (also as the default in a digest) and message/partial are entered; mail-parser keeps them closed"
REVEALING = "of two Content-Types the multipart is taken"
HAS_LAST = "the last boundary begins one more part, which is empty"
GARBLED = "the message is garbled: boundaries in another case are tried too, and it is reported as hiding"
JUNK_BOUNDARY = "a line that begins with the boundary may be one to some: its part is shown and reported as hiding"
MAIL_PARSER_REASONS = {
    "malformed/000.eml": NO_BLANK,
    "malformed/001.eml": EXACT,
    "malformed/007.eml": NO_BLANK,
    "malformed/008.eml": OUTER,
    "malformed/009.eml": OUTER,
    "malformed/013.eml": HAS_LAST,
    "malformed/016.eml": OUTER,
    "malformed/019.eml": GARBLED,
    "malformed/020.eml": REVEALING,
    "malformed/021.eml": REVEALING,
    "rfc/001.eml": ENTERED,
    "thirdparty/009.eml": ENTERED,
    "thirdparty/015.eml": NO_BLANK,
}
MIME4J_REASONS = {
    "missing-boundary.msg": "a multipart in which its boundary never stands has no parts: it is content",
    "very-long-boundary.msg": JUNK_BOUNDARY,
    "very-very-long-boundary.msg": JUNK_BOUNDARY,
    "weird-boundary.msg": JUNK_BOUNDARY,
}


def our_tree(message, index=0):
    part = message["parts"][index]
    children = [p["index"] for p in message["parts"] if p["parent"] == index]
    if part["kind"] == "leaf":
        return "leaf"
    return (part["kind"], *[our_tree(message, child) for child in children])


def stalwart_tree(parts, index=0):
    body = parts[index]["body"]
    kind = body if isinstance(body, str) else next(iter(body))
    if kind == "Multipart":
        return ("multipart", *[stalwart_tree(parts, child) for child in body["Multipart"]])
    if kind == "Message":
        return ("message", stalwart_tree(body["Message"]["parts"]))
    return "leaf"


def compare(kind, cases, reasons):
    same, different = 0, []
    for name, ours, theirs in cases:
        if ours == theirs:
            same += 1
        elif name not in reasons:
            different.append((name, ours, theirs))
    print(f"\n{kind}: {same} of {len(cases)} trees equal, {len(reasons)} different for a reason")
    assert not different, different[:5]


def test_trees_are_those_of_mail_parser():
    files = [f for f in files_below(MIME / "mail-parser") if f.suffix == ".eml" and f.with_suffix(".json").exists()]
    cases = []
    for file, message in zip(files, run(files)):
        expected = json.loads(file.with_suffix(".json").read_text())
        cases.append((f"{file.parent.name}/{file.name}", our_tree(message), stalwart_tree(expected["parts"])))
    compare("mail-parser", cases, MAIL_PARSER_REASONS)


def read_xml(path):
    """The expected trees hold raw octets and controls that XML forbids."""
    text = path.read_bytes().decode("latin-1")
    return ElementTree.fromstring("".join(c for c in text if c in "\t\n\r" or c >= " "))


def mime4j_tree(element):
    for child in element:
        if child.tag == "multipart":
            parts = [c for c in child if c.tag in ("body-part", "message")]
            return ("multipart", *[mime4j_tree(c) for c in parts])
        if child.tag == "message":
            return ("message", mime4j_tree(child))
    return "leaf"


def test_trees_are_those_of_mime4j():
    files = [f for f in files_below(MIME / "mime4j") if f.suffix == ".msg" and f.with_suffix(".xml").exists()]
    cases = []
    for file, message in zip(files, run(files)):
        expected = mime4j_tree(read_xml(file.with_suffix(".xml")))
        cases.append((file.name, our_tree(message), expected))
    compare("mime4j", cases, MIME4J_REASONS)


# ---- TNEF and From


def test_tnef_names():
    files = [f for f in files_below(MIME / "tnef") if f.suffix == ".tnef"]
    for file, listing in zip(files, run(files, ["--tnef"])):
        assert listing["ok"], file
        names = {name for a in listing["attachments"] for name in a["names"]}
        expected = file.with_suffix(".list")
        # the message's own body is no attachment
        wanted = {n for n in expected.read_text().split("\n") if n and "body." not in n} if expected.exists() else set()
        assert wanted <= names, file


def test_domains_of_from(tmp_path):
    cases = CORPORA / "dmarc/from_domain.json"
    if not cases.exists():
        pytest.skip("no From cases")
    for i, case in enumerate(json.loads(cases.read_text())):
        file = tmp_path / str(i)
        file.write_text(case["from"])
        found = run([file], ["--from"])[0]
        if case["domain"] == "ambiguous":
            assert len(found["domains"]) > 1 and found["flags"] & 16
        else:
            wanted = case["domain"] if isinstance(case["domain"], list) else [case["domain"]] if case["domain"] else []
            assert found["domains"] == wanted, case


# ---- hostile sizes

HOSTILE = {
    "dashes": b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--\r\n" * 1_000_000,
    "deep": b"".join(b"Content-Type: multipart/mixed; boundary=%d\r\n\r\n--%d\r\n" % (i, i) for i in range(20000)) + b"--x\n" * 500_000,
    "messages": b"Content-Type: message/rfc822\r\n\r\n" * 100_000,
    "parts": b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\n" * 500_000,
    "begin": b"\r\n" + b"begin 644 x\r\nM\r\n" * 200_000,
    "blank folds": b"A: b\r\n" + b" \r\n" * 500_000,
    "header": b"Content-Type: a/b" + b"; name=x" * 200_000 + b"\r\n\r\n",
    "words": b"Content-Type: a/b; name=\"" + b"=?utf-8?q?" * 100_000 + b"\"\r\n\r\n",
    "comments": b"Content-Type: " + b"(" * 1_000_000 + b"\r\n\r\n",
    "fields": b"Content-Type: a/b; name=x\r\n" * 100_000 + b"\r\n",
    "soft breaks": b"Content-Type: a/b\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" + b"=  \t " * 500_000,
    "returns": b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"\r" * 3_000_000,
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_sizes_take_linear_time(tmp_path, kind):
    file = tmp_path / "message"
    file.write_bytes(HOSTILE[kind])
    message = run([file])[0]
    assert message["seconds"] < (5 if SANITIZED else 0.5), message["seconds"]
