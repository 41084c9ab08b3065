/* SPDX-License-Identifier: ISC
 * What a user reads and leaves where it is says, after some time, that it is good mail (learn.left). Here it is noticed
 * that he reads one: its content is given to him and marked as read, or was given before and is marked now; and that some
 * go. It costs little: few are looked at a user and day, and nobody who sends mail knows which. */
#include "base/clock.h"
#include "base/siphash.h"
#include "filters/mime/headers.h"
#include "filters/unmarked.h"
#include "proxy/examine/labelling.h"
#include "proxy/imap/imap_reading.h"
#include "proxy/imap/imap_session.h"
#include "proxy/process/recorder.h"
#include "proxy/session/own_received.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <sys/random.h>

enum {
    GIVEN_MOST = 128, /* UIDs that are remembered */
    OF_ONE_DAY = 5,   /* messages of a user that are looked at in a process */
    ONE_OF = 4,       /* that he reads is looked at */
    USERS = 1024,     /* of whom that is counted */
    REST_MS = 60000,  /* until the keeper hears of one: who deletes it does so at once */
    DAY_MS = 86400000,
};

struct imap_left {
    uint32_t
        given[GIVEN_MOST]; /* UIDs of the last messages that were given, and not marked as read */
    size_t given_count;
    struct {
        struct labelling *label; /* NULL: a free place */
        uint32_t uid;
        int64_t since; /* clock_ms */
    } read[OF_ONE_DAY];
};

static void say(struct imap_left *left, size_t i)
{
    if (left->read[i].label)
        labelling_say(left->read[i].label);
    left->read[i].label = NULL;
}

void imap_left_end(struct imap_session *s)
{
    for (size_t i = 0; s->left && i < OF_ONE_DAY; i++)
        say(s->left, i);
    free(s->left);
    s->left = NULL;
}

bool imap_left_counts(const struct imap_session *s)
{
    const struct proxy *proxy = s->reader.base.proxy;
    return proxy->config->settings.learn_left > 0 && labelling_wanted(proxy) &&
           s->reader.mailbox.len > 0 && s->reader.mailbox.len <= LABEL_TEXT_MOST;
}

/* ---- few ---- */

static bool is_chosen(void)
{
    uint8_t die;
    return getrandom(&die, sizeof die, 0) == sizeof die && die % ONE_OF == 0;
}

/* Two users who share a place push each other's count out of it: the keeper counts as well. */
static bool has_any_left_today(const struct imap_session *s)
{
    static struct {
        uint64_t user;
        int64_t day;
        unsigned count;
    } users[USERS];
    uint64_t user = siphash(shared_key(s->reader.base.proxy->shared), s->reader.mailbox);
    int64_t day = clock_wall_ms() / DAY_MS;
    size_t at = user % USERS;
    if (users[at].user != user || users[at].day != day) {
        users[at].user = user;
        users[at].day = day;
        users[at].count = 0;
    }
    return users[at].count++ < OF_ONE_DAY;
}

/* ---- read ---- */

static struct imap_left *left_of(struct imap_session *s)
{
    if (!s->left)
        s->left = calloc(1, sizeof *s->left);
    return s->left;
}

static void remember(struct imap_session *s, uint32_t uid)
{
    struct imap_left *left = left_of(s);
    if (left && uid)
        left->given[left->given_count++ % GIVEN_MOST] = uid;
}

/* Once. */
static bool was_given(struct imap_session *s, uint32_t uid)
{
    for (size_t i = 0; s->left && i < GIVEN_MOST; i++)
        if (uid && s->left->given[i] == uid) {
            s->left->given[i] = 0;
            return true;
        }
    return false;
}

static void say_those_that_rested(struct imap_left *left)
{
    for (size_t i = 0; i < OF_ONE_DAY; i++)
        if (left->read[i].label && clock_ms() >= left->read[i].since + REST_MS)
            say(left, i);
}

/* The one that has rested longest makes room. */
void imap_left_keep(struct imap_session *s, uint32_t uid, struct labelling *label)
{
    struct imap_left *left = left_of(s);
    size_t at = 0;
    if (!left) {
        labelling_drop(label);
        return;
    }
    say_those_that_rested(left);
    for (size_t i = 1; i < OF_ONE_DAY && left->read[at].label; i++)
        if (!left->read[i].label || left->read[i].since < left->read[at].since)
            at = i;
    say(left, at);
    left->read[at].label = label;
    left->read[at].uid = uid;
    left->read[at].since = clock_ms();
}

