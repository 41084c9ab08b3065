/* SPDX-License-Identifier: ISC
 * gatepostctl transparent rules: what leads connections to transparent listeners; --check: whether this host has it. */
#include "console/command.h"
#include "console/configuration.h"
#include "console/transparent/capture_script.h"
#include "console/transparent/host_missing.h"
#include "console/transparent/transparent_options.h"

#include <stdio.h>
#include <unistd.h>

enum { SCRIPT_MAX = 16 * 1024 * 1024, ARENA_MAX = 64 * 1024 * 1024 };

static const char synopsis[] =
    "transparent rules [--check] [--hold | --pass] [--bridge NAME] [--servers NETWORK]...\n"
    "                         [--mark N] [--table N] [-c FILE]";

/* All that is known of what is to be done. */
struct work {
    struct arena *arena;
    struct transparent_options options;
    struct capture_plan plan;
    struct capture_rules rules;
};

static bool write_out(const struct buf *out)
{
    struct slice text = buf_slice(out);
    if (out->failed || fwrite(text.ptr, 1, text.len, stdout) != text.len || fflush(stdout) != 0)
        return command_error("output", out->failed ? "too long" : "cannot be written"), false;
    return true;
}

static int print_script(const struct work *work)
{
    struct buf out = buf_init(SCRIPT_MAX);
    capture_script(&out, &work->plan, &work->rules, &work->options.capture);
    bool ok = write_out(&out);
    buf_release(&out);
    return ok ? STATUS_FINE : STATUS_ERROR;
}

static int check_host(const struct work *work)
{
    if (geteuid() != 0) {
        command_error("--check", "only root can see what nftables has");
        return STATUS_UNSURE;
    }
    struct buf missing = buf_init(SCRIPT_MAX);
    struct host_check check = {.plan = &work->plan,
                               .rules = &work->rules,
                               .options = &work->options.capture,
                               .again = transparent_options_again(&work->options, work->arena),
                               .missing = &missing};
    host_check_sysctls(&check);
    host_check_routes(&check);
    host_check_nft(&check);
    if (!check.count && !check.unseen)
        buf_cstr(&missing, "nothing is missing\n");
    bool ok = write_out(&missing);
    buf_release(&missing);
    return !ok || check.count ? STATUS_ERROR : check.unseen ? STATUS_UNSURE : STATUS_FINE;
}

static int work_on(struct work *work, const struct config *config)
{
    struct slice why;
    if (!capture_plan_make(config, &work->options.capture.servers, work->arena, &work->plan,
                           &why)) {
        fprintf(stderr, "gatepostctl: %.*s\n", SLICE_ARGS(why));
        return STATUS_ERROR;
    }
    if (work->plan.count == 0)
        return command_error("transparent rules",
                             "no listener is transparent, or none has servers to lead to");
    if (!capture_rules_make(&work->plan, &work->options.capture, work->arena, &work->rules))
        return command_error("transparent rules", "out of memory");
    return work->options.check ? check_host(work) : print_script(work);
}

int command_transparent_rules(int argc, char *argv[])
{
    struct work work = {.arena = arena_new(ARENA_MAX)};
    struct configuration configuration;
    int status = STATUS_ERROR;
    if (!work.arena)
        return command_error("transparent rules", "out of memory");
    if (!transparent_options_parse(argc, argv, work.arena, &work.options)) {
        command_usage(synopsis);
    } else if (configuration_open(work.options.config, &configuration)) {
        status = work_on(&work, configuration.config);
        configuration_close(&configuration);
    }
    arena_free(&work.arena);
    return status;
}
