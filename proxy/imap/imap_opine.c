/* SPDX-License-Identifier: ISC
 * What a user thinks of messages is seen where he moves them into Junk or out of it: they are read before, while they
 * are there, and the keeper is told once the server has done it. His command passes in any case. */
#include "proxy/imap/imap_opine.h"

#include "filters/mime/headers.h"
#include "proxy/examine/labelling.h"
#include "proxy/process/recorder.h"
#include "proxy/session/own_received.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void imap_opinions_end(struct imap_session *s)
{
    for (size_t i = 0; s->opinions && i < s->opinions->count; i++)
        labelling_drop(s->opinions->of[i].label);
    free(s->opinions);
    s->opinions = NULL;
}

static struct labelling *begin_label(struct imap_session *s, const struct imap_opinion *of,
                                     struct slice message)
{
    struct label label = {.class = s->opinions->junk ? LABEL_SPAM : LABEL_GOOD,
                          .how = s->opinions->how == OPINION_FLAGGED ? LABEL_FLAGGED : LABEL_MOVED,
                          .account = s->reader.mailbox,
                          .reference = slice_of(of->reference)};
    memcpy(label.message, of->digest, LABEL_MESSAGE);
    return labelling_begin(s->reader.base.proxy, message, &label);
}

void imap_opine_of(struct imap_session *s, struct slice message)
{
    struct imap_opinions *o = s->opinions;
    struct imap_opinion *of = &o->of[o->count];
    if (o->count == IMAP_OPINIONS_MOST ||
        EVP_Digest(message.ptr, message.len, of->digest, NULL, EVP_sha256(), NULL) != 1)
        return;
    struct slice reference =
        received_reference(headers_block(message, NULL), s->reader.base.proxy->config->hostname);
    if (reference.len <= IMAP_OPINION_REFERENCE_MAX)
        snprintf(of->reference, sizeof of->reference, "%.*s", SLICE_ARGS(reference));
    o->count++;
    if (o->left)
        of->label = imap_left_begin(s, o->numbers[o->at], message);
    else if (labelling_wanted(s->reader.base.proxy))
        of->label = begin_label(s, of, message);
}

/* ---- told ---- */

static void pack(const struct imap_session *s, struct buf *item, const struct imap_opinion *of)
{
    struct opinion opinion = {.account = s->reader.mailbox,
                              .reference = slice_of(of->reference),
                              .junk = s->opinions->junk,
                              .how = s->opinions->how};
    memcpy(opinion.message, of->digest, OPINION_MESSAGE);
    opinion_pack(item, &opinion);
}

static bool keeps_opinions(const struct proxy *proxy)
{
    const struct settings *settings = &proxy->config->settings;
    return settings->history_enabled && settings->history_opinions;
}

static void tell(const struct imap_session *s)
{
    char room[4 * OPINION_TEXT_MOST];
    struct buf packet = buf_init(IPC_PAYLOAD_MAX);
    for (size_t i = 0; i < s->opinions->count; i++) {
        struct buf item = buf_over(room, sizeof room);
        pack(s, &item, &s->opinions->of[i]);
        pack_slice(&packet, buf_slice(&item));
    }
    if (!packet.failed && s->opinions->count && !s->opinions->left &&
        keeps_opinions(s->reader.base.proxy))
        recorder_send_opinions(s->reader.base.proxy, buf_slice(&packet), s->opinions->count);
    buf_release(&packet);
}

static void say_labels(struct imap_session *s)
{
    for (size_t i = 0; i < s->opinions->count; i++) {
        struct imap_opinion *of = &s->opinions->of[i];
        if (of->label && s->opinions->left)
            imap_left_keep(s, s->opinions->numbers[i], of->label);
        else if (of->label)
            labelling_say(of->label);
        of->label = NULL;
    }
}

static void done(struct imap_session *s, const struct imap_response *response, struct slice line)
{
    if (response->status == IMAP_OK) {
        tell(s);
        say_labels(s);
        imap_left_gone(s);
    }
    imap_opinions_end(s);
    imap_conclude(s, response, line);
}

static void relayed(struct imap_session *s, const struct imap_response *response, struct slice line)
{
    if (response->status == IMAP_OK)
        imap_left_gone(s);
    imap_conclude(s, response, line);
}

static const struct imap_exchange opining = {.go_ahead = imap_go_ahead, .done = done};
static const struct imap_exchange relaying = {.go_ahead = imap_go_ahead, .done = relayed};

void imap_opine_over(struct imap_session *s)
{
    imap_relay(s, &opining);
}

/* ---- whether there are any ---- */

static bool is_wanted(const struct imap_session *s)
{
    const struct proxy *proxy = s->reader.base.proxy;
    return (keeps_opinions(proxy) || labelling_wanted(proxy)) && recorder_wants(proxy) &&
           s->reader.mailbox.len > 0 && s->reader.mailbox.len <= OPINION_TEXT_MOST;
}

static enum imap_saying says_by_mailbox(const struct imap_session *s, const struct imap_said *said)
{
    bool comes = said->how == OPINION_APPENDED;
    enum imap_mailbox from = comes ? IMAP_MAILBOX_OTHER : imap_places_selected(s);
    return imap_mailbox_says(from, imap_places_look(s, said->mailbox));
}

static bool begin(struct imap_session *s, bool junk, enum opinion_how how)
{
    s->opinions = calloc(1, sizeof *s->opinions);
    if (!s->opinions)
        return false;
    s->opinions->junk = junk;
    s->opinions->how = how;
    return true;
}

static void look(struct imap_session *s, const struct imap_command *command,
                 const struct imap_said *said)
{
    if (said->how == OPINION_APPENDED) {
        imap_append_opine(s);
        imap_opine_over(s);
    } else {
        imap_clock_begin(s);
        imap_look(s, command->uid, said->set);
    }
}

/* A server may tell of messages that have gone when it is asked, and then a number means another one. */
static bool may_ask(const struct imap_command *command)
{
    return command->uid || command->verb == IMAP_APPEND;
}

void imap_opine(struct imap_session *s)
{
    struct imap_command command;
    struct imap_said said = {.how = OPINION_FLAGGED};
    imap_command(buf_slice(&s->in.text), &command);
    enum imap_saying says =
        is_wanted(s) ? imap_says(s->reader.mail, &command, &said) : IMAP_SAYS_NOTHING;
    if (says == IMAP_SAYS_BY_MAILBOX && may_ask(&command) && imap_places_ask(s))
        return;
    if (says == IMAP_SAYS_BY_MAILBOX)
        says = says_by_mailbox(s, &said);
    bool left = says == IMAP_SAYS_NOTHING && imap_left_is_read(s, &command);
    if ((says == IMAP_SAYS_NOTHING && !left) || !begin(s, says == IMAP_SAYS_JUNK, said.how)) {
        imap_relay(s, &relaying);
        return;
    }
    s->opinions->left = left;
    look(s, &command, &said);
}
