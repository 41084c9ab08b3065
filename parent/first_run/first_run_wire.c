/* SPDX-License-Identifier: ISC */
#include "parent/first_run/first_run_wire.h"

#include "base/clock.h"
#include "base/process.h"
#include "base/sandbox.h"
#include "parent/first_run/first_run_talk.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char nobody[] = "nobody"; /* who listens to the server */

static _Noreturn void try_in_child(const struct answers *answers, struct slice ca_pem, int report)
{
    static struct wire_findings findings;
    const char *reason = "out of memory";
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGPIPE, SIG_IGN);
    tzset(); /* what libraries open at first use, before the doors close */
    SSL_CTX *tls = wire_tls(ca_pem);
    if (tls && process_drop(nobody, NULL, &reason) && sandbox_enter(JAIL_PROXY, NULL, &reason))
        wire_talk(answers, tls, &findings);
    else
        snprintf(findings.why, sizeof findings.why, "%s", reason);
    ssize_t written = write(report, &findings, sizeof findings);
    _exit(written == sizeof findings ? 0 : 1);
}

static const char *hear_child(int report, struct wire_findings *out)
{
    int64_t until = clock_ms() + WIRE_WHOLE;
    struct pollfd fd = {.fd = report, .events = POLLIN};
    for (;;) {
        int64_t left = until - clock_ms();
        int ready = left > 0 ? poll(&fd, 1, (int)left) : 0;
        if (ready > 0)
            return read(report, out, sizeof *out) == sizeof *out ? NULL : "what listens to it died";
        if (ready == 0 || errno != EINTR)
            return "it takes too long";
    }
}

/* The child has heard strangers: nothing that it says is believed to be whole. */
static void bound(struct wire_findings *out)
{
    char *const texts[] = {out->why,         out->greeting,    out->tls_version,
                           out->tls_trouble, out->certificate, out->distrust};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        texts[i][WIRE_TEXT - 1] = '\0';
    if (out->asked > WIRE_DOMAINS)
        out->asked = WIRE_DOMAINS;
    for (size_t i = 0; i < WIRE_DOMAINS; i++)
        out->nobody[i].text[WIRE_TEXT - 1] = out->postmaster[i].text[WIRE_TEXT - 1] = '\0';
    if (out->state > WIRE_WELL)
        out->state = WIRE_UNTRIED;
}

void wire_try(const struct answers *answers, struct slice ca_pem, struct wire_findings *out)
{
    int pair[2];
    *out = (struct wire_findings){.state = WIRE_UNTRIED, .why = "out of processes"};
    fflush(NULL);
    if (pipe2(pair, O_CLOEXEC) != 0)
        return;
    pid_t pid = fork();
    if (pid == 0)
        try_in_child(answers, ca_pem, pair[1]);
    close(pair[1]);
    if (pid > 0) {
        struct wire_findings heard;
        const char *fault = hear_child(pair[0], &heard);
        if (!fault)
            *out = heard;
        else
            snprintf(out->why, sizeof out->why, "%s", fault);
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
    }
    close(pair[0]);
    bound(out);
}
