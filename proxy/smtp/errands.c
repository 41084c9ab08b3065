/* SPDX-License-Identifier: ISC */
#include "proxy/smtp/errands.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/sealed_map.h"
#include "common/errand.h"
#include "common/hold.h"
#include "policy/spelling.h"
#include "proxy/examine/labelling.h"
#include "proxy/smtp/errand_backend.h"
#include "proxy/smtp/message_signing.h"
#include "proxy/smtp/smtp_batv.h"
#include "proxy/smtp/smtp_pool.h"
#include "proxy/smtp/smtp_private.h"
#include "proxy/smtp/trace.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    AT_ONCE = 4,
    ARENA_MAX = 24 * 1024 * 1024,
    MESSAGE_MOST = INT32_MAX,
    TELL_AGAIN_MS = 200,
};

struct errands {
    struct proxy *proxy;
    int sock;
    struct event *event;
    void (*over)(struct proxy *proxy);
    unsigned count;
    bool draining;
};

/* One that is under way. */
struct delivery {
    struct errands *all;
    struct errand errand;
    struct arena *arena;
    struct slice octets; /* what was held, mapped */
    struct hold_request held;
    struct slice message;
    const struct backend *backend;
    struct message_signing *signing;
    struct slice signed_by; /* or "no: " and why nobody; empty: it does not leave */
    struct smtp_job job;
    struct job_recipient to;
    struct edited edited;
    enum errand_outcome outcome;
    struct slice say;
    struct event *again; /* the keeper could not be told */
};

static char inbox[IPC_PAYLOAD_MAX + 2];

/* ---- the end ---- */

static void delivery_free(struct delivery *d)
{
    struct errands *all = d->all;
    if (d->again)
        event_free(d->again);
    message_signing_end(d->signing);
    sealed_unmap(d->octets);
    edited_free(&d->edited);
    arena_free(&d->arena);
    free(d);
    all->count--;
    if (!all->draining)
        event_add(all->event, NULL);
    else if (all->count == 0)
        all->over(all->proxy);
}

static void tell(struct delivery *d);

static void on_again(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    tell(arg);
}

/* Until the keeper knows it is not over. */
static void tell(struct delivery *d)
{
    static const struct timeval soon = {0, TELL_AGAIN_MS * 1000L};
    if (errand_tell(d->all->sock, ERRAND_OVER, &d->errand, d->outcome, d->say)) {
        delivery_free(d);
        return;
    }
    if (!d->again)
        d->again = evtimer_new(d->all->proxy->base, on_again, d);
    if (!d->again || event_add(d->again, &soon) != 0)
        delivery_free(d); /* the keeper will doubt it, or try again if it was not begun */
}

/* Somebody has looked at it, and let it go, or said so. */
static void say_it_is_good(const struct delivery *d, enum label_how how)
{
    struct proxy *proxy = d->all->proxy;
    struct label label = {
        .class = LABEL_GOOD, .how = how, .account = SLICE(""), .reference = d->errand.reference};
    if (d->errand.copy || !labelling_wanted(proxy) ||
        EVP_Digest(d->message.ptr, d->message.len, label.message, NULL, EVP_sha256(), NULL) != 1)
        return;
    struct labelling *labelling = labelling_begin(proxy, d->message, &label);
    if (labelling)
        labelling_say(labelling);
}

static void finish(struct delivery *d, enum errand_outcome outcome, struct slice say)
{
    static const char *const words[] = {[ERRAND_DELIVERED] = "delivered",
                                        [ERRAND_LATER] = "later",
                                        [ERRAND_REFUSED] = "refused",
                                        [ERRAND_DOUBTED] = "in doubt"};
    d->outcome = outcome;
    d->say = say;
    log_at(outcome == ERRAND_DELIVERED ? LEVEL_INFO : LEVEL_WARNING, d->job.id, "released message",
           field_str("outcome", words[outcome]), field_text("to", d->errand.address),
           field_text("server", d->job.server), field_text("text", say),
           field_text("dkim_signed", d->signed_by));
    if (outcome == ERRAND_DELIVERED)
        say_it_is_good(d, LABEL_RELEASED);
    tell(d);
}

/* ---- the server's answer ---- */

static void answered(struct delivery *d, const struct backend_reply *reply)
{
    struct slice say =
        arena_printf(d->arena, "%u %.*s%s%.*s", reply->code, SLICE_ARGS(reply->enhanced),
                     reply->enhanced.len ? " " : "", SLICE_ARGS(reply->text));
    finish(d,
           reply->kind == REPLY_YES                                        ? ERRAND_DELIVERED
           : reply->kind == REPLY_RECIPIENT || reply->kind == REPLY_SENDER ? ERRAND_REFUSED
                                                                           : ERRAND_LATER,
           say.ptr ? say : SLICE("out of memory"));
}

