# SPDX-License-Identifier: ISC
"""gatepostctl check: the whole pipeline offline, on files."""
import json
import subprocess

from lab import needs
from lab.gatepost import shipped_policy

PASSED, STOPPED = {"accept"}, {"reject", "quarantine", "discard", "drop", "redirect"}


def gatepostctl(*words, timeout=120):
    return subprocess.run([str(needs.BUILD / "gatepostctl"), *map(str, words)], capture_output=True, text=True,
                          errors="replace", timeout=timeout)


def configuration(folder, policy=None, signatures=None, name="check.conf"):
    """A configuration file for check: the shipped policy, or another."""
    path = folder / name
    text = 'antivirus { database "%s" }\n' % signatures if signatures else "antivirus { enabled off }\n"
    path.write_text(text + (policy or shipped_policy()))
    return path


def batch(folder, messages, config=None, timeout=280):
    """Checks {id: path} in one run: {id: result}."""
    listing = folder / "batch.jsonl"
    with open(listing, "w") as f:
        for name, path in messages.items():
            f.write(json.dumps({"id": name, "ip": "192.0.2.1", "helo": "client.example", "from": "sender@client.example",
                                "rcpt": ["user@example.com"], "message": str(path)}) + "\n")
    words = ["--config", config] if config else ["--shipped"]
    done = gatepostctl("check", *words, "--json", "--batch", listing, timeout=timeout)
    results = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert len(results) == len(messages), "%d answers for %d messages; %s" % (len(results), len(messages), done.stderr[-3000:])
    return {result["id"]: result for result in results}
