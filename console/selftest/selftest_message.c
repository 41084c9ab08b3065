/* SPDX-License-Identifier: ISC
 * What is sent, to the recipient whom the administrator has named. */
#include "base/clock.h"
#include "console/selftest/dialog.h"

#include <openssl/evp.h>
#include <time.h>

enum {
    MESSAGE_MAX = 8192,
    SLOW = 12 /* what follows the final dot may take so many times as long */
};

/* ---- writing ---- */

static void write_date(struct buf *out)
{
    char text[40] = "";
    time_t now = (time_t)clock_wall();
    struct tm tm;
    if (gmtime_r(&now, &tm))
        strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S +0000", &tm);
    buf_printf(out, "Date: %s\r\n", text);
}

static void write_fields(struct buf *out, const struct play *play, const char *about)
{
    const struct selftest *run = play->run;
    struct slice from = run->sender.len ? run->sender : run->recipient;
    buf_printf(out, "From: <%.*s>\r\nTo: <%.*s>\r\n", SLICE_ARGS(from), SLICE_ARGS(run->recipient));
    buf_printf(out, "Subject: Gatepost selftest %s: %s\r\n", run->id, about);
    write_date(out);
    buf_printf(out, "Message-ID: <%s.%lld@selftest.invalid>\r\n", run->id, (long long)clock_ms());
    buf_cstr(out, "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n");
}

static const char text[] = "This is a message of gatepostctl selftest. It can be deleted.\r\n";

static void write_attachment(struct buf *out, const char *name, struct slice content)
{
    unsigned char encoded[256];
    int length = EVP_EncodeBlock(encoded, (const unsigned char *)content.ptr, (int)content.len);
    buf_cstr(out, "Content-Type: multipart/mixed; boundary=\"selftest\"\r\n\r\n--selftest\r\n"
                  "Content-Type: text/plain\r\n\r\n");
    buf_cstr(out, text);
    buf_printf(out,
               "\r\n--selftest\r\nContent-Type: application/octet-stream; name=\"%s\"\r\n"
               "Content-Disposition: attachment; filename=\"%s\"\r\n"
               "Content-Transfer-Encoding: base64\r\n\r\n",
               name, name);
    buf_append(out, (struct slice){(const char *)encoded, (size_t)length});
    buf_cstr(out, "\r\n--selftest--\r\n");
}

/* ---- sending ---- */

/* Up to the go-ahead for a message. False, with a note: it did not come to that. */
static bool begin_message(struct play *play, struct dialog *d)
{
    const struct selftest *run = play->run;
    bool ready = dialog_ready(d, play) &&
                 dialog_ask(d, "MAIL FROM:<%.*s>", SLICE_ARGS(run->sender)) && dialog_yes(d) &&
                 dialog_ask(d, "RCPT TO:<%.*s>", SLICE_ARGS(run->recipient)) && dialog_yes(d) &&
                 dialog_ask(d, "DATA") && d->code == 354;
    if (!ready)
        play_note(play, GRADE_UNKNOWN, "it does not come to DATA: %.*s",
                  SLICE_ARGS(dialog_said(d)));
    return ready;
}

/* The answer to the message; 0: none, or there was no message, and that was noted. */
static unsigned send_message(struct play *play, struct slice message, struct slice *said)
{
    struct dialog d;
    unsigned code = 0;
    if (begin_message(play, &d)) {
        d.code = 0;
        bool sent = wire_send(&d.wire, message) && wire_send(&d.wire, SLICE(".\r\n"));
        wire_wait_longer(&d.wire, SLOW);
        if (sent)
            dialog_hear(&d);
        code = d.code;
        *said = dialog_said(&d);
        if (!code)
            play_note(play, GRADE_UNKNOWN, "%.*s", SLICE_ARGS(*said));
    }
    dialog_close(&d);
    return code;
}

void selftest_clean(struct play *play)
{
    char room[MESSAGE_MAX];
    struct buf message = buf_over(room, sizeof room);
    struct slice said;
    write_fields(&message, play, "a clean message");
    buf_cstr(&message, "Content-Type: text/plain\r\n\r\n");
    buf_cstr(&message, text);
    unsigned code = send_message(play, buf_slice(&message), &said);
    play->clean_refused = code / 100 != 2;
    if (code)
        play_note(play, play->clean_refused ? GRADE_WARNING : GRADE_GOOD, "%.*s", SLICE_ARGS(said));
}

static void send_attachment(struct play *play, const char *name, struct slice content,
                            enum grade taken)
{
    char room[MESSAGE_MAX];
    struct buf message = buf_over(room, sizeof room);
    struct slice said;
    write_fields(&message, play, play->finding->test->name);
    write_attachment(&message, name, content);
    unsigned code = send_message(play, buf_slice(&message), &said);
    bool refused = code / 100 == 5 && !play->clean_refused;
    if (code)
        play_note(play,
                  refused           ? GRADE_GOOD
                  : code / 100 == 2 ? taken
                                    : GRADE_UNKNOWN,
                  "%s%.*s", play->clean_refused ? "no better than the clean one: " : "",
                  SLICE_ARGS(said));
}