static void done(struct smtp_job *job)
{
    struct delivery *d = job->ctx;
    if (job->outcome == JOB_IN_DOUBT)
        finish(d, ERRAND_DOUBTED, arena_copy(d->arena, slice_of(job->trouble)));
    else if (job->outcome != JOB_ANSWERED)
        finish(d, ERRAND_LATER, arena_copy(d->arena, slice_of(job->trouble)));
    else if (job->mail_reply.kind != REPLY_YES)
        answered(d, &job->mail_reply);
    else if (d->to.reply.kind != REPLY_YES)
        answered(d, &d->to.reply);
    else if (job->data_reply.kind != REPLY_YES)
        answered(d, &job->data_reply);
    else
        answered(d, &job->final_reply);
}

static bool begins(struct smtp_job *job)
{
    const struct delivery *d = job->ctx;
    return d->errand.copy ||
           errand_tell(d->all->sock, ERRAND_BEGINS, &d->errand, ERRAND_LATER, SLICE(""));
}

/* ---- what is delivered ---- */

/* What was held: the request's length, the request, the message. */
static bool read_held(struct delivery *d)
{
    struct unpack in = {.left = d->octets};
    struct slice octets = unpack_slice(&in);
    d->message = in.left;
    return !in.bad && hold_decode(octets, d->arena, &d->held);
}

/* Empty: there is none, or it is a copy. ptr NULL: out of memory. */
static struct slice mark(struct delivery *d, struct slice recipient)
{
    const struct proxy *proxy = d->all->proxy;
    char text[RELEASE_MARK_TEXT + 1];
    if (d->errand.copy || !proxy->has_mark)
        return SLICE("");
    if (!release_mark(proxy->mark, d->message, recipient, text))
        return (struct slice){NULL, 0};
    return arena_printf(d->arena, "\r\n\tmark=%s;", text);
}

static struct slice fields(struct delivery *d)
{
    struct slice recipient = spell_address(d->arena, d->errand.address);
    struct slice marked = recipient.ptr ? mark(d, recipient) : recipient;
    if (!marked.ptr)
        return marked;
    return arena_printf(d->arena, "%.*s;%.*s\r\n\t%s\r\n%.*s", SLICE_ARGS(d->errand.field),
                        SLICE_ARGS(marked), trace_date(clock_wall()), SLICE_ARGS(d->held.fields));
}

static bool edit(struct delivery *d)
{
    const struct config *config = d->all->proxy->config;
    struct slice id = config->settings.authentication_id;
    struct edit_input input = {.message = d->message,
                               .authserv_id = id.len ? id : config->hostname,
                               .trace = fields(d),
                               .dots = true};
    return input.trace.ptr && edits_assemble(d->arena, &input, &d->edited);
}

static void submit(struct delivery *d)
{
    const struct errand *e = &d->errand;
    bool leaves = d->held.outbound && !e->copy;
    d->to = (struct job_recipient){.address = e->address,
                                   .params = {.notify = e->notify, .orcpt = e->orcpt}};
    d->job = (struct smtp_job){
        .kind = JOB_DELIVER,
        .id = d->job.id,
        .backend = d->backend,
        .arena = d->arena,
        .deadline = e->deadline,
        .begins = begins,
        .done = done,
        .ctx = d,
        .sender =
            leaves ? smtp_batv_sender(d->all->proxy, d->arena, e->sender, d->message) : e->sender,
        .mail = {.utf8 = e->utf8, .ret = e->ret, .envid = e->envid},
        .eight_bit = e->eight_bit,
        .recipients = &d->to,
        .recipient_count = 1,
        .pieces = d->edited.pieces,
        .piece_count = d->edited.count,
        .size = d->edited.size};
    const struct upstream_client client = errand_client(&d->held);
    if (arena_failed(d->arena))
        finish(d, ERRAND_LATER, SLICE("out of memory"));
    else if (backend_is_original(d->backend))
        smtp_private_once(d->all->proxy->backends, &client, &d->job);
    else
        smtp_pools_submit(d->all->proxy->backends, &d->job);
}

/* It is whole, and signed. */
static void hand_over(struct delivery *d, struct slice signatures)
{
    if (edits_close(d->arena, signatures, &d->edited))
        submit(d);
    else
        finish(d, ERRAND_LATER, SLICE("out of memory"));
}

