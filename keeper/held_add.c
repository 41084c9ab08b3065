/* SPDX-License-Identifier: ISC */
#include "base/clock.h"
#include "keeper/held_internal.h"

#include <openssl/evp.h>

enum {
    DIGEST = 32,
    TEXT_MOST = 1000,
    COMES_AGAIN =
        5 * 86400, /* seconds that a sender tries (RFC 5321 4.5.4.1): later it is another */
};

/* One message on its way in. */
struct coming {
    const struct hold_request *request;
    struct slice octets, message;
    unsigned char digest[DIGEST];
    uint64_t id;     /* 0: it is not there yet */
    uint64_t stored; /* octets of its container */
};

static struct slice digest_of(const struct coming *c)
{
    return (struct slice){(const char *)c->digest, DIGEST};
}

/* Of what is empty nothing, so that the digest of most is that of their octets. */
static bool digest_part(EVP_MD_CTX *ctx, struct slice part)
{
    uint64_t len = part.len;
    return len == 0 || (EVP_DigestUpdate(ctx, &len, sizeof len) == 1 &&
                        EVP_DigestUpdate(ctx, part.ptr, part.len) == 1);
}

/* What leaves by another way is another, also of the same octets: a container names one. */
static bool digest_in(EVP_MD_CTX *ctx, struct coming *c)
{
    return EVP_DigestInit_ex2(ctx, EVP_sha256(), NULL) == 1 &&
           digest_part(ctx, c->request->apart) && digest_part(ctx, c->request->relay) &&
           digest_part(ctx, c->request->destination) &&
           EVP_DigestUpdate(ctx, c->message.ptr, c->message.len) == 1 &&
           EVP_DigestFinal_ex(ctx, c->digest, NULL) == 1;
}

static bool take_digest(struct coming *c)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = ctx && digest_in(ctx, c);
    EVP_MD_CTX_free(ctx);
    return ok;
}

/* ---- what is there already ---- */

/* *number: 0 when there is none. False: it cannot be read. */
static bool read_number(sqlite3_stmt *statement, uint64_t *number)
{
    int result = sqlite3_step(statement);
    *number = result == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(statement, 0) : 0;
    sqlite3_reset(statement);
    return result == SQLITE_ROW || result == SQLITE_DONE;
}

static bool find_same_message(struct held *h, struct coming *c)
{
    sqlite3_stmt *same = held_statement(h, HELD_SAME_MESSAGE);
    database_bind_octets(same, 1, digest_of(c));
    database_bind(same, 2, c->request->sender);
    int result = sqlite3_step(same);
    if (result == SQLITE_ROW) {
        c->id = (uint64_t)sqlite3_column_int64(same, 0);
        c->stored = (uint64_t)sqlite3_column_int64(same, 1);
    }
    sqlite3_reset(same);
    return result == SQLITE_ROW || result == SQLITE_DONE;
}

/* A retry: it waits, or was delivered meanwhile. */
static bool find_same_copy(struct held *h, const struct coming *c, const struct hold_recipient *r,
                           uint64_t *number)
{
    sqlite3_stmt *same = held_statement(h, HELD_SAME_RECIPIENT);
    database_bind_octets(same, 1, digest_of(c));
    database_bind(same, 2, c->request->sender);
    database_bind(same, 3, r->address);
    sqlite3_bind_int(same, 4, r->copy > 0);
    sqlite3_bind_int64(same, 5, clock_wall() - COMES_AGAIN);
    return read_number(same, number);
}

static bool claim(struct held *h, const struct coming *c, uint64_t number)
{
    sqlite3_stmt *claims = held_statement(h, HELD_CLAIM);
    sqlite3_bind_int64(claims, 1, (int64_t)(c->request->ticket & INT64_MAX));
    sqlite3_bind_int64(claims, 2, (int64_t)number);
    return database_step(claims);
}

/* ---- room ---- */

