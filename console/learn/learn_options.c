/* SPDX-License-Identifier: ISC */
#include "console/learn/learn_options.h"

#include <getopt.h>
#include <stdlib.h>

enum { A_PATH = 1 /* as getopt calls what is no option */ };

static const struct option words[] = {ASKING_OPTIONS,
                                      {"ham", required_argument, NULL, 'h'},
                                      {"spam", required_argument, NULL, 's'},
                                      {"password-file", required_argument, NULL, 'p'},
                                      {NULL, 0, NULL, 0}};

struct sorting {
    struct learn_options *out;
    bool has_class;
    enum label_class class; /* of what comes now */
};

static bool take_path(struct sorting *sorting, const char *name)
{
    if (!sorting->has_class)
        return false;
    sorting->out->paths[sorting->out->count++] = (struct learn_path){name, sorting->class};
    return true;
}

static bool take(struct sorting *sorting, int letter)
{
    switch (letter) {
    case 'h':
    case 's':
        sorting->has_class = true;
        sorting->class = letter == 's' ? LABEL_SPAM : LABEL_GOOD;
        return take_path(sorting, optarg);
    case 'p':
        sorting->out->password_file = optarg;
        return true;
    case A_PATH:
        return take_path(sorting, optarg);
    default:
        return asking_option(&sorting->out->asking, letter);
    }
}

bool learn_options_parse(int argc, char *argv[], struct learn_options *out)
{
    struct sorting sorting = {.out = out};
    *out = (struct learn_options){.paths = calloc((size_t)argc + 1, sizeof *out->paths)};
    if (!out->paths)
        return false;
    for (int c; (c = getopt_long(argc, argv, "-" ASKING_LETTERS, words, NULL)) != -1;)
        if (!take(&sorting, c))
            return false;
    while (optind < argc) /* behind "--" */
        if (!take_path(&sorting, argv[optind++]))
            return false;
    return out->count > 0;
}

void learn_options_free(struct learn_options *options)
{
    free(options->paths);
    options->paths = NULL;
}
