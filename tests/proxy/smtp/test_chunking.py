# SPDX-License-Identifier: ISC
"""BDAT (RFC 3030): chunks make one message, whatever their borders; sizes are checked."""
import pytest

CHANGES = {"limits": {"errors": 1000, "message_size": "1MiB"}}
HEADER = b"Subject: chunks\r\n\r\n"


def chunk(data, last=False):
    return b"BDAT %d%s\r\n%s" % (len(data), b" LAST" if last else b"", data)


def answer(session, data, last=False):
    session.send(chunk(data, last))
    return session.reply().code


def test_chunks_make_one_message(ready, behind):
    assert answer(ready, HEADER) == 250
    assert answer(ready, b"hel") == 250
    assert answer(ready, b"lo\r\n", last=True) == 250
    assert [m.content.endswith(HEADER + b"hello\r\n") for m in behind.messages] == [True]


def test_the_last_chunk_may_be_empty(ready, behind):
    assert answer(ready, HEADER + b"hello\r\n") == 250
    assert answer(ready, b"", last=True) == 250
    assert [m.content.endswith(HEADER + b"hello\r\n") for m in behind.messages] == [True]


def test_dots_need_no_stuffing_and_get_it_onward(ready, behind):
    assert answer(ready, HEADER + b".\r\n..\r\n.x\r\n", last=True) == 250
    assert behind.messages[0].content.endswith(HEADER + b".\r\n..\r\n.x\r\n")


def test_a_line_end_may_be_parted_by_chunks(ready, behind):
    assert answer(ready, b"Subject: parted\r") == 250
    assert answer(ready, b"\n\r\nx\r\n", last=True) == 250
    assert behind.messages[0].content.endswith(b"Subject: parted\r\n\r\nx\r\n")


@pytest.mark.parametrize("chunks", [[b"a\nb\r\n"], [b"a\rb\r\n"], [b"a\r", b"x\r\n"], [b"a\r", b"\r\n"], [b"a", b"\nb\r\n"],
                                    [b"a\r\n.\n", b"x\r\n"]])
def test_bare_newlines_are_refused(ready, behind, chunks):
    codes = [answer(ready, HEADER + chunks[0], last=len(chunks) == 1)]
    if len(chunks) > 1:
        codes.append(answer(ready, chunks[1], last=True))
    assert 500 <= codes[-1] <= 599, codes
    assert not behind.messages


def test_the_final_dot_is_content(ready, behind):
    smuggled = HEADER + b"a\r\n.\r\nMAIL FROM:<evil@client.example>\r\n"
    assert answer(ready, smuggled, last=True) == 250
    assert [m.content.endswith(smuggled) for m in behind.messages] == [True]
    assert not any(b"evil" in line for line in behind.commands)


def test_data_after_bdat_is_out_of_order(ready):
    assert answer(ready, b"abc") == 250
    ready.expect("DATA", 503)


def test_mail_between_chunks_is_out_of_order(ready):
    assert answer(ready, b"abc") == 250
    ready.expect("MAIL FROM:<b@client.example>", 503)


def test_rset_between_chunks_forgets_them(ready, behind):
    assert answer(ready, b"abc") == 250
    ready.expect("RSET", 250)
    ready.envelope("user@example.com")
    assert answer(ready, HEADER + b"x\r\n", last=True) == 250
    assert [b"abc" in m.content for m in behind.messages] == [False]


def test_after_the_last_chunk_a_new_transaction_begins(ready, behind):
    assert answer(ready, HEADER, last=True) == 250
    ready.expect("RCPT TO:<user@example.com>", 503)
    ready.envelope("second@example.com")
    assert answer(ready, HEADER + b"2\r\n", last=True) == 250
    assert [m.recipients for m in behind.messages] == [["user@example.com"], ["second@example.com"]]


@pytest.mark.parametrize("words", ["", "x", "-1", "1 LAST extra", "1 FIRST", "0x10", "1.5", "18446744073709551615 LAST",
                                   "99999999999999999999"])
def test_a_wrong_size_is_refused(ready, words):
    ready.expect("BDAT " + words, 501, 552)


def test_a_chunk_out_of_order_is_swallowed_not_executed(greeted):
    assert answer(greeted, b"NOOP\r\nNOOP\r\n", last=True) == 503
    greeted.expect("VRFY x", 252, 502)


def test_a_chunk_without_recipients_is_swallowed(greeted):
    greeted.expect("MAIL FROM:<a@client.example>", 250)
    assert answer(greeted, b"QUIT\r\n" * 1000, last=True) in (503, 554)
    greeted.expect("NOOP", 250)


def test_chunks_over_the_limit_are_refused(ready, behind):
    assert answer(ready, b"x" * 700000) == 250
    assert answer(ready, b"x" * 700000) == 552
    assert not behind.messages


def test_one_chunk_over_the_limit_is_refused_and_never_executed(ready, behind):
    assert answer(ready, b"NOOP\r\n" * 200000, last=True) == 552
    assert ready.silent(0.2) or ready.rest() == b""
    assert not behind.messages


def test_pipelined_chunks_are_answered_in_order(greeted, behind):
    greeted.send(b"MAIL FROM:<a@client.example>\r\nRCPT TO:<user@example.com>\r\n" + chunk(HEADER) + chunk(b"", last=True)
                 + b"NOOP\r\n")
    assert [greeted.reply().code for _ in range(5)] == [250] * 5
    assert len(behind.messages) == 1


def test_a_chunk_that_came_byte_by_byte_is_the_same(ready, behind):
    for byte in chunk(HEADER + b".x\r\n\r\n.\r\n", last=True):
        ready.send(bytes([byte]))
    assert ready.reply().code == 250
    assert behind.messages[0].content.endswith(HEADER + b".x\r\n\r\n.\r\n")


def test_leaving_between_chunks_delivers_nothing(ready, behind):
    assert answer(ready, HEADER + b"x\r\n") == 250
    ready.expect("QUIT", 221)
    assert not behind.messages
