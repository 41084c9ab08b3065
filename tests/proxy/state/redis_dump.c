/* SPDX-License-Identifier: ISC
 * Redis as a proxy uses it, in its jail: for test_redis.py. The first line is a JSON object
 * of settings; each further one is something to do, and has its answer, a line with the same "id",
 * when there is one. */
#include "base/ipc.h"
#include "base/log.h"
#include "base/sandbox.h"
#include "common/redis_place.h"
#include "parent/redis_introduction.h"
#include "proxy/state/redis.h"

#include <fcntl.h>
#include <jansson.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { LINE_LONGEST = 8 * 1024 * 1024, SCRIPTS_MAX = 64 };

struct asked {
    struct redis_call call;
    struct asked *next;
    long long id;
    bool over;
};

/* The same command many times, as many at once as are let through. */
struct burst {
    long long id, wanted, sent, answered, none, refused, last;
    bool in_order;
    json_t *argv;
    struct burst *next;
    struct burst_call {
        struct redis_call call;
        struct burst *burst;
    } * calls;
};

static struct event_base *base;
static struct redis *redis;
static const char *handed; /* socket that the "parent" connects to */
static const char *secret; /* of its user in a private Redis; NULL: it is another */
static struct asked *all;
static struct burst *bursts;
static struct redis_script scripts[SCRIPTS_MAX];
static size_t script_count;

static struct slice text_of(const json_t *value)
{
    return (struct slice){json_string_value(value), json_string_length(value)};
}

static struct slice text_at(const json_t *from, const char *key)
{
    return text_of(json_object_get(from, key));
}

static long long number_at(const json_t *from, const char *key)
{
    return json_integer_value(json_object_get(from, key));
}

static void print(json_t *answer)
{
    json_dumpf(answer, stdout, JSON_COMPACT);
    putchar('\n');
    fflush(stdout);
    json_decref(answer);
}

static json_t *value_of(const redisReply *reply)
{
    json_t *array;
    switch (reply->type) {
    case REDIS_REPLY_INTEGER:
        return json_integer(reply->integer);
    case REDIS_REPLY_STATUS:
    case REDIS_REPLY_STRING:
        return json_stringn_nocheck(reply->str, reply->len);
    case REDIS_REPLY_ARRAY:
        array = json_array();
        for (size_t i = 0; i < reply->elements; i++)
            json_array_append_new(array, value_of(reply->element[i]));
        return array;
    case REDIS_REPLY_NIL:
        return json_null();
    default:
        return json_string("an error came through");
    }
}

static void on_done(void *ctx, const redisReply *reply)
{
    struct asked *asked = ctx;
    asked->over = true;
    if (reply)
        print(json_pack("{sI so}", "id", asked->id, "value", value_of(reply)));
    else
        print(json_pack("{sI sb}", "id", asked->id, "none", 1));
}

static size_t slices_of(const json_t *array, struct slice *out)
{
    size_t i;
    const json_t *value;
    json_array_foreach(array, i, value)
        out[i] = text_of(value);
    return json_array_size(array);
}

static struct asked *new_asked(const json_t *task)
{
    struct asked *asked = calloc(1, sizeof *asked);
    *asked = (struct asked){.call = {.done = on_done, .ctx = asked}, .next = all};
    asked->id = number_at(task, "id");
    return all = asked;
}

static void ask(const json_t *task)
{
    struct slice argv[REDIS_WORDS_MAX];
    struct asked *asked = new_asked(task);
    size_t argc = slices_of(json_object_get(task, "argv"), argv);
    if (!redis_command(redis, &asked->call, argv, argc))
        print(json_pack("{sI sb}", "id", asked->id, "refused", 1));
}

static const struct redis_script *script_of(const json_t *text)
{
    for (size_t i = 0; i < script_count; i++)
        if (strcmp(scripts[i].text, json_string_value(text)) == 0)
            return &scripts[i];
    redis_script_init(&scripts[script_count], strdup(json_string_value(text)));
    return &scripts[script_count++];
}

static void eval(const json_t *task)
{
    struct slice keys[REDIS_WORDS_MAX], args[REDIS_WORDS_MAX];
    struct asked *asked = new_asked(task);
    size_t key_count = slices_of(json_object_get(task, "keys"), keys);
    size_t arg_count = slices_of(json_object_get(task, "args"), args);
    if (!redis_eval(redis, &asked->call, script_of(json_object_get(task, "script")), keys,
                    key_count, args, arg_count))
        print(json_pack("{sI sb}", "id", asked->id, "refused", 1));
}

