/* SPDX-License-Identifier: ISC
 * What is said before TLS, and which TLS there is. */
#include "console/certificate.h"
#include "console/selftest/dialog.h"

enum { CERTIFICATES_MAX = 8 };

static bool is_server(const struct play *play)
{
    return play->target->side == SIDE_SERVER;
}

/* ---- the beginning ---- */

void selftest_answers(struct play *play)
{
    struct dialog d;
    bool there = dialog_open(&d, play) && dialog_yes(&d);
    struct slice greeting = dialog_said(&d);
    there = there && dialog_greet(&d);
    play_note(play, there ? GRADE_GOOD : GRADE_BAD, "%.*s",
              SLICE_ARGS(there ? greeting : dialog_said(&d)));
    bool secures = play->target->implicit_tls || dialog_offers_tls(&d);
    if (there && !secures)
        play_note(play, GRADE_WARNING, "no STARTTLS: whoever is between reads all mail");
    dialog_close(&d);
}

/* Connects, and begins TLS. False, with a note of that grade: it did not come to that. */
static bool begin_tls(struct play *play, struct dialog *d, const struct wire_tls *tls,
                      enum grade grade)
{
    bool ready = dialog_open_with(d, play, tls) && dialog_yes(d);
    if (ready && !play->target->implicit_tls)
        ready = dialog_greet(d) && dialog_starttls(d) && dialog_secure(d, tls);
    if (!ready)
        play_note(play, grade, "%.*s", SLICE_ARGS(dialog_said(d)));
    return ready;
}

/* ---- logins before TLS ---- */

static bool smtp_logs_in(struct dialog *d)
{
    return dialog_greet(d) && dialog_offers(d, "AUTH");
}

static bool imap_logs_in(struct dialog *d)
{
    struct slice disabled = SLICE("LOGINDISABLED");
    return dialog_ask(d, "CAPABILITY") && dialog_yes(d) &&
           slice_search(d->lines, disabled) == d->lines.len;
}

void selftest_login(struct play *play)
{
    struct dialog d;
    if (!dialog_open(&d, play) || !dialog_yes(&d)) {
        play_note(play, GRADE_UNKNOWN, "%.*s", SLICE_ARGS(dialog_said(&d)));
    } else {
        enum protocol protocol = play->target->protocol;
        bool takes = protocol == PROTOCOL_SMTP ? smtp_logs_in(&d)
                     : protocol == PROTOCOL_IMAP
                         ? imap_logs_in(&d)
                         : dialog_ask(&d, "USER selftest") && dialog_yes(&d);
        play_note(play, takes ? is_server(play) ? GRADE_WARNING : GRADE_BAD : GRADE_GOOD, "%s",
                  takes ? "passwords are asked for, or taken, before TLS"
                        : "no password is taken before TLS");
    }
    dialog_close(&d);
}

/* ---- what is slipped in behind STARTTLS ---- */

/* What is said in plaintext, in one piece: the second command must not be heard. */
static struct slice slipped(const struct play *play)
{
    switch (play->target->protocol) {
    case PROTOCOL_SMTP:
        return SLICE("STARTTLS\r\nNOOP selftest\r\n");
    case PROTOCOL_POP3:
        return SLICE("STLS\r\nNOOP\r\n");
    default:
        return SLICE("a STARTTLS\r\na NOOP\r\n");
    }
}

/* Answers to one command within TLS. */
static size_t count_answers(struct dialog *d)
{
    enum protocol protocol = d->play->target->protocol;
    size_t count = 0;
    if (!wire_send(&d->wire, protocol == PROTOCOL_IMAP ? SLICE("a NOOP\r\na LOGOUT\r\n")
                                                       : SLICE("NOOP\r\nQUIT\r\n")))
        return 0;
    while (count < 8 && dialog_hear(d))
        count++;
    return count;
}

static void judge_injection(struct play *play, struct dialog *d)
{
    enum { EXPECTED = 2, IN_A_SEGMENT_OF_ITS_OWN = 300 /* milliseconds */ };
    if (wire_waits(&d->wire, IN_A_SEGMENT_OF_ITS_OWN)) {
        play_note(play, GRADE_BAD, "it answers the command before TLS, behind its go-ahead");
        return;
    }
    if (!dialog_secure(d, &(struct wire_tls){.server_name = play->target->name})) {
        play_note(play, GRADE_GOOD, "it ends the connection (%s)", d->wire.trouble);
        return;
    }
    size_t count = count_answers(d);
    bool executed = count > EXPECTED;
    play_note(play,
              executed ? GRADE_BAD
              : count  ? GRADE_GOOD
                       : GRADE_UNKNOWN,
              "%s",
              executed ? "it carries out within TLS what was slipped in before"
              : count  ? "what was slipped in before TLS is forgotten"
                       : "no answers within TLS");
    d->code = 0;
}