/* ---- what leaves is signed, as it would have been when it came ---- */

static void on_signed(void *ctx, const struct signed_message *result)
{
    struct delivery *d = ctx;
    struct slice why = slice_of(result->reason);
    d->signed_by = result->who;
    if (result->how == SIGNED_NOT_NOW)
        finish(d, ERRAND_LATER, ARENA_JOIN(d->arena, SLICE("it cannot be signed now: "), why));
    else if (result->how == SIGNED_NEVER)
        finish(d, ERRAND_REFUSED, SLICE("it has more header than can be signed"));
    else
        hand_over(d, result->fields);
}

static void sign(struct delivery *d)
{
    struct signed_message at_once;
    d->signing = message_signing_new(d->all->proxy, d->arena, &d->edited, d->errand.deadline);
    if (!d->signing)
        finish(d, ERRAND_LATER, SLICE("out of memory"));
    else if (!message_signing_begin(d->signing, &at_once, on_signed, d))
        on_signed(d, &at_once);
}

static bool is_signed(const struct delivery *d)
{
    return d->held.outbound && d->all->proxy->config->signing_domain_count > 0;
}

static void only_learn(struct delivery *d, bool readable)
{
    if (readable)
        say_it_is_good(d, LABEL_REPORTED);
    else
        log_at(LEVEL_ERROR, "", "a held message cannot be read",
               field_text("reference", d->errand.reference), field_str("reason", "it is none"));
    delivery_free(d);
}

static void begin(struct delivery *d, int file)
{
    struct slice why;
    d->job.id = arena_cstr(d->arena, d->errand.reference);
    d->octets = sealed_map(file, MESSAGE_MOST);
    bool readable = d->octets.ptr && read_held(d);
    if (d->errand.only_learnt)
        only_learn(d, readable);
    else if (!readable)
        finish(d, ERRAND_LATER, SLICE("what was held cannot be read"));
    else if (!(d->backend =
                   errand_backend(d->all->proxy->config, d->arena, &d->errand, &d->held, &why)))
        finish(d, ERRAND_LATER, why);
    else if (!d->job.id || !edit(d))
        finish(d, ERRAND_LATER, SLICE("out of memory"));
    else if (is_signed(d))
        sign(d);
    else
        hand_over(d, SLICE(""));
}

/* NULL: nobody waits for it any more, or there is no memory, and the keeper will try again. */
static struct delivery *delivery_new(struct errands *all, const struct ipc_message *message)
{
    struct delivery *d = calloc(1, sizeof *d);
    struct arena *arena = d ? arena_new(ARENA_MAX) : NULL;
    struct slice payload = arena ? arena_copy(arena, message->payload) : SLICE("");
    if (arena && payload.ptr && errand_unpack(payload, &d->errand) &&
        d->errand.deadline > clock_ms()) {
        d->all = all;
        d->arena = arena;
        return d;
    }
    arena_free(&arena);
    free(d);
    return NULL;
}

static void on_errand(evutil_socket_t fd, short what, void *arg)
{
    (void)what;
    struct errands *all = arg;
    struct ipc_message message;
    int got = ipc_recv(fd, &message, inbox, sizeof inbox, false);
    if (got < 0 && ipc_has_ended(fd))
        event_del(all->event); /* somebody has closed them: others come */
    if (got != 1)
        return;
    struct delivery *d = message.type == ERRAND_DELIVER && message.fd_count == 1
                             ? delivery_new(all, &message)
                             : NULL;
    if (d) {
        if (++all->count == AT_ONCE)
            event_del(all->event);
        begin(d, message.fds[0]);
    }
    ipc_close_fds(&message);
}

/* ---- */

struct errands *errands_new(struct proxy *proxy, int sock, void (*over)(struct proxy *proxy))
{
    struct errands *all = calloc(1, sizeof *all);
    if (!all)
        return NULL;
    *all = (struct errands){.proxy = proxy, .sock = -1, .over = over};
    errands_move(all, sock);
    if (all->event)
        return all;
    close(all->sock);
    free(all);
    return NULL;
}

void errands_move(struct errands *all, int sock)
{
    if (all->event)
        event_free(all->event);
    if (all->sock >= 0)
        close(all->sock);
    all->sock = sock;
    all->event = event_new(all->proxy->base, sock, EV_READ | EV_PERSIST, on_errand, all);
    if (all->event && !all->draining && all->count < AT_ONCE)
        event_add(all->event, NULL);
}

bool errands_drain(struct errands *all)
{
    all->draining = true;
    event_del(all->event);
    return all->count > 0;
}
