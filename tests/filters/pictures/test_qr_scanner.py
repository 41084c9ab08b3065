# SPDX-License-Identifier: ISC
"""gatepost-qr in a running gateway: what codes say decides, and nobody is kept out when they cannot be read."""
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from lab import needs, samples
from lab.gatepost import backend, domains
from lab.pop3_client import logged_in
from lab.pop3_stub import Pop3Stub
from lab.process import kill, wait_until
from lab.smtp_client import send

pytest.importorskip("PIL.Image")
pytest.importorskip("segno")
from lab import pictures  # noqa: E402

RULES = ('rule "link" when message.domains == "evil-site.example" then reject 550 5.7.1 "a link"\n'
         'rule "unread" when qr.unread == "failed" then header add "X-Unread" "yes"\n')
AT_ONCE = 5  # seconds


def picture(words):
    return samples.with_attachment("a.png", pictures.file(pictures.code(words), "PNG"))


def site(start, server, **timeouts):
    return start(backend("behind", server.port) + domains("behind", "example.com") + RULES,
                 changes={"timeouts": {"verdict": "60s", **timeouts}, "process": {"qr_scanners": 1}})


def sent(gateway, message):
    began = time.monotonic()
    code = send(gateway.port, message, "user@example.com", timeout=50).code
    return code, time.monotonic() - began


def test_a_link_in_a_code_is_refused_and_another_delivered(start, new_backend):
    server = new_backend()
    gateway = site(start, server)
    assert gateway.wait_log("scanners ready program=gatepost-qr")
    assert sent(gateway, picture("https://evil-site.example/"))[0] == 550
    assert sent(gateway, picture("https://good.example/"))[0] == 250
    assert sent(gateway, samples.clean())[0] == 250
    assert len(server.messages) == 2 and not any(b"X-Unread" in m.content for m in server.messages)


def slow_pictures():
    mail, slow = samples.message("slow"), pictures.file(pictures.corners(1800), "PNG")
    for i in range(8):
        mail.add_attachment(slow, maintype="image", subtype="png", filename="%d.png" % i)
    return samples.octets(mail)


def while_it_works(gateway, act):
    """Sends a message that takes its time, and does something to the scanner meanwhile."""
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(sent, gateway, slow_pictures())
        worker, = gateway.workers("gatepost-qr")
        assert wait_until(lambda: cpu_seconds(worker) > 0.2)
        act(worker)
        return answer.result()


def cpu_seconds(pid):
    with open("/proc/%d/stat" % pid) as f:
        fields = f.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_a_scanner_that_dies_costs_the_code_and_not_the_message(start, new_backend):
    server = new_backend()
    gateway = site(start, server)
    assert gateway.wait_log("scanners ready program=gatepost-qr")
    assert while_it_works(gateway, kill)[0] == 250
    assert b"X-Unread: yes" in server.messages[0].content and "scan failed scanner=qr" in gateway.log()
    assert sent(gateway, picture("https://evil-site.example/"))[0] == 550


def test_a_scanner_that_hangs_is_given_up(start, new_backend):
    server = new_backend()
    gateway = site(start, server, scan="2s")
    assert gateway.wait_log("scanners ready program=gatepost-qr")
    code, took = while_it_works(gateway, lambda worker: os.kill(worker, signal.SIGSTOP))
    assert code == 250 and took < 2 + AT_ONCE and b"X-Unread: yes" in server.messages[0].content


def test_pictures_drawn_to_take_long_end_within_the_budget(start, new_backend):
    server = new_backend()
    gateway = site(start, server)
    assert gateway.wait_log("scanners ready program=gatepost-qr")
    worker, = gateway.workers("gatepost-qr")
    began = cpu_seconds(worker)
    assert sent(gateway, slow_pictures())[0] == 250
    assert cpu_seconds(worker) - began < 5 or needs.SANITIZED
    assert b"X-Unread" not in server.messages[0].content


def test_pictures_that_wait_hold_up_no_other_mail_and_go_on_in_the_end(start, new_backend):
    server = new_backend()
    gateway = start(backend("behind", server.port) + domains("behind", "example.com") + RULES,
                    changes={"timeouts": {"verdict": "16s", "scan": "2s"}, "limits": {"scan_queue": "1MiB"}, "process": {"qr_scanners": 1}})
    assert gateway.wait_log("scanners ready program=gatepost-qr")
    for worker in gateway.workers("gatepost-qr"):
        os.kill(worker, signal.SIGSTOP)
    large = samples.message("large", "x" * 70 + "\n" * 400)
    large.add_attachment(pictures.file(pictures.code("https://good.example/"), "PNG") + os.urandom(400000), maintype="image", subtype="png", filename="a.png")
    with ThreadPoolExecutor(6) as pool:
        answers = [pool.submit(sent, gateway, samples.octets(large)) for _ in range(6)]
        time.sleep(4)  # the oldest is older than a scan may take
        assert not any(answer.done() for answer in answers)
        code, took = sent(gateway, samples.clean())
        assert code == 250 and took < AT_ONCE / 2
        assert [answer.result()[0] for answer in answers] == [250] * 6
    assert sum(b"X-Unread: yes" in message.content for message in server.messages) == 6


def test_without_the_program_mail_is_delivered_at_once(start, new_backend):
    server = new_backend()
    gateway = site(start, server)
    assert gateway.wait_log("scanners ready program=gatepost-qr")
    slowest = 0
    for _ in range(8):
        for pid in gateway.pids("gatepost-qr"):
            kill(pid)
        code, took = sent(gateway, picture("https://good.example/"))
        slowest = max(slowest, took)
        assert code == 250
    assert slowest < AT_ONCE


def test_what_codes_point_to_is_not_read_over_pop3_either(start):
    linked, other = picture("https://evil-site.example/"), picture("https://good.example/")
    stub = Pop3Stub([linked, other]).start()
    try:
        gateway = start(backend("behind", pop3=[stub.port]) + RULES, pop3="backend behind")
        assert gateway.wait_log("scanners ready program=gatepost-qr")
        with logged_in(gateway.pop3_port, timeout=30) as session:
            for _ in range(2):
                shown = session.message(1)
                assert len(shown) == len(linked) and b"iVBORw0KGgo" not in shown  # as PNG begins in base64
                assert session.message(2) == other
    finally:
        stub.stop()