/* EICAR's test file, which every antivirus program reports; in pieces, so that this program is not
 * reported itself. */
void selftest_malware(struct play *play)
{
    char room[128];
    struct buf file = buf_over(room, sizeof room);
    buf_cstr(&file, "X5O!P%@AP[4\\PZX54(P^)7CC)7}$");
    buf_cstr(&file, "EICAR-STANDARD");
    buf_cstr(&file, "-ANTIVIRUS-");
    buf_cstr(&file, "TEST-FILE!$H+H*");
    send_attachment(play, "selftest.txt", buf_slice(&file), GRADE_BAD);
}

/* The beginning of a program that is none. */
void selftest_attachment(struct play *play)
{
    send_attachment(play, "selftest.exe", SLICE("MZ this is no program"), GRADE_WARNING);
}

/* ---- smuggling ---- */

/* What stands between a message and what is to be smuggled; all but the usual end of a message. */
static const struct ending {
    const char *name;
    struct slice octets;
} endings[] = {
    {"LF . LF", {"\n.\n", 3}},
    {"LF . CRLF", {"\n.\r\n", 4}},
    {"CRLF . LF", {"\r\n.\n", 4}},
    {"CR . CR", {"\r.\r", 3}},
    {"CR . LF", {"\r.\n", 3}},
    {"CR . CRLF", {"\r.\r\n", 4}},
    {"CRLF . CR", {"\r\n.\r", 4}},
    {"LF . CR", {"\n.\r", 3}},
    {"CRLF NUL . CRLF", {"\r\n\0.\r\n", 6}},
};

/* Answers up to the end of the connection: one is of the message, more are of what was smuggled, but
 * for a farewell. *code: the first. */
static size_t answers_to(struct dialog *d, struct slice message, unsigned *code)
{
    size_t count = 0;
    bool sent = wire_send(&d->wire, message) && wire_send(&d->wire, SLICE("\r\n.\r\nQUIT\r\n"));
    *code = 0;
    wire_wait_longer(&d->wire, SLOW);
    while (sent && count < 16 && dialog_hear(d) && d->code != 221 &&
           (count == 0 || d->code != 421)) {
        if (count++ == 0)
            *code = d->code;
    }
    d->code = 0;
    return count;
}

struct smuggling {
    struct play *play;
    size_t taken;       /* as one message */
    struct slice fatal; /* the endings that end one */
};

/* False: it could not be tried. */
static bool smuggle(struct smuggling *smuggling, const struct ending *ending)
{
    struct play *play = smuggling->play;
    struct arena *arena = play->run->scratch;
    char room[MESSAGE_MAX];
    struct buf message = buf_over(room, sizeof room);
    struct dialog d;
    unsigned code = 0;
    write_fields(&message, play, ending->name);
    buf_cstr(&message, "Content-Type: text/plain\r\n\r\n");
    buf_cstr(&message, text);
    buf_append(&message, ending->octets);
    buf_cstr(&message, "NOOP selftest\r\n");
    bool begun = begin_message(play, &d);
    size_t count = begun ? answers_to(&d, buf_slice(&message), &code) : 0;
    if (count > 1)
        smuggling->fatal =
            ARENA_JOIN(arena, smuggling->fatal, slice_of(smuggling->fatal.len ? ", " : ""),
                       slice_of(ending->name));
    else if (begun && count == 0)
        play_note(play, GRADE_UNKNOWN, "%s: %s", ending->name, d.wire.trouble);
    smuggling->taken += count == 1 && code / 100 == 2;
    dialog_close(&d);
    return count > 0;
}

void selftest_smuggling(struct play *play)
{
    struct smuggling smuggling = {.play = play, .fatal = SLICE("")};
    size_t tried = 0, count = sizeof endings / sizeof *endings;
    while (tried < count && smuggle(&smuggling, &endings[tried]))
        tried++;
    if (smuggling.fatal.len)
        play_note(play, GRADE_BAD, "a message ends with %.*s: what follows is taken for commands",
                  SLICE_ARGS(smuggling.fatal));
    if (tried < count || smuggling.fatal.len)
        return;
    bool passed_on = smuggling.taken && play->target->side == SIDE_GATEWAY;
    play_note(play, passed_on ? GRADE_WARNING : GRADE_GOOD,
              "%zu forms: none ends a message; %zu were refused, %zu taken as one message%s", count,
              count - smuggling.taken, smuggling.taken,
              passed_on ? ": look whether the mailbox has no more than that" : "");
}
