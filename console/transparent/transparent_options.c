/* SPDX-License-Identifier: ISC */
#include "console/transparent/transparent_options.h"

#include "console/command.h"
#include "console/configuration.h"

#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    STANDARD_MARK = 1,
    STANDARD_TABLE = 100,
    /* The kernel's own: default, main, local. */
    TABLE_DEFAULT = 253,
    TABLE_LOCAL = 255,
    INTERFACE_MAX = 15,
    MAC_LENGTH = 17,
    AGAIN_MAX = 1024 * 1024
};

static const struct option words[] = {
    {"config", required_argument, NULL, 'c'},
    {"bridge", required_argument, NULL, 'b'},
    {"mark", required_argument, NULL, 'm'},
    {"table", required_argument, NULL, 't'},
    {"servers", required_argument, NULL, 's'},
    {"hold", no_argument, NULL, 'h'},
    {"pass", no_argument, NULL, 'p'},
    {"check", no_argument, NULL, 'C'},
    {NULL, 0, NULL, 0},
};

static bool take_mark(const char *text, uint32_t *out)
{
    bool hex = strncmp(text, "0x", 2) == 0;
    const char *digits = hex ? text + 2 : text;
    size_t length = strlen(digits),
           fit = strspn(digits, hex ? "0123456789abcdefABCDEF" : "0123456789");
    unsigned long long number =
        length && length == fit && length <= 10 ? strtoull(digits, NULL, hex ? 16 : 10) : 0;
    *out = (uint32_t)number;
    return (number > 0 && number <= UINT32_MAX) ||
           (command_error(text, "expected a mark from 1 to 0xffffffff"), false);
}

static bool take_table(const char *text, uint32_t *out)
{
    uint64_t number = 0;
    bool ok = slice_to_u64(slice_of(text), UINT32_MAX, &number) && number > 0 &&
              (number < TABLE_DEFAULT || number > TABLE_LOCAL);
    *out = (uint32_t)number;
    return ok || (command_error(text, "expected the number of a routing table that is nobody's, "
                                      "not 0, 253, 254 or 255"),
                  false);
}

static bool take_servers(const char *text, struct arena *arena, struct networks *out)
{
    struct network network;
    if (network_parse(slice_of(text), &network))
        return networks_add(out, arena, &network) || (command_error(text, "too many"), false);
    return command_error(text, "expected an address or a network, such as 10.0.0.0/24"), false;
}

static bool is_interface(const char *name)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
    size_t length = strlen(name);
    return length > 0 && length <= INTERFACE_MAX && strspn(name, letters) == length &&
           strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

/* Of a bridge, and of nothing else. */
static bool read_mac(const char *name, char mac[static MAC_LENGTH + 1])
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "/sys/class/net/%s/bridge", name);
    if (access(path, F_OK) != 0)
        return false;
    snprintf(path, sizeof path, "/sys/class/net/%s/address", name);
    FILE *file = fopen(path, "re");
    bool ok = file && fread(mac, 1, MAC_LENGTH, file) == MAC_LENGTH;
    if (file)
        fclose(file);
    mac[MAC_LENGTH] = '\0';
    return ok && strspn(mac, "0123456789abcdef:") == MAC_LENGTH;
}

static bool take_bridge(const char *name, struct capture_options *out)
{
    out->bridge = name;
    return (is_interface(name) && read_mac(name, out->mac)) ||
           (command_error(name, "this host has no bridge of that name"), false);
}

static bool take(int option, struct arena *arena, struct transparent_options *out)
{
    switch (option) {
    case 'c':
        out->config = optarg;
        out->config_given = true;
        return true;
    case 'b':
        return take_bridge(optarg, &out->capture);
    case 'm':
        return take_mark(optarg, &out->capture.mark);
    case 't':
        return take_table(optarg, &out->capture.table);
    case 's':
        return take_servers(optarg, arena, &out->capture.servers);
    case 'h':
    case 'p':
        out->capture.pass = option == 'p';
        return true;
    case 'C':
        out->check = true;
        return true;
    default:
        return false; /* getopt has said why */
    }
}

bool transparent_options_parse(int argc, char *argv[], struct arena *arena,
                               struct transparent_options *out)
{
    *out = (struct transparent_options){.capture = {.mark = STANDARD_MARK, .table = STANDARD_TABLE},
                                        .config = configuration_standard()};
    for (int c; (c = getopt_long(argc, argv, "c:", words, NULL)) != -1;)
        if (!take(c, arena, out))
            return false;
    return optind == argc;
}

/* In quotes, if a shell would take it for something else. */
static void add_word(struct buf *out, const char *word)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_/:=@";
    bool quotes = strspn(word, plain) != strlen(word) || !*word;
    if (quotes)
        buf_char(out, '\'');
    for (; *word; word++)
        if (*word == '\'')
            buf_cstr(out, "'\\''");
        else
            buf_char(out, *word);
    if (quotes)
        buf_char(out, '\'');
}

struct slice transparent_options_again(const struct transparent_options *options,
                                       struct arena *arena)
{
    const struct capture_options *capture = &options->capture;
    struct buf out = buf_init(AGAIN_MAX);
    buf_cstr(&out, "gatepostctl transparent rules");
    if (capture->pass)
        buf_cstr(&out, " --pass");
    if (capture->bridge)
        buf_printf(&out, " --bridge %s", capture->bridge);
    if (capture->mark != STANDARD_MARK)
        buf_printf(&out, " --mark 0x%x", capture->mark);
    if (capture->table != STANDARD_TABLE)
        buf_printf(&out, " --table %u", capture->table);
    for (size_t i = 0; i < capture->servers.count; i++) {
        buf_cstr(&out, " --servers ");
        capture_network_text(&out, &capture->servers.list[i]);
    }
    if (options->config_given) {
        buf_cstr(&out, " -c ");
        add_word(&out, options->config);
    }
    buf_cstr(&out, " | sh");
    struct slice text = arena_copy(arena, buf_slice(&out));
    buf_release(&out);
    return text;
}
