/* SPDX-License-Identifier: ISC
 * What libspf2 says: for test_spf_peer.py. Reads JSON lines {"dns": as in a DNS file, "ip",
 * "helo", "from"}; answers a line each, {"result"}. No network: the zone stands in its zone layer.
 * Each line is a child of its own, since it may crash or run on. */
#include "console/dns_file.h"

#include <netdb.h>
#include <netinet/in.h>
#include <spf2/spf.h>
#include <spf2/spf_dns_zone.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ARENA_MAX = 16 * 1024 * 1024, SECONDS_MAX = 5 };

struct zone {
    struct arena *arena;
    SPF_dns_server_t *server;
};

static ns_type peer_type(enum dns_type type)
{
    switch (type) {
    case DNS_A:
        return ns_t_a;
    case DNS_AAAA:
        return ns_t_aaaa;
    case DNS_MX:
        return ns_t_mx;
    case DNS_PTR:
        return ns_t_ptr;
    default:
        return ns_t_txt;
    }
}

static SPF_dns_stat_t peer_status(enum dns_status status)
{
    switch (status) {
    case DNS_FOUND:
        return NETDB_SUCCESS;
    case DNS_NO_DATA:
        return NO_DATA;
    case DNS_NO_NAME:
        return HOST_NOT_FOUND;
    default:
        return TRY_AGAIN;
    }
}

static const char *peer_text(struct zone *zone, enum dns_type type, const struct dns_record *record)
{
    char ip[46];
    struct slice text = record->text;
    if (type == DNS_A || type == DNS_AAAA) {
        ip_text(&record->ip, ip);
        text = slice_of(ip);
    }
    return arena_cstr(zone->arena, text);
}

static void add(void *context, struct slice name, enum dns_type type,
                const struct dns_answer *answer)
{
    struct zone *zone = context;
    if (type == DNS_CNAME) /* followed already, and its zones know none */
        return;
    const char *owner = arena_cstr(zone->arena, name);
    SPF_dns_stat_t status = peer_status(answer->status);
    if (answer->status != DNS_FOUND)
        SPF_dns_zone_add_str(zone->server, owner, peer_type(type), status, NULL);
    for (size_t i = 0; answer->status == DNS_FOUND && i < answer->count; i++)
        SPF_dns_zone_add_str(zone->server, owner, peer_type(type), status,
                             peer_text(zone, type, &answer->records[i]));
}

static const char *text_of(const json_t *test, const char *member)
{
    const char *text = json_string_value(json_object_get(test, member));
    return text ? text : "";
}

/* It has no results for errors: it fails with one. */
static const char *result_of(SPF_response_t *response, SPF_errcode_t error)
{
    SPF_result_t result = response ? SPF_response_result(response) : SPF_RESULT_INVALID;
    if (result != SPF_RESULT_INVALID)
        return SPF_strresult(result);
    return error == SPF_E_DNS_ERROR ? "temperror" : "permerror";
}

static const char *judge(const json_t *test, struct zone *zone)
{
    SPF_response_t *response = NULL;
    SPF_server_t *server = SPF_server_new_dns(zone->server, 0);
    SPF_request_t *request = SPF_request_new(server);
    const char *ip = text_of(test, "ip"), *from = text_of(test, "from");
    SPF_server_set_rec_dom(server, "receiver.example");
    if (strchr(ip, ':'))
        SPF_request_set_ipv6_str(request, ip);
    else
        SPF_request_set_ipv4_str(request, ip);
    SPF_request_set_helo_dom(request, text_of(test, "helo"));
    if (*from)
        SPF_request_set_env_from(request, from);
    SPF_errcode_t error = SPF_request_query_mailfrom(request, &response);
    return result_of(response, error);
}

static int evaluate(const json_t *test)
{
    const char *error = "out of memory";
    struct zone zone = {.arena = arena_new(ARENA_MAX)};
    struct dns_answers *table = dns_file_load(zone.arena, json_object_get(test, "dns"), &error);
    if (!table) {
        printf("{\"result\": \"%s\"}\n", error);
        return 0;
    }
    zone.server = SPF_dns_zone_new(NULL, "test", 0);
    dns_answers_each(table, add, &zone);
    printf("{\"result\": \"%s\"}\n", judge(test, &zone));
    return fflush(stdout);
}

static void limit(int resource, rlim_t most)
{
    setrlimit(resource, &(struct rlimit){most, most});
}

static void in_a_child(const json_t *test)
{
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        limit(RLIMIT_CPU, SECONDS_MAX);
        limit(RLIMIT_CORE, 0);
        close(STDERR_FILENO); /* its opinions */
        _exit(evaluate(test));
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        exit(1);
    if (!WIFEXITED(status))
        printf("{\"result\": \"%s\"}\n", strsignal(WTERMSIG(status)));
    fflush(stdout);
}

int main(void)
{
    char *line = NULL;
    size_t size = 0;
    ssize_t len;
    while ((len = getline(&line, &size, stdin)) > 0) {
        json_t *test = json_loadb(line, (size_t)len, JSON_ALLOW_NUL, NULL);
        if (!test)
            return 1;
        in_a_child(test);
        json_decref(test);
    }
    free(line);
    return 0;
}
