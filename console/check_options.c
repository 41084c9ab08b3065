/* SPDX-License-Identifier: ISC */
#include "console/check_options.h"

#include "console/command.h"
#include "console/configuration.h"
#include "policy/types.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

static const struct option words[] = {
    {"json", no_argument, NULL, 'j'},
    {"batch", required_argument, NULL, 'b'},
    {"ip", required_argument, NULL, 'i'},
    {"helo", required_argument, NULL, 'h'},
    {"from", required_argument, NULL, 'f'},
    {"rcpt", required_argument, NULL, 'r'},
    {"config", required_argument, NULL, 'c'},
    {"direction", required_argument, NULL, 'd'},
    {"time", required_argument, NULL, 't'},
    {"dns", required_argument, NULL, 'D'},
    {"live", no_argument, NULL, 'l'},
    {"record-dns", required_argument, NULL, 'R'},
    {"resolver", required_argument, NULL, 's'},
    {"shipped", no_argument, NULL, 'S'},
    {NULL, 0, NULL, 0},
};

static bool take_ip(const char *text, struct envelope *envelope)
{
    return ip_parse(slice_of(text), &envelope->ip) ||
           (command_error(text, "not an IP address"), false);
}

static bool take_direction(const char *text, struct envelope *envelope)
{
    int index = enum_word_index(&enum_types[WORDS_direction], slice_of(text));
    if (index >= 0)
        envelope->direction = (enum direction)index;
    return index >= 0 ||
           (command_error(text, "expected inbound, outbound, fetch or upload"), false);
}

static bool take_time(const char *text, struct envelope *envelope)
{
    uint64_t seconds;
    envelope->has_time = slice_to_u64(slice_of(text), INT64_MAX, &seconds);
    if (envelope->has_time)
        envelope->time = (int64_t)seconds;
    return envelope->has_time || (command_error(text, "expected seconds since 1970"), false);
}

/* 192.0.2.53, 192.0.2.53:5353, 2001:db8::53, [2001:db8::53]:5353 */
bool check_options_resolver(const char *text, struct name_server *server)
{
    struct slice host = slice_of(text), port = {NULL, 0};
    uint64_t number = 53;
    size_t bracket = slice_find(host, ']'), colon = slice_find(host, ':');
    if (host.len && host.ptr[0] == '[' && bracket < host.len) {
        port = slice_from(host, bracket + 1);
        host = slice_sub(host, 1, bracket);
    } else if (colon == slice_rfind(host, ':')) {
        port = slice_from(host, colon);
        host = slice_sub(host, 0, colon);
    }
    *server = (struct name_server){0};
    bool ok = ip_parse(host, &server->ip) &&
              (!port.len || (port.ptr[0] == ':' &&
                             slice_to_u64(slice_from(port, 1), UINT16_MAX, &number) && number));
    server->port = (uint16_t)number;
    return ok || (command_error(text, "expected an address, or address:port"), false);
}

static bool take_of_envelope(int option, struct check_options *out)
{
    struct envelope *envelope = &out->envelope;
    out->has_envelope = true;
    switch (option) {
    case 'i':
        return take_ip(optarg, envelope);
    case 'd':
        return take_direction(optarg, envelope);
    case 't':
        return take_time(optarg, envelope);
    case 'h':
        envelope->helo = slice_of(optarg);
        return true;
    case 'f':
        envelope->from = envelope_address(slice_of(optarg));
        return true;
    case 'r':
        out->recipients[envelope->recipient_count++] = envelope_address(slice_of(optarg));
        return true;
    default:
        return false; /* getopt has said why */
    }
}

static bool take(int option, struct check_options *out)
{
    switch (option) {
    case 'j':
        out->json = true;
        return true;
    case 'b':
        out->batch = optarg;
        return true;
    case 'c':
        out->config = optarg;
        return true;
    case 'S':
        out->shipped = true;
        return true;
    case 'D':
        out->dns = optarg;
        return true;
    case 'l':
        out->live = true;
        return true;
    case 'R':
        out->record = optarg;
        out->live = true;
        return true;
    case 's':
        return check_options_resolver(optarg, &out->resolver);
    default:
        return take_of_envelope(option, out);
    }
}

static bool make_sense(const struct check_options *options)
{
    if (options->shipped && options->config)
        command_error("--shipped", "the shipped policy judges: --config does not go with it");
    else if (options->dns && options->live)
        command_error("--dns", "answers from a file: nothing is asked, --live does not go with it");
    else if (options->resolver.port && !options->live)
        command_error("--resolver", "nothing is asked without --live or --record-dns");
    else
        return true;
    return false;
}

bool check_options_parse(int argc, char *argv[], struct check_options *out)
{
    *out = (struct check_options){0};
    out->recipients = calloc((size_t)argc, sizeof *out->recipients);
    if (!out->recipients)
        return command_error("arguments", "out of memory"), false;
    out->envelope.recipients = out->recipients;
    for (int c; (c = getopt_long(argc, argv, "c:", words, NULL)) != -1;)
        if (!take(c, out))
            return false;
    out->files = argv + optind;
    out->file_count = (size_t)(argc - optind);
    if (!make_sense(out))
        return false;
    if (!out->config && !out->shipped)
        out->config = configuration_standard();
    return true;
}

void check_options_free(struct check_options *options)
{
    free(options->recipients);
    options->recipients = NULL;
}