static void on_burst_done(void *ctx, const redisReply *reply);

static bool burst_send(struct burst *burst, struct burst_call *one)
{
    struct slice argv[REDIS_WORDS_MAX];
    size_t argc = slices_of(burst->argv, argv);
    one->burst = burst;
    one->call = (struct redis_call){.done = on_burst_done, .ctx = one};
    return burst->sent < burst->wanted && redis_command(redis, &one->call, argv, argc) &&
           ++burst->sent;
}

static void on_burst_done(void *ctx, const redisReply *reply)
{
    struct burst_call *one = ctx;
    struct burst *burst = one->burst;
    if (reply && reply->type == REDIS_REPLY_INTEGER) {
        burst->in_order = burst->in_order && reply->integer > burst->last;
        burst->last = reply->integer;
    }
    burst->answered += reply != NULL;
    burst->none += reply == NULL;
    if (!reply && burst->sent < burst->wanted) { /* it is over: what was not sent is not */
        burst->refused += burst->wanted - burst->sent;
        burst->wanted = burst->sent;
    }
    if (burst->answered + burst->none == burst->wanted)
        print(json_pack("{sI sI sI sI sb}", "id", burst->id, "answered", burst->answered, "none",
                        burst->none, "refused", burst->refused, "in_order", burst->in_order));
    else
        burst_send(burst, one);
}

static void begin_burst(json_t *task)
{
    struct burst *burst = calloc(1, sizeof *burst);
    *burst = (struct burst){.id = number_at(task, "id"),
                            .wanted = number_at(task, "count"),
                            .in_order = true,
                            .next = bursts,
                            .argv = json_incref(json_object_get(task, "argv")),
                            .calls = calloc(REDIS_CALLS_MAX, sizeof *burst->calls)};
    bursts = burst;
    for (size_t i = 0; i < REDIS_CALLS_MAX && burst_send(burst, &burst->calls[i]);)
        i++;
    if (burst->sent == 0)
        print(json_pack("{sI sb}", "id", burst->id, "refused", 1));
}

static void cancel(const json_t *task)
{
    for (struct asked *asked = all; asked; asked = asked->next)
        if (asked->id == number_at(task, "which")) {
            redis_cancel(redis, &asked->call);
            memset(&asked->call, 0xee, sizeof asked->call); /* whoever still looks will be seen */
        }
    print(json_pack("{sI sb}", "id", number_at(task, "id"), "cancelled", 1));
}

static void tell_status(const json_t *task)
{
    struct redis_counts counts = redis_counts(redis);
    print(json_pack("{sI sb sI sI si}", "id", number_at(task, "id"), "available",
                    redis_available(redis), "calls", (json_int_t)counts.calls, "failures",
                    (json_int_t)counts.failures, "pending", (int)counts.pending));
}

static void act(json_t *task)
{
    struct slice what = text_at(task, "do");
    if (slice_eq(what, SLICE("command")))
        ask(task);
    else if (slice_eq(what, SLICE("eval")))
        eval(task);
    else if (slice_eq(what, SLICE("burst")))
        begin_burst(task);
    else if (slice_eq(what, SLICE("cancel")))
        cancel(task);
    else if (slice_eq(what, SLICE("status")))
        tell_status(task);
    else
        event_base_loopexit(base, NULL);
}

static void on_stdin(evutil_socket_t fd, short what, void *arg)
{
    (void)what;
    struct buf *in = arg;
    size_t room;
    char *to = buf_reserve(in, 65536, &room);
    ssize_t n = to ? read(fd, to, room) : 0;
    if (n <= 0) {
        event_base_loopexit(base, NULL);
        return;
    }
    buf_commit(in, (size_t)n);
    struct slice line, rest;
    while (slice_cut(buf_slice(in), '\n', &line, &rest)) {
        json_t *task = json_loadb(line.ptr, line.len, JSON_ALLOW_NUL, NULL);
        buf_consume(in, line.len + 1);
        act(task);
        json_decref(task);
    }
}

/* ---- the parent's part: the jail has no way to the socket ---- */

static int connect_to(const char *path)
{
    struct sockaddr_un peer = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    snprintf(peer.sun_path, sizeof peer.sun_path, "%s", path);
    if (connect(fd, (struct sockaddr *)&peer, sizeof peer) == 0)
        return fd;
    close(fd);
    return -1;
}

static int parent = -1;
static char room[IPC_PAYLOAD_MAX + 2];

