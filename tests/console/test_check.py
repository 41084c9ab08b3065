# SPDX-License-Identifier: ISC
"""gatepostctl check: what the shipped policy says of mails that hide something, and of every archive, offline."""
import json
import os
import resource
import time

import pytest

from lab import check, corpus, needs, samples

EVASION = corpus.manifest("mime", "filename-evasion", "manifest.json")
BROKEN = corpus.manifest("mime", "mime-is-broken", "manifest.json")
ARCHIVES = corpus.manifest("archives", "manifest.json")

pytestmark = pytest.mark.skipif(not (needs.BUILD / "gatepostctl").exists(), reason="gatepostctl is not built")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("check")


@pytest.fixture(scope="module")
def with_signatures(folder):
    return check.configuration(folder, signatures=samples.write_signatures(folder / "signatures"))


@pytest.fixture(scope="module")
def judged(folder, with_signatures):
    """Every case of filename-evasion and mime-is-broken, judged by the shipped policy."""
    messages = {"evasion/" + case["file"]: needs.CORPORA / "mime" / "filename-evasion" / case["file"] for case in EVASION}
    messages.update({"broken/" + case["file"]: needs.CORPORA / "mime" / "mime-is-broken" / case["file"] for case in BROKEN})
    return check.batch(folder, messages, with_signatures)


@pytest.mark.skipif(not EVASION, reason="corpus mime/filename-evasion is not here")
@pytest.mark.parametrize("case", EVASION, ids=[case["id"] for case in EVASION])
def test_filename_evasion(case, judged):
    result = judged["evasion/" + case["file"]]
    if case["banned"] in (True, "magic"):
        assert result["verdict"] in check.STOPPED, result
    elif case["banned"] is False:
        assert result["verdict"] in check.PASSED, result


@pytest.mark.skipif(not BROKEN, reason="corpus mime/mime-is-broken is not here")
def test_no_mail_of_mime_is_broken_passes(judged):
    cases = [case["file"] for case in BROKEN]
    passed = [file for file in cases if judged["broken/" + file]["verdict"] not in check.STOPPED]
    assert not passed, "%d of %d passed: %s" % (len(passed), len(cases), passed)


# -- archives

@pytest.fixture(scope="module")
def archives(folder, with_signatures):
    """Every archive of the corpus as an attachment, judged; and how long it took."""
    messages = {}
    (folder / "archives").mkdir()
    for number, case in enumerate(ARCHIVES):
        content = (needs.CORPORA / "archives" / case["file"]).read_bytes()
        path = folder / "archives" / ("%d.eml" % number)
        path.write_bytes(samples.with_attachment(case["file"].rsplit("/")[-1], content))
        messages[case["file"]] = path
    began = time.monotonic()
    results = check.batch(folder, messages, with_signatures)
    return results, time.monotonic() - began


MADE = [case for case in ARCHIVES if case.get("verdict") and case["file"].startswith("made/")]


def attachments_of(result):
    return result["facts"].get("attachments") or []


def findings(result):
    """What the facts say, in the words of the manifest."""
    found = attachments_of(result)
    said = set()
    if any(a.get("encrypted") for a in found):
        said.add("encrypted")
    if any(a.get("unscannable") for a in found):
        said |= {"malformed", "ratio", "overlap", "limit", "total-size", "too-deep"}
    if result["facts"].get("av.result") == "infected" or result["verdict"] in check.STOPPED:
        said |= {"virus", "banned"}
    return said


@pytest.mark.skipif(not MADE, reason="corpus archives is not here")
@pytest.mark.parametrize("case", MADE, ids=[case["file"] for case in MADE])
def test_made_archive(case, archives):
    result = archives[0][case["file"]]
    wanted = set(case["verdict"].split("|"))
    if wanted == {"clean"}:
        assert result["verdict"] in check.PASSED
    elif not wanted & {"no-write-outside", "no-special"}:
        assert wanted & findings(result), result


@pytest.mark.skipif(not ARCHIVES, reason="corpus archives is not here")
def test_every_archive_is_answered_in_bounded_time_and_memory(archives):
    results, seconds = archives
    assert set(results) == {case["file"] for case in ARCHIVES}
    assert seconds < 200
    if not needs.SANITIZED:
        assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss < 1024 * 1024, "KiB of the largest process so far"


@pytest.mark.skipif(not ARCHIVES, reason="corpus archives is not here")
def test_nobody_dies_of_an_archive_and_none_passes_that_was_not_looked_into(archives):
    for name, result in archives[0].items():
        failed = result.get("failed", {})
        assert not [why for why in failed.values() if "died" in why or "in time" in why], (name, failed)
        assert result["verdict"] != "accept" or not failed, (name, failed)


def test_nothing_is_written_outside():
    assert not os.path.exists("/tmp/gatepost-evil.txt")
    assert not os.path.exists("/tmp/evil.txt")


# -- the command itself

@pytest.fixture
def mails(tmp_path):
    clean, program = tmp_path / "clean.eml", tmp_path / "program.eml"
    clean.write_bytes(samples.clean())
    program.write_bytes(samples.zipped_program())
    return clean, program


def test_json_has_what_is_promised(mails):
    done = check.gatepostctl("check", "--shipped", "--json", *mails)
    results = [json.loads(line) for line in done.stdout.splitlines()]
    assert [result["verdict"] for result in results] == ["accept", "reject"]
    refused = results[1]
    assert refused["file"] == str(mails[1])
    assert refused["reply"].startswith("55") and refused["rules"]
    names = [a["name"] for a in refused["facts"]["attachments"]]
    assert any("invoice.exe" in name for name in names)
    assert {"name", "extension", "type", "encrypted"} <= set(refused["facts"]["attachments"][0])


def test_the_exit_status_tells_the_verdict(mails):
    assert check.gatepostctl("check", "--shipped", mails[0]).returncode == 0
    assert check.gatepostctl("check", "--shipped", mails[1]).returncode not in (0, 2)


def test_the_report_names_the_file_the_verdict_and_the_rule(mails):
    said = check.gatepostctl("check", "--shipped", mails[1]).stdout
    assert "program.eml" in said and "reject" in said and "invoice.exe" in said


def test_malware_is_found_offline(tmp_path, with_signatures):
    path = tmp_path / "eicar.eml"
    path.write_bytes(samples.eicar())
    result = json.loads(check.gatepostctl("check", "--config", with_signatures, "--json", path).stdout)
    assert result["verdict"] == "reject" and result["facts"]["av.result"] == "infected"


def test_the_envelope_may_be_given(mails, tmp_path):
    config = check.configuration(tmp_path, 'rule "one sender" when sender == "bad@client.example" and client.ip == "192.0.2.9" '
                                           'and helo == "bad.example" then reject 550 5.7.1 "no"\n')
    bad = ["--ip", "192.0.2.9", "--helo", "bad.example", "--from", "bad@client.example", "--rcpt", "user@example.com"]
    assert json.loads(check.gatepostctl("check", "--config", config, "--json", *bad, mails[0]).stdout)["verdict"] == "reject"
    assert json.loads(check.gatepostctl("check", "--config", config, "--json", mails[0]).stdout)["verdict"] == "accept"


def test_a_missing_file_is_an_error(tmp_path):
    done = check.gatepostctl("check", tmp_path / "missing.eml")
    assert done.returncode != 0 and "missing.eml" in done.stderr + done.stdout


def test_the_shipped_policy_checks_and_its_tests_pass():
    done = check.gatepostctl("policy", "test", "--config", needs.ROOT / "etc" / "gatepost.conf")
    assert done.returncode == 0, done.stdout + done.stderr