void selftest_injection(struct play *play)
{
    struct dialog d;
    if (!dialog_open(&d, play) || !dialog_yes(&d) || !dialog_greet(&d))
        play_note(play, GRADE_UNKNOWN, "%.*s", SLICE_ARGS(dialog_said(&d)));
    else if (!dialog_offers_tls(&d))
        play_note(play, GRADE_GOOD, "no STARTTLS");
    else if (!wire_send(&d.wire, slipped(play)) || !dialog_hear(&d))
        play_note(play, GRADE_GOOD, "it ends the connection (%s)", d.wire.trouble);
    else if (!dialog_yes(&d))
        play_note(play, GRADE_GOOD, "not taken: %.*s", SLICE_ARGS(dialog_said(&d)));
    else
        judge_injection(play, &d);
    dialog_close(&d);
}

/* ---- versions ---- */

/* True: TLS is what is due now. */
static bool comes_to_tls(struct dialog *d, const struct play *play)
{
    if (!play->target->implicit_tls)
        return dialog_open(d, play) && dialog_yes(d) && dialog_greet(d) && dialog_starttls(d);
    *d = (struct dialog){.play = play};
    return wire_open(&d->wire, (const struct sockaddr *)&play->target->address,
                     play->target->length, play->run->patience);
}

void selftest_old_tls(struct play *play)
{
    struct dialog d;
    struct wire_tls tls = {.server_name = play->target->name, .old = true};
    if (!comes_to_tls(&d, play))
        play_note(play, GRADE_GOOD, "none: %.*s", SLICE_ARGS(dialog_said(&d)));
    else if (dialog_secure(&d, &tls))
        play_note(play, GRADE_WARNING, "%s is taken", SSL_get_version(d.wire.ssl));
    else
        play_note(play, GRADE_GOOD, "nothing older than TLS 1.2 (%s)", d.wire.trouble);
    d.code = 0;
    dialog_close(&d);
}

/* ---- certificates ---- */

/* How bad it is that nobody could verify it: who reads mail does, and who sends it mostly does not. */
static enum grade grade_of_flaw(const struct play *play)
{
    if (is_server(play))
        return play->target->tls == BACKEND_TLS_VERIFY ? GRADE_BAD : GRADE_WARNING;
    return play->target->protocol == PROTOCOL_SMTP ? GRADE_WARNING : GRADE_BAD;
}

static void judge_certificate(struct play *play, const struct dialog *d, struct slice name)
{
    struct arena *arena = play->run->scratch;
    X509 *certificate = SSL_get0_peer_certificate(d->wire.ssl);
    if (!certificate) {
        play_note(play, GRADE_BAD, "it shows none");
        return;
    }
    int days = certificate_days(certificate);
    struct slice flaw = certificate_flaw(arena, certificate, SSL_get_verify_result(d->wire.ssl),
                                         name, play->run->ca_file);
    struct slice names = certificate_names(arena, certificate);
    if (days < 0)
        play_note(play, GRADE_BAD, "the one for %.*s has ended", SLICE_ARGS(names));
    else if (flaw.len)
        play_note(play, grade_of_flaw(play), "nobody who verifies takes it: %.*s",
                  SLICE_ARGS(flaw));
    else if (days < CERTIFICATE_SOON_DAYS)
        play_note(play, GRADE_WARNING, "the one for %.*s ends in %d days", SLICE_ARGS(names), days);
    else
        play_note(play, GRADE_GOOD, "%s, for %.*s, trusted, %d days left",
                  SSL_get_version(d->wire.ssl), SLICE_ARGS(names), days);
}

static void look_at(struct play *play, struct slice name)
{
    struct dialog d;
    struct wire_tls tls = {.server_name = name, .ca_file = play->run->ca_file};
    if (begin_tls(play, &d, &tls, GRADE_WARNING))
        judge_certificate(play, &d, name);
    dialog_close(&d);
}

/* What a server may be, and is not: `tls verify` would hold. */
static void advise_to_verify(struct play *play)
{
    const struct target *target = play->target;
    if (is_server(play) && target->tls != BACKEND_TLS_VERIFY && play->run->config)
        play_note(play, GRADE_WARNING,
                  "the gateway does not verify it: whoever is between can pass for that server");
}

void selftest_certificate(struct play *play)
{
    const struct config *config = play->run->config;
    bool ours = config && !is_server(play) && config->certificate_count;
    for (size_t i = 0; ours && i < config->certificate_count && i < CERTIFICATES_MAX; i++) {
        struct slice name = config->certificates[i].names[0];
        bool any = slice_starts(name, SLICE("*."));
        look_at(play, any ? ARENA_JOIN(play->run->scratch, SLICE("selftest"), slice_from(name, 1))
                          : name);
    }
    if (!ours)
        look_at(play, play->target->name);
    advise_to_verify(play);
}
