/* SPDX-License-Identifier: ISC */
#include "console/dkim/dkim_message.h"

#include "base/json.h"
#include "console/command.h"
#include "console/dkim/dkim_verify.h"
#include "console/message_file.h"
#include "console/terminal.h"

#include <stdio.h>
#include <unistd.h>

enum { OUT_MAX = 1024 * 1024 };

static void say(struct buf *out, const struct dkim_verdict *verdict)
{
    buf_printf(out, "%-5s ", verdict->passes ? "ok" : "WRONG");
    terminal_text(out, verdict->domain, 0);
    buf_char(out, '/');
    terminal_text(out, verdict->selector, 0);
    buf_char(out, '/');
    terminal_text(out, verdict->algorithm, 0);
    buf_printf(out, ": %s%s", verdict->result, verdict->reason.len ? ": " : "");
    terminal_text(out, verdict->reason, 0);
    buf_char(out, '\n');
}

static void member(struct buf *out, struct slice key, struct slice text)
{
    json_key(out, key);
    json_text(out, text);
}

static void say_json(struct buf *out, const struct dkim_verdict *verdict)
{
    buf_char(out, '{');
    member(out, SLICE("domain"), verdict->domain);
    member(out, SLICE("selector"), verdict->selector);
    member(out, SLICE("algorithm"), verdict->algorithm);
    member(out, SLICE("result"), slice_of(verdict->result));
    if (verdict->reason.len)
        member(out, SLICE("reason"), verdict->reason);
    buf_cstr(out, "}\n");
}

static bool say_all(const struct dkim_verdicts *verdicts, bool json)
{
    struct buf out = buf_init(OUT_MAX);
    bool all = verdicts->count > 0;
    for (size_t i = 0; i < verdicts->count; i++) {
        all = all && verdicts->each[i].passes;
        (json ? say_json : say)(&out, &verdicts->each[i]);
    }
    if (!verdicts->count && !json)
        buf_cstr(&out, "WRONG there is no DKIM signature\n");
    fwrite(buf_slice(&out).ptr, 1, buf_len(&out), stdout);
    buf_release(&out);
    return all;
}

/* NULL, or why it cannot be told. */
static const char *verify(const char *path, struct dkim_verifier *verifier, struct arena *arena,
                          struct dkim_verdicts *verdicts)
{
    struct message_file file;
    const char *fault;
    if (!message_file_read(path, verifier->config->settings.limits_message_size, &file, &fault))
        return fault;
    if (file.fd < 0)
        return "larger than the gateway takes (limits message_size)";
    fault = dkim_verify_file(verifier, file.fd, arena, verdicts);
    close(file.fd);
    return fault;
}

int dkim_message(const struct dkim_options *options, struct config *config, struct arena *arena)
{
    struct dkim_dns dns;
    struct dkim_verifier verifier;
    struct dkim_verdicts verdicts = {0};
    bool ok = false;
    if (dkim_dns_begin(&dns, options, config, arena)) {
        const char *fault = "gatepost-scan does not start";
        if (dkim_verifier_open(&verifier, config, &dns))
            fault = verify(options->message, &verifier, arena, &verdicts);
        dkim_verifier_close(&verifier);
        ok = fault ? (command_error(options->message, fault), false)
                   : say_all(&verdicts, options->json);
    }
    dkim_dns_end(&dns);
    return ok ? STATUS_FINE : STATUS_ERROR;
}
