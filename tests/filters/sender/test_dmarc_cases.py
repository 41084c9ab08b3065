# SPDX-License-Identifier: ISC
"""What RFC 9989 asks of DMARC, on cases that are read in place: each is judged as its line says. Those that still are not
are marked with the title under which they will be mended; the mark fails as soon as they pass."""
import json
import subprocess

import pytest

from lab import check, needs

LIST = needs.CASES / "dmarc9989.jsonl"
CASES = [json.loads(line) for line in LIST.read_text().splitlines()] if LIST.exists() else []
PENDING = {"walk", "pct0", "psd"}
TITLE = "Nobody passes for another"


def marked(case):
    marks = [pytest.mark.xfail(strict=True, reason=TITLE)] if case["id"] in PENDING else []
    return pytest.param(case, id=case["id"], marks=marks)


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    config = check.configuration(tmp_path_factory.mktemp("dmarc"))
    done = subprocess.run([needs.BUILD / "gatepostctl", "check", "--config", config, "--batch", LIST.name], cwd=LIST.parent,
                          capture_output=True, text=True, timeout=60)
    return {result["id"]: result["facts"] for result in map(json.loads, done.stdout.splitlines())}


@pytest.mark.skipif(not CASES, reason="the cases are not here")
@pytest.mark.parametrize("case", [marked(case) for case in CASES])
def test_case(case, judged):
    assert {name: judged[case["id"]].get(name) for name in case["expect"]} == case["expect"]
