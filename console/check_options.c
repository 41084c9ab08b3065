/* SPDX-License-Identifier: ISC */
#include "console/check_options.h"

#include "console/command.h"
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
    {NULL, 0, NULL, 0},
};

/* With or without <>, as people write it. */
static struct slice address(const char *text)
{
    struct slice s = slice_of(text);
    if (s.len >= 2 && s.ptr[0] == '<' && s.ptr[s.len - 1] == '>')
        s = slice_sub(s, 1, s.len - 1);
    return s;
}

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
    return index >= 0 || (command_error(text, "expected inbound or outbound"), false);
}

static bool take(int option, struct check_options *out)
{
    struct envelope *envelope = &out->envelope;
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
    case 'i':
        return take_ip(optarg, envelope);
    case 'd':
        return take_direction(optarg, envelope);
    case 'h':
        envelope->helo = slice_of(optarg);
        return true;
    case 'f':
        envelope->from = address(optarg);
        return true;
    case 'r':
        out->recipients[envelope->recipient_count++] = address(optarg);
        return true;
    default:
        return false; /* getopt has said why */
    }
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
    return true;
}

void check_options_free(struct check_options *options)
{
    free(options->recipients);
    options->recipients = NULL;
}
