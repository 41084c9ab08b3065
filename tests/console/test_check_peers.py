# SPDX-License-Identifier: ISC
"""What python3-dkim signs and seals, judged by gatepostctl check and by python3-dkim itself: they agree."""
import base64
import time

import pytest

from lab import judge, needs
from lab.sign import Key

dkim = pytest.importorskip("dkim", reason="no python3-dkim")

pytestmark = pytest.mark.skipif(not (needs.BUILD / "gatepostctl").exists(), reason="gatepostctl is not built")

MESSAGE = (b"From: Shop <news@shop.test>\r\nTo: user@example.com\r\nSubject:  some   news\r\nMessage-ID: <1@shop.test>\r\n\r\n"
           b"one  line \r\n\r\nand another\r\n\r\n\r\n")
RESULTS = b"mx.relay.test; spf=pass smtp.mailfrom=shop.test; dkim=pass header.d=shop.test; dmarc=pass header.from=shop.test"


@pytest.fixture(scope="module")
def keys():
    return {"rsa": Key(2048), "short": Key(512), "relay": Key(), "list": Key()}


@pytest.fixture(scope="module")
def ed25519():
    nacl = pytest.importorskip("nacl.signing", reason="no python3-nacl")
    key = nacl.SigningKey.generate()
    return base64.b64encode(key.encode()), "v=DKIM1; k=ed25519; p=" + base64.b64encode(key.verify_key.encode()).decode()


@pytest.fixture(scope="module")
def records(keys, ed25519):
    found = {"%s._domainkey.%s" % (name, domain): key.record for name, key in keys.items()
             for domain in ("shop.test", "relay.test", "list.test")}
    return dict(found, **{"ed._domainkey.shop.test": ed25519[1]})


def seal(message, key, name, chain=b""):
    """Another link of the chain, as a relay adds it."""
    fields = dkim.arc_sign(b"Authentication-Results: " + RESULTS + chain + b"\r\n" + message, name.encode(), (name + ".test").encode(),
                           key.private, b"mx.relay.test", timestamp=int(time.time()))
    return b"".join(fields) + message


def relaxed(key, message=MESSAGE, **options):
    return key.sign(message, "shop.test", "rsa", canonicalize=(b"relaxed", b"relaxed"), **options)


@pytest.fixture(scope="module")
def messages(keys, ed25519):
    rsa = keys["rsa"]
    signed = relaxed(rsa)
    both = dkim.sign(signed, b"ed", b"shop.test", ed25519[0], signature_algorithm=b"ed25519-sha256") + signed
    once = seal(signed, keys["relay"], "relay")
    twice = seal(b"Received: from relay.test\r\n" + once, keys["list"], "list", b"; arc=pass")
    changed = once.replace(b"another", b"an other")
    return {
        "unsigned": MESSAGE, "simple": rsa.sign(MESSAGE, "shop.test", "rsa", canonicalize=(b"simple", b"simple")),
        "relaxed": signed, "ed25519 and rsa": both, "body changed": signed.replace(b"another", b"an other"),
        "field changed": signed.replace(b"news\r\n", b"olds\r\n", 1), "blanks changed": signed.replace(b"  some   ", b" some "),
        "more after l=": relaxed(rsa, length=True) + b"more\r\n", "other key": rsa.sign(MESSAGE, "shop.test", "relay"),
        "no key": rsa.sign(MESSAGE, "shop.test", "none"), "sealed once": once, "sealed twice": twice,
        "changed after a seal": changed, "sealed after a change": seal(changed, keys["list"], "list", b"; arc=pass"),
        "a seal taken away": twice[twice.index(b"Received:"):], "seals without the first": twice.replace(b"i=1;", b"i=3;"),
    }


@pytest.fixture(scope="module")
def ours(messages, records, tmp_path_factory):
    folder, cases = tmp_path_factory.mktemp("peers"), {}
    for number, (name, message) in enumerate(messages.items()):
        path = folder / ("%d.eml" % number)
        path.write_bytes(message)
        cases[name] = {"message": str(path), "dns": judge.txt(records), "from": "news@shop.test"}
    return judge.facts(folder, cases)


@pytest.fixture(scope="module")
def look_up(records):
    return lambda name, timeout=5: records.get(name.decode().rstrip("."), "").encode() or None


def verified(message, number, look_up):
    try:
        return dkim.DKIM(message).verify(number, dnsfunc=look_up)
    except dkim.DKIMException:
        return False


def test_signatures_are_judged_alike(messages, ours, look_up):
    passed = 0
    for name, message in messages.items():
        signatures = ours[name]["dkim"]
        theirs = [verified(message, number, look_up) for number in range(message.count(b"DKIM-Signature:"))]
        theirs = theirs[:len(signatures)]
        assert [s["result"] == "pass" for s in signatures] == theirs, name
        passed += sum(theirs)
    print("\nDKIM: %d messages, %d signatures pass" % (len(messages), passed))
    assert passed >= 9 and {s["algorithm"] for s in ours["ed25519 and rsa"]["dkim"]} == {"ed25519-sha256", "rsa-sha256"}


def test_chains_are_judged_alike(messages, ours, look_up):
    for name, message in messages.items():
        theirs = dkim.arc_verify(message, dnsfunc=look_up)[0].decode()
        assert ours[name]["arc.result"] == theirs, name
    print("\nARC: %d messages, %d chains pass" % (len(messages), sum(f["arc.result"] == "pass" for f in ours.values())))
    assert ours["sealed twice"]["arc.sealers"] == ["relay.test", "list.test"]
    assert ours["sealed twice"]["arc.dmarc"] == "pass"


def test_a_short_key_passes_there_alone(records, look_up, keys, tmp_path):
    path = tmp_path / "short.eml"
    path.write_bytes(keys["short"].sign(MESSAGE, "shop.test", "short"))
    fact = judge.facts(tmp_path, {"short": {"message": str(path), "dns": judge.txt(records)}})["short"]
    assert fact["dkim.result"] == "policy" and fact["dkim"][0]["bits"] == 512