static bool read_share(struct held *h, struct slice domain, uint64_t *octets)
{
    sqlite3_stmt *share = held_statement(h, HELD_SHARE);
    database_bind(share, 1, domain);
    return read_number(share, octets);
}

static bool has_room(struct held *h, const struct coming *c, const struct hold_recipient *r,
                     const char **reason)
{
    uint64_t needs = c->octets.len + c->message.len, share = 0;
    if (r->room && !read_share(h, r->domain, &share))
        *reason = "the database fails";
    else if (!c->id && h->octets + needs > h->size)
        *reason = "it is full";
    else if (r->room && share + needs > r->room)
        *reason = "it is full for this domain";
    else
        return true;
    return false;
}

/* ---- writing ---- */

static struct slice some(struct slice text)
{
    return slice_sub(text, 0, TEXT_MOST);
}

static bool add_row(struct held *h, struct coming *c)
{
    const struct hold_request *r = c->request;
    sqlite3_stmt *add = held_statement(h, HELD_ADD_MESSAGE);
    int at = 0;
    database_bind_octets(add, ++at, digest_of(c));
    database_bind(add, ++at, r->sender);
    database_bind(add, ++at, r->reference);
    sqlite3_bind_int64(add, ++at, clock_wall());
    sqlite3_bind_int64(add, ++at, (int64_t)c->message.len);
    sqlite3_bind_int64(add, ++at, (int64_t)(sizeof(uint32_t) + c->octets.len + c->message.len));
    const struct slice texts[] = {r->client,           some(r->author), some(r->subject),
                                  some(r->message_id), r->ret,          r->envid};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        database_bind(add, ++at, texts[i]);
    sqlite3_bind_int(add, ++at, r->utf8);
    sqlite3_bind_int(add, ++at, r->eight_bit);
    if (!database_step(add))
        return false;
    c->id = (uint64_t)sqlite3_last_insert_rowid(h->db);
    return true;
}

/* The request's length and octets, then the message. */
static bool write_container(struct held *h, struct coming *c, const char **reason)
{
    uint32_t length = (uint32_t)c->octets.len;
    const struct slice pieces[] = {{(const char *)&length, sizeof length}, c->octets, c->message};
    return held_write(h, c->id, pieces, 3, &c->stored, reason);
}

static bool note_stored(struct held *h, const struct coming *c)
{
    sqlite3_stmt *stored = held_statement(h, HELD_STORED);
    sqlite3_bind_int64(stored, 1, (int64_t)c->stored);
    sqlite3_bind_int64(stored, 2, (int64_t)c->id);
    return database_step(stored);
}

/* False with *reason: nothing of it is there. */
static bool add_message(struct held *h, struct coming *c, const char **reason)
{
    *reason = "the database fails";
    if (!add_row(h, c) || !write_container(h, c, reason) || !note_stored(h, c))
        return false;
    h->octets += c->stored;
    return true;
}

static bool take_share(struct held *h, struct slice domain, int64_t octets)
{
    sqlite3_stmt *share = held_statement(h, HELD_ADD_SHARE);
    database_bind(share, 1, domain);
    sqlite3_bind_int64(share, 2, octets);
    return database_step(share);
}

static bool add_copy(struct held *h, const struct coming *c, const struct hold_recipient *r)
{
    sqlite3_stmt *add = held_statement(h, HELD_ADD_RECIPIENT);
    const struct slice texts[] = {r->address, r->notify, r->orcpt, r->domain, r->why, r->rule};
    int64_t now = clock_wall();
    int at = 0;
    sqlite3_bind_int64(add, ++at, (int64_t)c->id);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        database_bind(add, ++at, some(texts[i]));
    sqlite3_bind_int(add, ++at, r->copy ? HELD_LEAVING : HELD_WAITING);
    sqlite3_bind_int64(add, ++at, now + (int64_t)(r->age & INT32_MAX));
    sqlite3_bind_int64(add, ++at, r->copy ? now + r->copy : 0);
    sqlite3_bind_int64(add, ++at, r->copy ? now : 0);
    sqlite3_bind_int(add, ++at, r->copy > 0);
    return database_step(add) && take_share(h, r->domain, (int64_t)c->stored);
}

