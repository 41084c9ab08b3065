/* SPDX-License-Identifier: ISC
 * What a client puts into a mailbox (RFC 3501 6.3.11, RFC 3502): all messages of a command are taken in and judged before
 * the server hears of any. */
#include "proxy/imap/imap_opine.h"

#include <stdlib.h>

enum {
    MESSAGES_MOST = 64, /* of one command */
    SWALLOWED =
        4, /* times the most that is taken is read to its end, so that the client hears why */
};

struct appended {
    size_t at; /* where its announcement ends in the command */
    struct fetched fetched;
};

struct imap_append {
    struct appended *messages[MESSAGES_MOST]; /* owned */
    size_t count, judged;
    size_t behind;   /* the last announcement, in the command */
    uint64_t octets; /* of all */
    bool too_big, too_many;
};

void imap_append_end(struct imap_session *s)
{
    struct imap_append *append = s->append;
    s->append = NULL;
    if (!append)
        return;
    for (size_t i = 0; i < append->count; i++) {
        fetched_end(&append->messages[i]->fetched);
        free(append->messages[i]);
    }
    free(append);
    arena_release(s->reader.mail);
}

/* ---- taken in ---- */

/* Of one message: as large as one may be that is sent, if such a one can be examined. */
static uint64_t most(const struct imap_session *s)
{
    const struct settings *settings = &s->reader.base.proxy->config->settings;
    return settings->limits_message_size < settings->limits_fetched_size
               ? settings->limits_message_size
               : settings->limits_fetched_size;
}

static void show(struct fetched *f, struct slice message);
static void later(struct fetched *f, const char *why);
static void refuse(struct fetched *f);

static const struct fetched_owner owner = {show, later, refuse};

static struct appended *new_message(struct imap_session *s)
{
    struct imap_append *append = s->append;
    struct appended *message = append->count < MESSAGES_MOST ? calloc(1, sizeof *message) : NULL;
    append->too_many |= !message;
    if (!message)
        return NULL;
    append->messages[append->count++] = message;
    message->at = buf_len(&s->in.text);
    message->fetched =
        (struct fetched){.reader = &s->reader, .owner = &owner, .direction = DIRECTION_UPLOAD};
    append->too_many |= !fetched_begin(&message->fetched, false);
    return message;
}

/* Behind "APPEND", or behind the message before. */
static struct slice what_announces(struct imap_session *s)
{
    struct slice text = buf_slice(&s->in.text);
    struct imap_command command;
    size_t from = 0;
    imap_command(text, &command);
    if (s->append)
        from = s->append->behind;
    else if (command.arguments.len)
        from = (size_t)(command.arguments.ptr - text.ptr);
    return slice_sub(text, from, text.len - 2);
}

bool imap_append_begin(struct imap_session *s, const struct imap_piece *piece)
{
    if (!imap_append_continues(what_announces(s), s->append))
        return false;
    if (!s->append) {
        imap_rendering_end(s);
        s->append = calloc(1, sizeof *s->append);
    }
    if (!s->append)
        return false;
    s->append->behind = buf_len(&s->in.text);
    s->append->octets += piece->octets;
    s->append->too_big |= piece->octets > most(s) || s->append->octets / 2 > most(s);
    new_message(s);
    return true;
}

bool imap_append_take(struct imap_session *s, struct slice octets)
{
    struct imap_append *append = s->append;
    if (append->octets / SWALLOWED > most(s))
        return false;
    return append->too_big || append->too_many ||
           fetched_take(&append->messages[append->count - 1]->fetched, octets);
}

bool imap_append_octets(struct imap_session *s, size_t at, struct slice *out)
{
    struct imap_append *append = s->append;
    for (size_t i = 0; append && i < append->count; i++)
        if (append->messages[i]->at == at) {
            *out = spool_bytes(append->messages[i]->fetched.message.spool);
            return true;
        }
    return false;
}

/* ---- judged, one after the other ---- */

static void give_up(struct imap_session *s, const char *code, struct slice why)
{
    imap_no(s, code, why);
    imap_next_command(s);
}

static void judge_next(struct imap_session *s)
{
    struct imap_append *append = s->append;
    if (append->judged < append->count) {
        fetched_judge(&append->messages[append->judged]->fetched);
        return;
    }
    s->reader.base.message = NULL;
    s->reader.fetched = NULL;
    imap_opine(s);
}

void imap_append_opine(struct imap_session *s)
{
    for (size_t i = 0; i < s->append->count; i++)
        imap_opine_of(s, spool_bytes(s->append->messages[i]->fetched.message.spool));
}

static void record(struct imap_session *s, struct fetched *f, const char *verdict,
                   const char *reason)
{
    reader_record_message(&s->reader, f, verdict, reason);
}

static void show(struct fetched *f, struct slice message)
{
    struct imap_session *s = imap_of_reader(f->reader);
    if (message.len < fetched_size(f)) {
        later(f, "out of memory");
        return;
    }
    record(s, f, "accept", "");
    s->append->judged++;
    judge_next(s);
}

static void later(struct fetched *f, const char *why)
{
    struct imap_session *s = imap_of_reader(f->reader);
    record(s, f, "defer", why);
    give_up(s, "[UNAVAILABLE]", SLICE("the message could not be checked now, try again later"));
}

static void refuse(struct fetched *f)
{
    struct imap_session *s = imap_of_reader(f->reader);
    const struct verdict *v = &f->verdict.verdict;
    record(s, f, action_info(v->action)->word, "");
    give_up(s, "[CANNOT]", v->text.len ? v->text : SLICE("the policy refuses this message"));
}

void imap_append_run(struct imap_session *s)
{
    struct imap_append *append = s->append;
    session_wait(&s->reader.base);
    struct imap_command command;
    imap_command(buf_slice(&s->in.text), &command);
    if (!append || !imap_append_is_whole(command.arguments, append->count)) {
        imap_bad(s, "APPEND needs a mailbox and a message");
        imap_next_command(s);
    } else if (append->too_big) {
        give_up(s, "[TOOBIG]", SLICE("the message is too large"));
    } else if (append->too_many) {
        give_up(s, "[LIMIT]", SLICE("too many messages at once"));
    } else {
        reader_refer(&s->reader);
        judge_next(s);
    }
}
