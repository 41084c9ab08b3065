/* SPDX-License-Identifier: ISC
 * Addresses in it are others' words: they stand for themselves, and in no command that somebody may copy. */
#include "proxy/smtp/smtp_notice_text.h"

#include "base/clock.h"
#include "proxy/smtp/encode.h"
#include "proxy/smtp/smtp_transaction.h"
#include "proxy/smtp/trace.h"

enum { TEXT_MAX = 64 * 1024, NUMBER_MAX = 32 };

static struct slice rule_of(const struct smtp_session *s, const struct notice *notice)
{
    return policy_rule_info(s->base.proxy->config->policy, notice->rule).name;
}

static const struct value *fact_of(const struct smtp_session *s, enum fact fact)
{
    return &s->t->message.facts.fact[fact];
}

static void row(struct buf *out, const char *label, struct slice text)
{
    buf_printf(out, "  %-34s %.*s\r\n", label, SLICE_ARGS(text));
}

/* Nothing where it is not known. */
static void number_row(struct buf *out, const struct smtp_session *s, enum fact fact,
                       const char *label)
{
    const struct value *value = fact_of(s, fact);
    char text[NUMBER_MAX];
    if (value->state != VALUE_KNOWN)
        return;
    int len = snprintf(text, sizeof text, "%.10g", value->number);
    row(out, label, (struct slice){text, (size_t)len});
}

static void place_row(struct buf *out, const struct smtp_session *s, enum fact fact,
                      const char *label)
{
    const struct value *value = fact_of(s, fact);
    if (value->state == VALUE_KNOWN)
        row(out, label, value->truth ? SLICE("yes") : SLICE("no"));
}

static void say_account(struct buf *out, const struct smtp_session *s)
{
    number_row(out, s, FACT_ACCOUNT_RECIPIENTS_HOUR, "recipients within the last hour");
    number_row(out, s, FACT_ACCOUNT_USUAL_HOUR, "most in an hour of the last weeks");
    number_row(out, s, FACT_ACCOUNT_NEW_RECIPIENTS, "% of them new to the account");
    number_row(out, s, FACT_ACCOUNT_REFUSED_RECIPIENTS, "% of them refused over there");
    number_row(out, s, FACT_ACCOUNT_SAME_TEXT, "recipients of this text");
    place_row(out, s, FACT_ACCOUNT_NEW_NETWORK, "from a new network");
    place_row(out, s, FACT_ACCOUNT_NEW_COUNTRY, "from a new country");
}

static void say_message(struct buf *out, const struct smtp_session *s, struct slice rule)
{
    const struct value *account = fact_of(s, FACT_ACCOUNT_NAME);
    char client[46];
    ip_text(&s->base.client, client);
    row(out, "rule", rule);
    if (account->state == VALUE_KNOWN)
        row(out, "account", account->text);
    row(out, "envelope sender", s->t->sender.spelled);
    row(out, "client", slice_of(client));
    row(out, "since", slice_of(trace_date(clock_wall())));
    row(out, "first message", slice_of(s->ref));
    row(out, "what becomes of it", slice_of(action_info(s->t->ruling.action)->word));
}

static struct slice body_of(struct smtp_session *s, struct slice rule)
{
    struct buf out = buf_init(TEXT_MAX);
    buf_printf(&out, "A rule holds that you are to be told of.\r\n\r\n");
    say_message(&out, s, rule);
    say_account(&out, s);
    buf_printf(&out,
               "\r\nWhy, and what else there is:\r\n\r\n"
               "  gatepostctl why %s\r\n"
               "  gatepostctl trace --rule \"%.*s\" --since 1d\r\n"
               "  gatepostctl quarantine list\r\n"
               "  gatepostctl quarantine release NUMBER\r\n\r\n"
               "You are not told of this rule and account again for 24 hours, whatever comes.\r\n",
               s->ref, SLICE_ARGS(rule));
    struct slice body = out.failed ? (struct slice){NULL, 0} : arena_copy(s->mail, buf_slice(&out));
    buf_release(&out);
    return body;
}

static struct slice author_of(struct smtp_session *s)
{
    struct slice domain = smtp_own_domain(s);
    return arena_printf(s->mail, "postmaster@%.*s",
                        SLICE_ARGS(domain.len ? domain : s->base.proxy->config->hostname));
}

static struct slice header_of(struct smtp_session *s, const struct notice *notice,
                              const struct notice_text *text)
{
    return arena_printf(s->mail,
                        "Date: %s\r\n"
                        "From: Gatepost <%.*s>\r\n"
                        "To: <%.*s>\r\n"
                        "Subject: %.*s\r\n"
                        "Message-ID: %.*s\r\n"
                        "Auto-Submitted: auto-generated\r\n"
                        "MIME-Version: 1.0\r\n",
                        trace_date(clock_wall()), SLICE_ARGS(text->author),
                        SLICE_ARGS(notice->address),
                        SLICE_ARGS(encode_words(s->mail, text->subject)), SLICE_ARGS(text->id));
}

bool smtp_notice_text(struct smtp_session *s, const struct notice *notice, struct notice_text *out)
{
    struct slice rule = rule_of(s, notice), body = body_of(s, rule);
    *out = (struct notice_text){
        .author = author_of(s),
        .subject = arena_printf(s->mail, "Gatepost: %.*s", SLICE_ARGS(rule)),
        .id = arena_printf(s->mail, "<%s.notice%zu@%.*s>", s->ref, s->t->noticing.next,
                           SLICE_ARGS(s->base.proxy->config->hostname))};
    if (!body.ptr || arena_failed(s->mail))
        return false;
    struct slice header = header_of(s, notice, out), fields = encode_part_fields(s->mail, body),
                 coded = encode_part_body(s->mail, body);
    out->message = arena_printf(s->mail, "%.*s%.*s\r\n%.*s", SLICE_ARGS(header), SLICE_ARGS(fields),
                                SLICE_ARGS(coded));
    return !arena_failed(s->mail);
}
