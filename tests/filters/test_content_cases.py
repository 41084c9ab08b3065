# SPDX-License-Identifier: ISC
"""Messages that once passed and should not, or did not and should: each is judged by the shipped policy as its manifest says."""
import json
import pathlib

import pytest

from lab import check, needs

FOLDER = needs.CASES / "content"
MANIFEST = FOLDER / "cases.json"
CASES = json.loads(MANIFEST.read_text())["cases"] if MANIFEST.exists() else []
PENDING = {
    line.split(None, 1)[0]: line.split(None, 1)[1].strip()
    for line in pathlib.Path(__file__).with_name("cases_pending.txt").read_text().splitlines()
    if line.strip() and not line.startswith("#")
}

pytestmark = [
    pytest.mark.skipif(not CASES, reason="the cases are not here"),
    pytest.mark.skipif(not (needs.BUILD / "gatepostctl").exists(), reason="gatepostctl is not built"),
]


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cases")
    return check.batch(folder, {case["file"]: FOLDER / case["file"] for case in CASES}, check.configuration(folder))


def differences(expected, result):
    """What the result lacks of what is expected; empty when all is there."""
    facts = result["facts"]
    wrong = [name for name, value in expected.get("facts", {}).items() if facts.get(name) != value]
    if "verdict" in expected and (result["verdict"] == "accept") != (expected["verdict"] == "accept"):
        wrong.append("verdict %s" % result["verdict"])
    wanted = expected.get("attachment", {}).items()
    if wanted and not any(all(a.get(name) == value for name, value in wanted) for a in facts.get("attachments") or []):
        wrong.append("attachment")
    if expected.get("domains") and not facts.get("message.domains"):
        wrong.append("domains")
    return wrong


@pytest.mark.parametrize("case", CASES, ids=[case["file"] for case in CASES])
def test_case(case, judged):
    wrong = differences(case["expect"], judged[case["file"]])
    if case["file"] in PENDING:
        assert wrong, "passes now: take it out of cases_pending.txt"
        pytest.xfail("%s: %s" % (PENDING[case["file"]], wrong))
    assert not wrong, judged[case["file"]]


def test_what_is_pending_is_a_case():
    assert set(PENDING) <= {case["file"] for case in CASES}