/* Elsewhere than in INBOX lies also what he has written himself. */
static bool is_received(struct slice mailbox, struct slice reference)
{
    return reference.len > 0 || slice_ieq(mailbox, SLICE("INBOX"));
}

struct labelling *imap_left_begin(struct imap_session *s, uint32_t uid, struct slice message)
{
    struct proxy *proxy = s->reader.base.proxy;
    struct slice mailbox;
    struct left_read read = {.label = {.class = LABEL_GOOD,
                                       .how = LABEL_LEFT,
                                       .account = s->reader.mailbox,
                                       .reference = received_reference(headers_block(message, NULL),
                                                                       proxy->config->hostname)},
                             .uid = uid};
    if (!imap_places_are_read(s, &mailbox) || !is_received(mailbox, read.label.reference) ||
        read.label.reference.len > LABEL_TEXT_MOST ||
        is_marked(message, policy_marks(proxy->config->policy)) ||
        EVP_Digest(message.ptr, message.len, read.label.message, NULL, EVP_sha256(), NULL) != 1)
        return NULL;
    read.mailbox = mailbox;
    return labelling_begin_read(proxy, message, &read);
}

void imap_left_shown(struct imap_session *s, uint32_t uid, struct slice message)
{
    struct imap_command command;
    struct slice mailbox;
    if (s->left)
        say_those_that_rested(s->left);
    if (!imap_left_counts(s) || !imap_places_are_read(s, &mailbox) || !is_chosen())
        return;
    imap_command(buf_slice(&s->in.text), &command);
    if (!imap_reads_one(&command)) {
        remember(s, uid);
        return;
    }
    struct labelling *label =
        message.ptr && has_any_left_today(s) ? imap_left_begin(s, uid, message) : NULL;
    if (label)
        imap_left_keep(s, uid, label);
}

bool imap_left_is_read(struct imap_session *s, const struct imap_command *command)
{
    struct slice mailbox;
    uint32_t uid;
    return imap_left_counts(s) && imap_places_are_read(s, &mailbox) &&
           imap_says_seen(command, &uid) && was_given(s, uid) && has_any_left_today(s);
}

/* ---- gone ---- */

static bool goes(struct imap_session *s, const struct imap_command *command)
{
    struct slice rest, set, name;
    if (command->verb != IMAP_COPY && command->verb != IMAP_MOVE)
        return imap_says_deleted(command);
    slice_cut(command->arguments, ' ', &set, &rest);
    if (!imap_string(s->reader.mail, &rest, &name))
        return false;
    enum imap_mailbox to = imap_places_look(s, name);
    return to == IMAP_MAILBOX_JUNK || to == IMAP_MAILBOX_TRASH;
}

static void drop(struct imap_left *left, const struct left_range *range)
{
    for (size_t i = 0; i < OF_ONE_DAY; i++) {
        uint32_t uid = left->read[i].uid;
        if (uid && (uid < range->from || uid > range->to))
            continue;
        labelling_drop(left->read[i].label);
        left->read[i].label = NULL;
    }
}

/* A mailbox that has gone, or has another name, and all that lies in it. */
static bool goes_whole(const struct imap_session *s, const struct imap_command *command,
                       struct slice *name)
{
    struct slice rest = command->arguments;
    return (command->verb == IMAP_DELETE || command->verb == IMAP_RENAME) &&
           imap_string(s->reader.mail, &rest, name) && name->len > 0 &&
           name->len <= LEFT_MAILBOX_MOST;
}

static bool are_same(struct slice mailbox, struct slice other)
{
    struct slice inbox = SLICE("INBOX");
    return slice_eq(mailbox, other) || (slice_ieq(mailbox, inbox) && slice_ieq(other, inbox));
}

void imap_left_gone(struct imap_session *s)
{
    struct imap_command command;
    struct slice selected = SLICE("");
    struct left_gone gone = {.account = s->reader.mailbox};
    imap_command(buf_slice(&s->in.text), &command);
    bool reads = imap_places_are_read(s, &selected);
    if (!imap_left_counts(s))
        return;
    if (!goes_whole(s, &command, &gone.mailbox)) {
        if (!reads || !goes(s, &command))
            return;
        gone.mailbox = selected;
    }
    gone.count = imap_uids(&command, gone.ranges);
    for (size_t i = 0; s->left && are_same(gone.mailbox, selected) && i < gone.count; i++)
        drop(s->left, &gone.ranges[i]);
    recorder_send_gone(s->reader.base.proxy, &gone);
}
