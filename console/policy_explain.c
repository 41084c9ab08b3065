/* SPDX-License-Identifier: ISC
 * gatepostctl policy explain: each rule over the facts of a message, and what decided it. */
#include "console/command.h"
#include "console/configuration.h"
#include "console/run.h"
#include "console/terminal.h"
#include "policy/explain.h"

enum { EXPLANATION_MAX = 16 * 1024 * 1024 };

static void print(struct buf *out, const struct configuration *by, const struct trial *e)
{
    terminal_text(out, e->name, 0);
    buf_cstr(out, ":\n");
    if (e->error) {
        buf_cstr(out, "error: ");
        terminal_text(out, slice_of(e->error), 0);
        buf_char(out, '\n');
        return;
    }
    struct buf text = buf_init(EXPLANATION_MAX);
    if (!policy_explain(by->config->policy, &e->facts, PHASE_MESSAGE, e->arena, &text))
        out->failed = true;
    for (struct slice rest = buf_slice(&text), line; rest.len;) {
        slice_cut(rest, '\n', &line, &rest);
        terminal_text(out, line, 0);
        buf_char(out, '\n');
    }
    buf_release(&text);
}

int command_policy_explain(int argc, char *argv[])
{
    struct check_options options;
    int status = STATUS_ERROR;
    if (check_options_parse(argc, argv, &options)) {
        if (options.file_count == 0 || options.batch || options.json)
            status = command_usage("policy explain [--ip ADDRESS] [--helo NAME] [--from ADDRESS] "
                                   "[--rcpt ADDRESS]...\n"
                                   "           [--direction WORD] [--time SECONDS]\n"
                                   "           [--dns FILE | [--live] [--record-dns FILE] "
                                   "[--resolver ADDRESS[:PORT]]]\n"
                                   "           [-c FILE | --shipped] MESSAGE...");
        else
            status = run_messages(&options, print);
    }
    check_options_free(&options);
    return status;
}
