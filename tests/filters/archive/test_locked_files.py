# SPDX-License-Identifier: ISC
"""What is encrypted with a password that the message tells is opened, offline, and stays encrypted."""
import shutil
import subprocess

import pytest

from lab import check, needs, samples

pytestmark = [
    pytest.mark.skipif(not (needs.BUILD / "gatepostctl").exists(), reason="gatepostctl is not built"),
    pytest.mark.skipif(not shutil.which("7z") or not shutil.which("zip"), reason="no 7z or zip"),
]
SCRIPT = b"var a = 1;\nalert(a);\n" * 50


def locked(tmp_path, password, how="zip", **files):
    """A zip that other programs have encrypted."""
    folder = tmp_path / ("%s-%s" % (how, abs(hash((password, tuple(files))))))
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    out = folder / "made.zip"
    out.unlink(missing_ok=True)
    words = {
        "zip": ["zip", "-q", "-P", password, str(out)],
        "stored": ["zip", "-q", "-0", "-P", password, str(out)],
        "streamed": ["zip", "-q", "-fd", "-P", password, str(out)],
        "aes128": ["7z", "a", "-tzip", "-mem=AES128", "-p" + password, str(out)],
        "aes192": ["7z", "a", "-tzip", "-mem=AES192", "-p" + password, str(out)],
        "aes256": ["7z", "a", "-tzip", "-mem=AES256", "-p" + password, str(out)],
        "aes stored": ["7z", "a", "-tzip", "-mx=0", "-mem=AES256", "-p" + password, str(out)],
        "aes bzip2": ["7z", "a", "-tzip", "-mm=BZip2", "-mem=AES256", "-p" + password, str(out)],
    }[how]
    subprocess.run(words + list(files), cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return out.read_bytes()


def mail(content, body, subject="documents", name="docs.zip", html=None):
    message = samples.message(subject, body)
    if html:
        message.add_alternative(html, subtype="html")
    message.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return samples.octets(message)


WAYS = ["zip", "stored", "streamed", "aes128", "aes192", "aes256", "aes stored", "aes bzip2"]
TELL = {
    "in the text": dict(body="Hello,\nthe password is: Sesame\n"),
    "in the subject": dict(body="Hello,\n", subject="documents, Passwort Sesame"),
    "in the HTML": dict(body="Hello,\n", html="<p>Your <b>pass&#119;ord</b>:<br><i>Sesame</i></p>"),
    "in quotes": dict(body='Open it with "Sesame", please.\n'),
    "in the name": dict(body="Hello,\n", name="Sesame.zip"),
    "behind others": dict(body="No 4711 of 2026-11-29, customer K-77:\n" + "".join("%d-x\n" % i for i in range(20)) + "Kennwort: Sesame.\n"),
}


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    folder = tmp_path_factory.mktemp("locked")
    mails = {"way: " + how: mail(locked(folder, "Sesame", how, **{"a.txt": b"words\n" * 9, "run.js": SCRIPT}), TELL["in the text"]["body"]) for how in WAYS}
    one = locked(folder, "Sesame", "aes256", **{"run.js": SCRIPT})
    mails |= {"told: " + where: mail(one, **TELL[where]) for where in TELL}
    within = locked(folder, "Sesame", "zip", **{"in.zip": samples.zipped("run.exe", samples.PROGRAM)})
    mails["within"] = mail(samples.zipped("docs.zip", within), TELL["in the text"]["body"])
    mails["not told"] = mail(one, "Hello,\nI tell you the word by telephone.\n")
    mails["damaged"] = mail(one[:60] + bytes([one[60] ^ 1]) + one[61:], TELL["in the text"]["body"])
    paths = {}
    for number, (what, octets) in enumerate(mails.items()):
        paths[what] = folder / ("%d.eml" % number)
        paths[what].write_bytes(octets)
    return check.batch(folder, paths, check.configuration(folder))


def member(result, end):
    found = [a for a in result["facts"]["attachments"] if a["path"].endswith(end)]
    assert len(found) == 1, result["facts"]["attachments"]
    return found[0]


@pytest.mark.parametrize("how", WAYS)
def test_is_opened_however_it_is_encrypted(how, judged):
    found = member(judged["way: " + how], "docs.zip/run.js")
    assert found["encrypted"] and not found["unscannable"] and found["size"] == len(SCRIPT)
    assert found["type"].startswith("text/"), found


@pytest.mark.parametrize("where", TELL)
def test_is_opened_wherever_it_is_told(where, judged):
    assert member(judged["told: " + where], "run.js")["type"].startswith("text/")


def test_what_lies_in_it_is_looked_into(judged):
    assert member(judged["within"], "docs.zip/docs.zip/in.zip/run.exe")["type"] == "application/x-dosexec"


@pytest.mark.parametrize("what", ["not told", "damaged"])
def test_stays_closed(what, judged):
    found = member(judged[what], "run.js")
    assert found["encrypted"] and found["type"] == ""
    assert judged[what]["verdict"] == "reject"


def test_the_antivirus_sees_it(tmp_path):
    files = {how: mail(locked(tmp_path, "Sesame", how, **{"a.txt": samples.EICAR}), TELL["in the text"]["body"]) for how in WAYS}
    files["clean"] = mail(locked(tmp_path, "Sesame", **{"b.txt": b"words\n"}), TELL["in the text"]["body"])
    paths = {what: tmp_path / ("%d.eml" % number) for number, what in enumerate(files)}
    for what, content in files.items():
        paths[what].write_bytes(content)
    config = check.configuration(tmp_path, signatures=samples.write_signatures(tmp_path / "signatures"))
    verdicts = {what: result["facts"]["av.result"] for what, result in check.batch(tmp_path, paths, config).items()}
    assert verdicts == {what: "clean" if what == "clean" else "infected" for what in files}
