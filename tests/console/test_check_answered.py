# SPDX-License-Identifier: ISC
"""What `gatepostctl check` knows of whom users write to: nobody where no mail leaves, and else only what needs no memory."""
import json

import pytest

from lab import check, needs

pytestmark = pytest.mark.skipif(not (needs.BUILD / "gatepostctl").exists(), reason="gatepostctl is not built")
FACTS = ("sender.answered", "message.from_answered", "message.in_reply_to_known")
RULES = "antivirus { enabled off }\n" + "".join('observe rule "%s" when %s then log "x"\n' % (fact, fact) for fact in FACTS)
LEAVES = 'listen smtp "out" on "127.0.0.1:2525" { outbound from { "127.0.0.1" }  relay smart }\nbackend smart { smtp "127.0.0.1:25" }\n'
ANSWER, OTHER = "In-Reply-To: <1@example.com>\n", "Subject: hello\n"


@pytest.mark.parametrize("config, sender, author, field, told", [
    ("", "a@client.example", "From: a@client.example\n", ANSWER, [False, False, False]),
    ("", "", "", ANSWER, [None, None, False]),
    (LEAVES, "a@client.example", "From: a@client.example\n", ANSWER, ["unknown", "unknown", "unknown"]),
    (LEAVES, "a@client.example", "From: a@client.example\n", OTHER, ["unknown", "unknown", False]),
    (LEAVES, "", "", OTHER, [None, None, False]),
    ('redis { server "192.0.2.1" }\n', "a@client.example", "From: a@client.example\n", ANSWER, ["unknown", "unknown", "unknown"]),
])
def test_what_is_told(tmp_path, config, sender, author, field, told):
    (tmp_path / "check.conf").write_text(config + RULES)
    (tmp_path / "mail.eml").write_text(author + field + "\nhello\n")
    done = check.gatepostctl("check", "--config", tmp_path / "check.conf", "--json", "--from", sender, tmp_path / "mail.eml")
    facts = json.loads(done.stdout)["facts"]
    assert [facts.get(fact) for fact in FACTS] == told, done.stderr
