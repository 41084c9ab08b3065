# SPDX-License-Identifier: ISC
"""Documents of Word and Excel 97 to 2003 with a password that the message tells, or that Excel knows, are opened, offline; links to
programs in workbooks are active."""
import hashlib

import pytest

from lab import check, needs, samples
from lab.office_97 import MACRO_SHEET, CryptoApi, Standard, dde, records, word, workbook

pytestmark = pytest.mark.skipif(not (needs.BUILD / "gatepostctl").exists(), reason="gatepostctl is not built")
TOLD, OWN = "the password is: Sesame", "VelvetSweatshop"
FIELD = b"\x13DDEAUTO cmd\x14"
RUNS = records(*dde("cmd", "/c calc"))
LOCKS = {"RC4": Standard, "CryptoAPI": CryptoApi, "CryptoAPI, 40 bits": lambda password: CryptoApi(password, 40), "CryptoAPI, 56 bits": lambda password: CryptoApi(password, 56)}
OPENED = {"workbook, " + how: ("offer.xls", workbook(RUNS, lock("Sesame")), TOLD) for how, lock in LOCKS.items()}
OPENED |= {"document, " + how: ("offer.doc", word(FIELD, lock("Sesame")), TOLD) for how, lock in LOCKS.items()}
OPENED |= {"what Excel knows": ("offer.xls", workbook(RUNS, Standard(OWN)), "Hello,")}
CLOSED = {"workbook": ("offer.xls", workbook(RUNS, Standard("Sesame")), "Hello,"), "document": ("offer.doc", word(FIELD, CryptoApi("Sesame")), "Hello,")}
PLAIN = {"a workbook": ("offer.xls", workbook(records()), ""), "a document": ("offer.doc", word(b"words"), ""),
         "a workbook that links an object": ("offer.xls", workbook(records(dde("Word.Document.8", "a.doc")[0], (0x23, b"\x10\0\0\0\0\0\1\0a"))), "")}
ACTIVE = {"a workbook": ("offer.xls", workbook(RUNS), ""), "a document": ("offer.doc", word(FIELD), "")}


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    folder = tmp_path_factory.mktemp("locked97")
    kinds = {"opened": OPENED, "closed": CLOSED, "plain": PLAIN, "active": ACTIVE}
    paths = {}
    for kind, files in kinds.items():
        for what, (name, content, body) in files.items():
            paths[kind + what] = folder / ("%d.eml" % len(paths))
            paths[kind + what].write_bytes(samples.with_attachment(name, content, body or "offer"))
    return {key: {a["path"]: a for a in result["facts"]["attachments"]} for key, result in check.batch(folder, paths, check.configuration(folder)).items()}


@pytest.mark.parametrize("what", OPENED)
def test_is_opened_and_looked_into(what, judged):
    name = OPENED[what][0]
    found = judged["opened" + what]
    assert set(found) == {"", name + "/" + name}, found
    assert found[""]["encrypted"] and found[name + "/" + name]["encrypted"] and found[name + "/" + name]["active"]
    assert found[""]["active"] and not any(a["unscannable"] for a in found.values())


@pytest.mark.parametrize("what", CLOSED)
def test_stays_closed_without_the_password(what, judged):
    found = judged["closed" + what]
    assert set(found) == {""} and found[""]["encrypted"] and not found[""]["active"]


@pytest.mark.parametrize("what", PLAIN)
def test_a_plain_one_is_not_active(what, judged):
    found = judged["plain" + what]
    assert set(found) == {""} and not any(found[""][word] for word in ("encrypted", "active", "macros", "unscannable")), found


@pytest.mark.parametrize("what", ACTIVE)
def test_a_link_to_a_program_is_active(what, judged):
    assert judged["active" + what][""]["active"]


@pytest.mark.parametrize("how", LOCKS)
def test_a_workbook_is_opened_to_the_octet(how, tmp_path):
    lock = LOCKS[how]("Sesame")
    (tmp_path / "a.eml").write_bytes(samples.with_attachment("offer.xls", workbook(RUNS, lock), TOLD))
    config = check.configuration(tmp_path, 'rule "x" when any a in attachments (a.sha256 == "0") then reject 550 5.7.1 "no"\n')
    found = check.batch(tmp_path, {"a": tmp_path / "a.eml"}, config)["a"]["facts"]["attachments"]
    assert found[1]["sha256"] == hashlib.sha256(workbook(RUNS, lock, opened=True)).hexdigest()


def test_macro_sheets_are_seen_behind_a_password_too(tmp_path):
    paths = {}
    for what, body in {"told": TOLD, "closed": "Hello,"}.items():
        paths[what] = tmp_path / (what + ".eml")
        paths[what].write_bytes(samples.with_attachment("offer.xls", workbook(records(sheet=MACRO_SHEET), CryptoApi("Sesame")), body))
    results = check.batch(tmp_path, paths, check.configuration(tmp_path))
    assert {what: result["facts"]["attachments"][0]["macros"] for what, result in results.items()} == {"told": True, "closed": False}


def test_the_antivirus_sees_it(tmp_path):
    infected = records((0x1c, samples.EICAR))
    paths = {"told": workbook(infected, Standard("Sesame")), "closed": workbook(infected, Standard("another"))}
    for what, content in paths.items():
        paths[what] = tmp_path / (what + ".eml")
        paths[what].write_bytes(samples.with_attachment("offer.xls", content, TOLD))
    config = check.configuration(tmp_path, signatures=samples.write_signatures(tmp_path / "signatures"))
    assert {what: result["facts"]["av.result"] for what, result in check.batch(tmp_path, paths, config).items()} == {"told": "infected", "closed": "clean"}


def test_samples_of_a_corpus_open(tmp_path):
    folder = needs.corpus("archives", "oletools", "encrypted")
    paths = {}
    for name in ("dde-test-encrypt-standardpassword.xls", "encrypted.doc"):
        paths[name] = tmp_path / (name + ".eml")
        paths[name].write_bytes(samples.with_attachment(name, (folder / name).read_bytes(), "the password is encryption"))
    results = check.batch(tmp_path, paths, check.configuration(tmp_path))
    assert {name: [a["path"] for a in result["facts"]["attachments"]] for name, result in results.items()} == {name: ["", name + "/" + name] for name in paths}
    assert results["dde-test-encrypt-standardpassword.xls"]["facts"]["attachments"][0]["active"]
