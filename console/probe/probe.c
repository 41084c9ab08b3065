/* SPDX-License-Identifier: ISC
 * gatepostctl probe: the servers with mailboxes, before users meet them. */
#include "console/probe/probe.h"

#include "console/command.h"
#include "console/configuration.h"
#include "console/password.h"

#include <curl/curl.h>
#include <getopt.h>
#include <openssl/crypto.h>
#include <stdio.h>

enum { ARENA_MAX = 1024 * 1024 };

static const char synopsis[] = "probe [--user USER] [--json] [--config FILE] [BACKEND]";

struct probing {
    const char *path, *user, *name;
    bool json;
    char password[PROBE_SECRET_MAX];
    enum probe_status status;
};

static int refuse(int said)
{
    (void)said;
    return PROBE_NOT_REACHED;
}

static bool is_line(const char *text)
{
    bool fits = slice_of(text).len < PROBE_SECRET_MAX && *text;
    for (; *text; text++)
        fits &= (unsigned char)*text >= 0x20 && *text != 0x7f;
    return fits;
}

static bool read_options(struct probing *probing, int argc, char *argv[])
{
    static const struct option options[] = {{"config", required_argument, NULL, 'c'},
                                            {"user", required_argument, NULL, 'u'},
                                            {"json", no_argument, NULL, 'j'},
                                            {NULL, 0, NULL, 0}};
    probing->path = configuration_standard();
    for (int c; (c = getopt_long(argc, argv, "c:", options, NULL)) != -1;) {
        if (c == 'c')
            probing->path = optarg;
        else if (c == 'u' && is_line(optarg))
            probing->user = optarg;
        else if (c == 'j')
            probing->json = true;
        else
            return false;
    }
    if (optind < argc)
        probing->name = argv[optind++];
    return optind == argc;
}

/* ---- which ---- */

/* Where an `original` is only a client on his way there knows. */
static bool reads(const struct server *server)
{
    return server->protocol != PROTOCOL_SMTP && !server->original;
}

static bool is_meant(const struct probing *probing, const struct backend *backend)
{
    bool is_one = false;
    for (size_t i = 0; i < backend->server_count; i++)
        is_one |= reads(&backend->servers[i]);
    return is_one && (!probing->name || slice_eq(backend->name, slice_of(probing->name)));
}

static unsigned count_meant(const struct probing *probing, const struct config *config)
{
    unsigned count = 0;
    for (size_t i = 0; i < config->backend_count; i++)
        count += is_meant(probing, &config->backends[i]);
    return count;
}

/* ---- asked ---- */

static void probe_server(struct probing *probing, const struct config *config,
                         const struct backend *backend, const struct server *server)
{
    struct probe probe = {.config = config,
                          .backend = backend,
                          .server = server,
                          .arena = arena_new(ARENA_MAX),
                          .user = probing->user,
                          .password = probing->password};
    if (!probe.arena)
        return;
    if (probe_survey(&probe) && probe.user)
        probe_mailbox(&probe);
    (probing->json ? probe_json : probe_words)(&probe);
    if (probing->status < probe.status)
        probing->status = probe.status;
    arena_free(&probe.arena);
}

static void probe_all(struct probing *probing, const struct config *config)
{
    for (size_t b = 0; b < config->backend_count; b++) {
        const struct backend *backend = &config->backends[b];
        for (size_t s = 0; s < backend->server_count; s++)
            if (is_meant(probing, backend) && reads(&backend->servers[s]))
                probe_server(probing, config, backend, &backend->servers[s]);
    }
}

static int probe_configured(struct probing *probing, const struct config *config)
{
    unsigned meant = count_meant(probing, config);
    if (meant == 0)
        return refuse(command_error(probing->name ? probing->name : "the configuration",
                                    "no backend with a pop3 or imap server"));
    if (probing->user && meant > 1)
        return refuse(command_error("--user", "of which backend? There are several, and the "
                                              "password is nothing for the others"));
    if (probing->user && !password_read("Password", probing->password, sizeof probing->password))
        return PROBE_NOT_REACHED;
    curl_global_init(CURL_GLOBAL_DEFAULT);
    probe_all(probing, config);
    curl_global_cleanup();
    OPENSSL_cleanse(probing->password, sizeof probing->password);
    return (int)probing->status;
}

int command_probe(int argc, char *argv[])
{
    struct probing probing = {.status = PROBE_WELL};
    struct configuration configuration;
    if (!read_options(&probing, argc, argv))
        return refuse(command_usage(synopsis));
    if (!configuration_open(probing.path, &configuration))
        return PROBE_NOT_REACHED;
    int status = probe_configured(&probing, configuration.config);
    configuration_close(&configuration);
    return status;
}
