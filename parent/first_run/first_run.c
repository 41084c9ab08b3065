/* SPDX-License-Identifier: ISC */
#include "parent/first_run/first_run.h"

#include "parent/first_run/first_run_ask.h"
#include "parent/first_run/first_run_file.h"
#include "parent/first_run/first_run_options.h"
#include "parent/first_run/first_run_text.h"
#include "parent/first_run/first_run_words.h"
#include "parent/parent_load.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ARENA_MAX = 1 << 20, TEXT_MAX = 128 * 1024, REPORT_MAX = 256 * 1024, EXIT_WRONG = 2 };

struct first_run {
    struct first_options options;
    struct answers answers;
    const char *machine; /* its name */
    bool asks;           /* somebody is there */
    struct wire_findings findings;
    struct draft draft;
};

static int complain(const char *fault)
{
    fflush(stdout); /* what was said before it comes before it */
    fprintf(stderr, "gatepost: %s\n", fault);
    return EXIT_FAILURE;
}

/* ---- what must be known ---- */

static void list_missing(const struct answers *answers)
{
    fputs("gatepost: there is no terminal to ask on, and these options are missing:\n", stderr);
    for (int topic = 0; topic < TOPIC_COUNT; topic++) {
        const struct topic_words *words = topic_words((enum topic)topic);
        if (answer_wanted(answers, (enum topic)topic))
            fprintf(stderr, "  --%s %s  %s\n", words->option, words->value, words->meaning);
    }
}

static bool all_known(const struct answers *answers)
{
    for (int topic = 0; topic < TOPIC_COUNT; topic++)
        if (answer_wanted(answers, (enum topic)topic))
            return false;
    return true;
}

static const char *standard_of(const struct first_run *run, enum topic topic)
{
    switch (topic) {
    case TOPIC_HOSTNAME:
        return strchr(run->machine, '.') ? run->machine : NULL;
    case TOPIC_TLS:
        return "opportunistic";
    case TOPIC_RECIPIENTS:
        return wire_knows_recipients(&run->findings) ? "ask" : NULL;
    default:
        return NULL;
    }
}

/* Those from `first` to `last` that are not known yet. */
static bool ask_for(struct first_run *run, enum topic first, enum topic last)
{
    for (enum topic topic = first; topic <= last; topic++) {
        bool open = answer_wanted(&run->answers, topic) ||
                    (topic == TOPIC_TLS && !run->answers.given[TOPIC_TLS]);
        if (open && run->asks && !ask_topic(&run->answers, topic, standard_of(run, topic)))
            return false;
    }
    return true;
}

static void say_names(const struct answers *answers)
{
    fputs("Mail is accepted for", stdout);
    for (size_t i = 0; i < answers->domain_count; i++)
        printf("%s %.*s", i ? "," : "", SLICE_ARGS(answers->domains[i]));
    puts("; what is for others is refused.");
    if (answers->chain.len == 0)
        puts("Without a certificate mail comes in in clear: no STARTTLS is offered.");
}

/* ---- the server ---- */

static void read_trusted(struct bundle *bundle, struct slice *pem)
{
    const char *reason;
    *pem = (struct slice){NULL, 0};
    bundle_read(bundle, SLICE("/etc/ssl/certs/ca-certificates.crt"), pem, &reason);
}

static void advise(const struct first_run *run)
{
    const struct answers *answers = &run->answers;
    if (wire_accepts_any(&run->findings) &&
        !(answers->given[TOPIC_RECIPIENTS] && answers->from == FROM_FILE))
        wire_advice(stdout);
    else if (wire_knows_recipients(&run->findings) &&
             !(answers->given[TOPIC_RECIPIENTS] && answers->from != FROM_NOWHERE))
        puts("So it can be asked at RCPT who exists (--recipients ask).");
}

/* False: it does not work, and is not wanted so. */
static bool check_wire(struct first_run *run)
{
    struct slice pem;
    struct bundle *bundle = run->options.unchecked ? NULL : bundle_new();
    if (!bundle)
        return true;
    printf("Asking %.*s ...\n", SLICE_ARGS(run->answers.server));
    read_trusted(bundle, &pem);
    wire_try(&run->answers, pem, &run->findings);
    bundle_free(&bundle);
    wire_words(&run->answers, &run->findings, stdout);
    advise(run);
    if (run->findings.state == WIRE_WELL ||
        (run->asks && ask_yes("Write the configuration all the same")))
        return true;
    if (!run->asks)
        complain("nothing is written; --unchecked writes without asking the server");
    return false;
}

/* ---- the configuration ---- */

static bool find_file(const char *folder, const char *name, struct answers *answers, bool beside,
                      struct slice *out)
{
    struct slice path = arena_printf(answers->arena, "%s/%s", folder, name);
    if (!path.ptr || access(path.ptr, R_OK) != 0)
        return false;
    *out = beside ? slice_of(name) : path;
    return true;
}

