/* SPDX-License-Identifier: ISC
 * gatepostctl check: the whole pipeline on files. */
#include "console/command.h"
#include "console/report.h"
#include "console/report_json.h"
#include "console/run.h"

static int check(const struct check_options *options)
{
    bool messages = options->file_count > 0;
    if (options->batch ? messages : !messages && !options->has_envelope)
        return command_usage("check [--json] [--ip ADDRESS] [--helo NAME] [--from ADDRESS] "
                             "[--rcpt ADDRESS]...\n"
                             "           [--direction WORD] [--time SECONDS]\n"
                             "           [--dns FILE | [--live] [--record-dns FILE] "
                             "[--resolver ADDRESS[:PORT]]]\n"
                             "           [--config FILE | --shipped] [MESSAGE... | --batch FILE]");
    return run_messages(options, options->json || options->batch ? report_json : report_human);
}

int command_check(int argc, char *argv[])
{
    struct check_options options;
    int status = STATUS_ERROR;
    if (check_options_parse(argc, argv, &options))
        status = check(&options);
    check_options_free(&options);
    return status;
}
