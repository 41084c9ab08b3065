# SPDX-License-Identifier: ISC
"""The facts that gatepost-scan finds in the corpora of mails: no hidden name stays hidden."""
import json
import subprocess

import pytest

from lab.needs import BUILD, CORPORA

DUMP = BUILD / "tests/examine_dump"
EVASION = CORPORA / "mime/filename-evasion"
BANNED = set("exe scr js vbs bat cmd com pif lnk hta ps1 sh iso img vhd one xll chm msi reg url cpl jar wsf jse vbe".split())

pytestmark = pytest.mark.skipif(not DUMP.exists(), reason="examine_dump is not built")


def examine(files):
    out = subprocess.run([DUMP, *files], capture_output=True, check=True, timeout=300).stdout
    return [json.loads(line) for line in out.decode("utf-8").splitlines()]


def cases():
    manifest = EVASION / "manifest.json"
    return json.loads(manifest.read_text())["cases"] if manifest.exists() else []


def identity(case):
    """pytest calls it for "no cases" as well, when the corpus is not here."""
    return case["id"] if isinstance(case, dict) else None


def stopped(facts):
    """As a policy would: by an extension, a program's true type, or a form that hides content."""
    return (
        any(a["extension"] in BANNED for a in facts["attachments"])
        or any(a["type"] == "application/x-dosexec" for a in facts["attachments"])
        or facts["message.hides_content"]
    )


@pytest.mark.parametrize("case", cases(), ids=identity)
def test_filename_evasion(case):
    (facts,) = examine([EVASION / case["file"]])
    assert facts["ok"]
    if case["banned"] is True:
        assert stopped(facts), facts
    elif case["banned"] == "magic":
        assert any(a["type"] == "application/x-dosexec" for a in facts["attachments"])
    elif case["banned"] is False:
        assert not stopped(facts), facts


# Their names are not read, because what hides them is refused.
REFUSED_FOR_THEIR_FORM = {"(message/partial)", "my"}


@pytest.mark.parametrize("case", [c for c in cases() if c["banned"] is True], ids=identity)
def test_names_are_seen(case):
    (facts,) = examine([EVASION / case["file"]])
    seen = {n for a in facts["attachments"] for n in a["names"]} | {a["path"] for a in facts["attachments"]}
    seen |= {a["name"] for a in facts["attachments"]}
    missing = {n for n in case["names"] if n not in seen and n.replace("\0", "\u2400") not in seen}
    assert missing <= REFUSED_FOR_THEIR_FORM, (seen, facts["message.malformations"])


# The corpus' own controls: a plain text under the name of a picture.
CONTROLS = {"fname-cdisp.png_7d70fe.eml", "fname-ctype.png_528799.eml"}


def test_broken_mails_hide_nothing():
    """Each mail of mime-is-broken carries an archive that some programs do not see."""
    files = sorted((CORPORA / "mime/mime-is-broken").rglob("*.eml"))
    if not files:
        pytest.skip("no corpus")
    silent = [
        str(f)
        for f, facts in zip(files, examine(files))
        if f.name not in CONTROLS
        and not facts["message.hides_content"]
        and not any("zip" in a["type"] or a["extension"] in BANNED | {"zip"} for a in facts["attachments"])
    ]
    assert not silent


@pytest.mark.parametrize("folder", ["mime", "spamcorpus"])
def test_every_mail_is_answered(folder):
    files = [f for f in (CORPORA / folder).rglob("*") if f.is_file() and f.stat().st_size]
    if not files:
        pytest.skip("no corpus")
    assert all(facts["ok"] for facts in examine(files))