static _Noreturn void be_the_parent(int proxy)
{
    static const struct slice nothing = {NULL, 0};
    struct ipc_message wish;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    while (ipc_recv(proxy, &wish, room, sizeof room, true) > 0) {
        int connection = connect_to(handed);
        if (connection >= 0 && secret)
            redis_introduce(connection, secret);
        ipc_send(proxy, 0, nothing, &connection, connection >= 0, true);
        close(connection);
    }
    _exit(0);
}

static bool have_a_parent(void)
{
    int pair[2];
    if (ipc_pair(pair) != 0)
        return false;
    pid_t pid = fork();
    if (pid == 0) {
        close(pair[1]);
        be_the_parent(pair[0]);
    }
    close(pair[0]);
    parent = pair[1];
    return pid > 0;
}

static void hand_over(evutil_socket_t fd, short what, void *arg)
{
    static const struct slice nothing = {NULL, 0};
    struct ipc_message answer = {.fd_count = 0};
    (void)fd, (void)what, (void)arg;
    bool told = ipc_send(parent, 0, nothing, NULL, 0, true) > 0 &&
                ipc_recv(parent, &answer, room, sizeof room, true) > 0;
    redis_connected(redis, told && answer.fd_count ? answer.fds[0] : -1);
}

static void wanted(void *ctx)
{
    (void)ctx;
    event_base_once(base, -1, EV_TIMEOUT, hand_over, NULL, &(struct timeval){0, 0});
}

/* ---- begin and end ---- */

static void name_sentinels(struct config *config, const json_t *addresses)
{
    static struct redis_sentinel sentinels[REDIS_SENTINELS_MAX];
    size_t i;
    const json_t *address;
    json_array_foreach(addresses, i, address)
        redis_address(text_of(address), &sentinels[i].ip, &sentinels[i].port);
    config->redis_sentinels = sentinels;
    config->redis_sentinel_count = json_array_size(addresses);
}

static struct redis *new_redis(const json_t *given)
{
    static struct config config;
    struct settings *settings = &config.settings;
    settings->redis_server = text_at(given, "server");
    settings->redis_socket = text_at(given, "socket");
    settings->redis_user = text_at(given, "user");
    settings->redis_tls_name = text_at(given, "tls_name");
    settings->redis_database = (unsigned)number_at(given, "database");
    settings->redis_timeout = number_at(given, "timeout");
    settings->redis_retry = number_at(given, "retry");
    handed = json_string_value(json_object_get(given, "socket"));
    secret = json_string_value(json_object_get(given, "secret"));
    if (secret) /* it is the private one that has no place of its own */
        settings->redis_socket = SLICE("");
    const struct redis_files files = {text_at(given, "ca"), text_at(given, "password"),
                                      text_at(given, "sentinel_password")};
    settings->redis_master = text_at(given, "master");
    settings->redis_sentinel_user = text_at(given, "sentinel_user");
    name_sentinels(&config, json_object_get(given, "sentinels"));
    return redis_new(base, &config, &files, &(struct redis_owner){.wanted = wanted});
}

static void forget_all(void)
{
    for (struct asked *asked = all; asked; asked = all) {
        all = asked->next;
        free(asked);
    }
    for (struct burst *burst = bursts; burst; burst = bursts) {
        bursts = burst->next;
        json_decref(burst->argv);
        free(burst->calls);
        free(burst);
    }
    for (size_t i = 0; i < script_count; i++)
        free((void *)(uintptr_t)scripts[i].text);
}

int main(void)
{
    char *line = NULL;
    size_t size = 0;
    struct buf in = buf_init(LINE_LONGEST);
    signal(SIGPIPE, SIG_IGN);
    setvbuf(stdin, NULL, _IONBF, 0); /* what follows the first line is read by the loop */
    log_open("redis_dump", SINK_STDERR, LEVEL_DEBUG);
    json_t *given = getline(&line, &size, stdin) > 0 ? json_loads(line, 0, NULL) : NULL;
    OPENSSL_init_ssl(0, NULL); /* what opens files must be done before the jail */
    tzset();
    base = event_base_new();
    redis = new_redis(given);
    const char *reason;
    if (!redis || !have_a_parent() || !sandbox_enter(JAIL_PROXY, NULL, &reason)) {
        fputs("it cannot start\n", stderr);
        return 1;
    }
    struct event *input = event_new(base, STDIN_FILENO, EV_READ | EV_PERSIST, on_stdin, &in);
    event_add(input, NULL);
    event_base_dispatch(base);
    redis_free(&redis);
    event_free(input);
    event_base_free(base);
    buf_release(&in);
    forget_all();
    json_decref(given);
    free(line);
    return 0;
}
