/* SPDX-License-Identifier: ISC */
#include "keeper/held_answers.h"

#include "base/clock.h"

struct finding {
    struct client *client;
    struct buf item;
    uint64_t last;
    size_t count;
    bool fits;
};

static bool tell(void *ctx, const struct held_entry *entry)
{
    struct finding *finding = ctx;
    buf_clear(&finding->item);
    held_entry_pack(&finding->item, entry);
    finding->last = entry->number;
    finding->count++;
    finding->fits = finding->item.failed || client_item(finding->client, buf_slice(&finding->item));
    return finding->fits;
}

/* The journal has everybody's mail. */
static const char *place_refusal(const struct client *client, enum held_place place)
{
    bool may = place == HELD_IN_QUARANTINE || client_role(client) == ROLE_ADMIN;
    return may ? NULL : "only admins may look into the journal (keeper admins in gatepost.conf)";
}

static void list(struct client *client, const struct held_query *query, struct held *held)
{
    const char *refusal = place_refusal(client, query->place);
    if (refusal) {
        client_end(client, refusal);
        return;
    }
    struct finding finding = {.client = client, .item = buf_init(IPC_PAYLOAD_MAX), .fits = true};
    const char *reason = NULL;
    bool found = held_find(held, query, tell, &finding, &reason);
    client_end(client, !found ? reason : finding.fits ? NULL : "the answer is too large");
    buf_release(&finding.item);
}

/* ---- who may ---- */

struct asking {
    const struct client *client;
    const struct quarantine *quarantine;
    bool there, may;
};

static bool look(void *ctx, const struct held_entry *entry)
{
    struct asking *asking = ctx;
    asking->there = true;
    asking->may = client_role(asking->client) == ROLE_ADMIN ||
                  quarantine_is_for_helpdesk(asking->quarantine, entry->why);
    return false;
}

/* NULL, or why not. */
static const char *refusal(const struct client *client, const struct held_name *name,
                           struct quarantine *quarantine)
{
    struct asking asking = {.client = client, .quarantine = quarantine};
    struct held_query query = {.number = name->number, .most = 1};
    const char *reason = place_refusal(client, name->place);
    if (reason)
        return reason;
    if (!held_find(quarantine_held(quarantine, name->place), &query, look, &asking, &reason))
        return reason;
    return !asking.there ? "there is none of that number"
           : !asking.may ? "only admins may do that to what is held as this (quarantine policy)"
                         : NULL;
}

/* ---- acts ---- */

static void act(struct client *client, const struct held_name *name, enum held_act what,
                struct quarantine *quarantine)
{
    char room[32];
    const char *reason = refusal(client, name, quarantine);
    if (!reason && name->place == HELD_IN_JOURNAL && what != HELD_DELETE)
        reason = "what the journal has can be deleted alone";
    if (reason) {
        client_end(client, reason);
        return;
    }
    bool done = held_act(quarantine_held(quarantine, name->place), name->number, what,
                         client_name(client, room), clock_wall(), &reason);
    if (done)
        quarantine_acted(quarantine, name, what);
    client_end(client, done ? NULL : reason);
}

/* ---- the message itself ---- */

struct showing {
    struct quarantine *quarantine;
    enum held_place place;
    int reply;
    const char *reason;
    bool shown;
};

static bool show_one(void *ctx, const struct held_entry *entry)
{
    struct showing *showing = ctx;
    showing->shown = quarantine_show(showing->quarantine, showing->place, entry, showing->reply,
                                     &showing->reason);
    return false;
}

/* The question brings the socket on which it will come. */
static void show(struct client *client, const struct held_name *name,
                 const struct ipc_message *question, struct quarantine *quarantine)
{
    struct held_query query = {.number = name->number, .most = 1};
    struct showing showing = {.quarantine = quarantine,
                              .place = name->place,
                              .reply = question->fds[0],
                              .reason = "there is none of that number"};
    const char *reason = refusal(client, name, quarantine);
    if (reason) {
        client_end(client, reason);
        return;
    }
    bool found =
        held_find(quarantine_held(quarantine, name->place), &query, show_one, &showing, &reason);
    client_end(client, !found ? reason : showing.shown ? NULL : showing.reason);
}

/* ---- */

static bool is_about_held(const struct ipc_message *question)
{
    return question->type == CONTROL_HELD || question->type == CONTROL_HELD_ACT ||
           question->type == CONTROL_HELD_SHOW;
}

bool answer_held(struct client *client, const struct ipc_message *question,
                 struct quarantine *quarantine)
{
    struct held_query query;
    struct held_name name;
    enum held_act what;
    if (!is_about_held(question))
        return false;
    if (!quarantine)
        client_end(client, "nothing is held: no rule says quarantine, copy to or journal");
    else if (question->type == CONTROL_HELD && held_query_unpack(question->payload, &query))
        list(client, &query, quarantine_held(quarantine, query.place));
    else if (question->type == CONTROL_HELD_ACT && held_act_unpack(question->payload, &name, &what))
        act(client, &name, what, quarantine);
    else if (question->type == CONTROL_HELD_SHOW && question->fd_count == 1 &&
             held_name_unpack(question->payload, &name))
        show(client, &name, question, quarantine);
    else
        client_end(client, "not a question");
    return true;
}
