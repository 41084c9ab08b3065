/* SPDX-License-Identifier: ISC
 * gatepostctl dkim generate: keys for a domain, and what is to be done with them. */
#include "console/command.h"
#include "console/dkim/dkim_new.h"
#include "console/dkim/dkim_options.h"

#include <stdio.h>
#include <unistd.h>

enum { ARENA_MAX = 1024 * 1024, OUT_MAX = 1024 * 1024 };

static const char synopsis[] =
    "dkim generate [--algorithm rsa | ed25519 | both] [--bits N] [--selector NAME]\n"
    "                                [--folder FOLDER] [--config FILE] [--json] DOMAIN";
static const char standard_folder[] = SYSCONFDIR "/dkim";

/* What is to be made. */
struct making {
    const struct dkim_options *options;
    const struct config *config; /* NULL: there is none */
    struct arena *arena;
    struct domain_name domain;
    struct slice folder;
    struct dkim_rows rows;
};

static bool add(struct making *making, enum dkim_algorithm algorithm)
{
    struct domain_name given;
    struct dkim_row *row = &making->rows.rows[making->rows.count];
    const struct dkim_options *options = making->options;
    const char *flaw = options->selector
                           ? domain_name_make(making->arena, slice_of(options->selector), &given)
                           : NULL;
    if (flaw)
        return command_error(options->selector, flaw), false;
    *row = (struct dkim_row){.domain = making->domain.text};
    row->selector = options->selector ? given.text
                                      : dkim_new_selector(making->config, making->arena,
                                                          making->domain.text, making->folder);
    row->path = dkim_new_path(making->arena, making->folder, making->domain.text, row->selector);
    if (!row->selector.ptr || !row->path.ptr)
        return command_error("dkim", "no selector is left in this year; name one"), false;
    if (!dkim_new_key(row, algorithm, options->bits, making->arena))
        return false;
    making->rows.count++;
    return true;
}

static bool make(struct making *making)
{
    const struct dkim_options *options = making->options;
    const char *flaw = domain_name_make(making->arena, slice_of(options->domain), &making->domain);
    if (flaw)
        return command_error(options->domain, flaw), false;
    if (options->selector && !options->has_algorithm)
        return command_error("--selector", "is one key's: say --algorithm rsa or ed25519"), false;
    if (options->has_algorithm)
        return add(making, options->algorithm);
    return add(making, DKIM_RSA_SHA256) && add(making, DKIM_ED25519_SHA256);
}

static void say(const struct making *making)
{
    struct buf out = buf_init(OUT_MAX);
    for (size_t i = 0; i < making->rows.count; i++) {
        const struct dkim_row *row = &making->rows.rows[i];
        if (making->options->json) {
            buf_char(&out, '{');
            dkim_row_json(&out, row);
            buf_cstr(&out, "}\n");
        } else {
            dkim_row_say(&out, row);
        }
    }
    if (!making->options->json && making->rows.count) {
        buf_cstr(&out, "\nPublish this, wait until it is seen (gatepostctl dkim check), and add to "
                       "the configuration:\n\n");
        dkim_rows_statement(&out, &making->rows);
        if (geteuid() != 0)
            buf_cstr(&out, "\nThe keys belong to you: chown root them, as Gatepost takes no "
                           "others'.\n");
    }
    fwrite(buf_slice(&out).ptr, 1, buf_len(&out), stdout);
    buf_release(&out);
}

static int generate(const struct dkim_options *options, struct configuration *configuration)
{
    struct dkim_row made[DKIM_ALGORITHMS];
    struct making making = {.options = options,
                            .config = configuration->config,
                            .arena = arena_new(ARENA_MAX),
                            .folder = slice_of(options->folder ? options->folder : standard_folder),
                            .rows = {made, 0}};
    if (!making.arena)
        return command_error("dkim", "out of memory");
    bool ok = make(&making);
    say(&making); /* what was made is there */
    dkim_rows_free(&making.rows);
    arena_free(&making.arena);
    return ok ? STATUS_FINE : STATUS_ERROR;
}

int command_dkim_generate(int argc, char *argv[])
{
    struct dkim_options options;
    struct configuration configuration = {0};
    if (!dkim_options_read(argc, argv, "cjsfab", &options) || !options.domain)
        return command_usage(synopsis);
    if ((options.config || configuration_standard()) &&
        !dkim_options_open(&options, &configuration))
        return STATUS_ERROR;
    int status = generate(&options, &configuration);
    configuration_close(&configuration);
    return status;
}
