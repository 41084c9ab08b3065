# SPDX-License-Identifier: ISC
"""The bench compares two builds and says by how much they differ; what it measures is not looked at here."""
import re
import shutil
import subprocess

import pytest

from lab import needs

pytestmark = [needs.root, pytest.mark.skipif(needs.SANITIZED, reason="the bench measures release builds")]
RUN = needs.ROOT / "bench" / "run"
TOOLS = needs.CORPORA.parent / "bench"


def bench(*words):
    done = subprocess.run([str(RUN), *words], capture_output=True, text=True, timeout=120,
                          env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "GATEPOST_BUILD": str(needs.BUILD)})
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.skipif(not TOOLS.is_dir(), reason="the peers' load tools are not here")
def test_two_builds_are_compared_by_ratio_and_interval():
    said = bench("--against", str(needs.BUILD), "--rounds", "3", "--scale", "0.02", "--rules", "none", "--modes", "small,keep")
    rows = re.findall(r"^none +4 KB, (new connection|kept) +\d+ +\d+ +[\d.]+ +[\d.]+ \.\. [\d.]+ +[\d.]+ +[\d.]+ +([\d.]+) +"
                      r"([\d.]+) \.\. ([\d.]+)$", said, re.M)
    assert [row[0] for row in rows] == ["new connection", "kept"], said
    assert all(float(low) <= float(ratio) <= float(high) for _, ratio, low, high in rows)


@pytest.mark.skipif(not shutil.which("valgrind"), reason="valgrind is not here")
def test_instructions_are_told_program_by_program():
    said = bench("--instructions", "--messages", "10")
    counts = dict(re.findall(r"^(gatepost-\w+|total) +([\d.]+)$", said, re.M))
    assert set(counts) == {"gatepost-proxy", "gatepost-scan", "gatepost-av", "total"}, said
    assert all(float(count) > 1 for count in counts.values())