/* Beside the configuration, or where they were installed. */
static bool find_policy(struct first_run *run, struct first_policy *out)
{
    struct answers *answers = &run->answers;
    struct slice place = slice_of(run->options.path);
    size_t slash = slice_rfind(place, '/');
    struct slice above = slash < place.len ? slice_sub(place, 0, slash) : SLICE(".");
    const char *folder = arena_cstr(answers->arena, above);
    *out = (struct first_policy){.blocklists = {NULL, 0}};
    if (!folder)
        return false;
    bool beside = find_file(folder, "policy.conf", answers, true, &out->policy);
    const char *from = beside ? folder : SYSCONFDIR;
    if (!beside && !find_file(from, "policy.conf", answers, false, &out->policy))
        return false;
    find_file(from, "blocklists.conf", answers, beside, &out->blocklists);
    return true;
}

/* Of the file that is to be, whatever the draft is called. */
static void print_report(const struct draft *draft, struct slice report)
{
    struct slice name = slice_of(draft->path);
    fflush(stdout);
    while (report.len > 0) {
        size_t at = name.len ? slice_search(report, name) : report.len;
        fwrite(report.ptr, 1, at, stderr);
        if (at < report.len)
            fputs(draft->place, stderr);
        report = slice_from(report, at < report.len ? at + name.len : at);
    }
}

/* Without them mail with attachments is put off. */
static bool has_signatures(const struct config *config)
{
    char folder[PATH_MAX];
    bool found = !config->settings.antivirus_enabled;
    DIR *dir = slice_to_path(config->settings.antivirus_database, folder) ? opendir(folder) : NULL;
    for (const struct dirent *entry; dir && !found && (entry = readdir(dir));)
        found = entry->d_name[0] != '.';
    if (dir)
        closedir(dir);
    return found;
}

static void say_what_is_next(const struct first_run *run, bool has_antivirus)
{
    const struct answers *answers = &run->answers;
    bool standard = strcmp(run->options.path, SYSCONFDIR "/gatepost.conf") == 0;
    printf("%s is written.\nNext:\n", run->options.path);
    if (!has_antivirus)
        puts("  apt install clamav-freshclam    # and let it run once: without signatures mail is "
             "put off (451)");
    if (standard)
        puts("  systemctl enable --now gatepost\n  gatepostctl status");
    else
        printf("  gatepost -c %s\n  gatepostctl status --config %s\n", run->options.path,
               run->options.path);
    printf("Then let port 25 of the firewall point here, and the MX record of each domain name "
           "%.*s.\n",
           SLICE_ARGS(answers->hostname));
}

/* What gatepost -n would say of it; a policy whose tests fail is none to begin with. */
static bool passes(struct first_run *run, bool *has_antivirus)
{
    struct buf report = buf_init(REPORT_MAX);
    struct loaded loaded = {0};
    bool good = loaded_read(&loaded, run->draft.path, slice_of(run->machine),
                            &(struct succession){.before = NULL}, &report) &&
                loaded.failed_tests == 0;
    if (good)
        *has_antivirus = has_signatures(loaded.config);
    print_report(&run->draft, buf_slice(&report));
    buf_release(&report);
    loaded_free(&loaded);
    return good;
}

static int write_configuration(struct first_run *run)
{
    struct first_policy policy;
    bool has_antivirus = false;
    if (!find_policy(run, &policy))
        return complain("there is no policy.conf beside the configuration, nor in " SYSCONFDIR
                        ": install Gatepost first");
    struct buf text = buf_init(TEXT_MAX);
    first_text(&run->answers, &policy, &text);
    const char *fault =
        text.failed ? "the configuration is too large" : draft_write(&run->draft, buf_slice(&text));
    buf_release(&text);
    if (fault)
        return complain(fault);
    if (!passes(run, &has_antivirus))
        return complain("nothing is written, because of the errors above");
    if ((fault = draft_place(&run->draft)))
        return complain(fault);
    say_what_is_next(run, has_antivirus);
    return EXIT_SUCCESS;
}

/* ---- all of it ---- */

static int run_all(struct first_run *run)
{
    if (!ask_for(run, TOPIC_HOSTNAME, TOPIC_TLS) || !check_wire(run) ||
        !ask_for(run, TOPIC_CERTIFICATE, TOPIC_RECIPIENTS))
        return EXIT_FAILURE;
    say_names(&run->answers);
    return write_configuration(run);
}

int first_run(int argc, char *const argv[], const char *hostname)
{
    static struct first_run run;
    run = (struct first_run){
        .machine = hostname,
        .answers = {.arena = arena_new(ARENA_MAX), .tls = BACKEND_TLS_OPPORTUNISTIC}};
    struct answers *answers = &run.answers;
    if (!answers->arena)
        return complain(strerror(ENOMEM));
    if (!first_options_take(argc, argv, &run.options, answers))
        return EXIT_WRONG;
    run.asks = ask_can();
    const char *fault = draft_look(&run.draft, run.options.path, run.options.force);
    if (fault)
        return complain(fault);
    if (!run.asks && answer_wanted(answers, TOPIC_HOSTNAME) && strchr(hostname, '.'))
        answer_take(answers, TOPIC_HOSTNAME, hostname);
    if (!run.asks && !all_known(answers)) {
        list_missing(answers);
        return EXIT_WRONG;
    }
    int status = run_all(&run);
    draft_drop(&run.draft);
    arena_free(&answers->arena);
    return status;
}