/* ---- */

/* A change has one writer: the numbers of a message's copies follow each other. */
static uint64_t note_added(const struct held *h, struct hold_answer *answer)
{
    answer->last = (uint64_t)sqlite3_last_insert_rowid(h->db);
    if (!answer->first)
        answer->first = answer->last;
    return answer->last;
}

static bool add_each(struct held *h, struct coming *c, struct hold_answer *answer)
{
    const struct hold_request *request = c->request;
    for (size_t i = 0; i < request->recipient_count; i++) {
        const struct hold_recipient *r = &request->recipients[i];
        uint64_t number;
        if (!find_same_copy(h, c, r, &number))
            return false;
        if (!number) {
            if (!has_room(h, c, r, &answer->reason) ||
                (!c->id && !add_message(h, c, &answer->reason)) || !add_copy(h, c, r))
                return false;
            number = note_added(h, answer);
        }
        if (!claim(h, c, number))
            return false;
    }
    return true;
}

/* Of a message that cannot be held whole nothing is: the others of its change are. */
static bool add_whole(struct held *h, struct coming *c, struct hold_answer *answer)
{
    uint64_t octets = h->octets;
    size_t made = h->made.count;
    if (!find_same_message(h, c) || !database_run(h->db, "SAVEPOINT one"))
        return false;
    bool ok = add_each(h, c, answer);
    if (!ok && database_failed(h->db))
        return false;
    if (!ok) {
        while (h->made.count > made)
            held_remove(h, h->made.items[--h->made.count]);
        h->octets = octets;
        if (!database_run(h->db, "ROLLBACK TO one"))
            return false;
    }
    answer->held = ok;
    return database_run(h->db, "RELEASE one");
}

void held_add(struct held *h, struct slice octets, const struct hold_request *request,
              struct slice message, struct hold_answer *answer)
{
    struct coming c = {.request = request, .octets = octets, .message = message};
    *answer = (struct hold_answer){.reason = "the database fails"};
    if (!h->has_key) {
        answer->reason = "there is no key to seal to yet";
        return;
    }
    if (!take_digest(&c)) {
        answer->reason = "out of memory";
        return;
    }
    if (!held_begin(h))
        return;
    if (!add_whole(h, &c, answer)) {
        answer->held = false;
        answer->reason = "the database fails";
        held_failed(h, "hold");
    }
}

static bool put_off(struct held *h, uint64_t ticket)
{
    sqlite3_stmt *claims = held_statement(h, HELD_PUT_OFF);
    sqlite3_bind_int64(claims, 1, (int64_t)(ticket & INT64_MAX));
    return database_step(claims);
}

void held_put_off(struct held *h, uint64_t ticket)
{
    if (held_begin(h) && !put_off(h, ticket))
        held_failed(h, "put off");
}

/* False: it failed. *more: there was one. */
static bool withdraw_one(struct held *h, uint64_t ticket, bool *more)
{
    struct held_entry entry;
    uint64_t number;
    sqlite3_stmt *unclaimed = held_statement(h, HELD_UNCLAIMED);
    sqlite3_bind_int64(unclaimed, 1, (int64_t)(ticket & INT64_MAX));
    bool ok = read_number(unclaimed, &number);
    *more = ok && number && held_get(h, number, &entry);
    if (!*more)
        return ok;
    struct held_change change = held_change_of(&entry);
    change.state = HELD_DELETED;
    change.said = SLICE("its sender was refused it");
    ok = held_set(h, number, &change);
    held_let_go(h);
    return ok;
}

void held_withdraw(struct held *h, uint64_t ticket)
{
    bool more = true, ok = held_begin(h);
    if (!ok)
        return;
    while (ok && more)
        ok = withdraw_one(h, ticket, &more);
    if (!ok || !put_off(h, ticket))
        held_failed(h, "withdraw");
}
