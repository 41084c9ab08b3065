/* SPDX-License-Identifier: ISC */
#include "console/report_sender.h"

enum { SIGNATURES_MAX = 20 };

static bool known(const struct value *value)
{
    return value->state == VALUE_KNOWN;
}

static const char *word(const struct type *type, const struct value *value)
{
    switch (value->state) {
    case VALUE_KNOWN:
        return type->words->words[value->integer];
    case VALUE_ABSENT:
        return "absent";
    default:
        return "unknown";
    }
}

static const char *word_of(const struct trial *e, enum fact fact)
{
    return word(&fact_info(fact)->type, &e->facts.fact[fact]);
}

/* before, text; nothing at all when there is no text. */
static void say(struct page *page, const char *before, const struct value *text)
{
    if (!known(text) || text->text.len == 0)
        return;
    buf_cstr(page->out, before);
    terminal_text(page->out, text->text, 0);
}

/* ---- authentication ---- */

static void say_spf(struct page *page, const struct trial *e)
{
    const struct value *fact = e->facts.fact;
    page_label(page, "SPF");
    buf_printf(page->out, "%s", word_of(e, FACT_SPF_RESULT));
    say(page, " for ", &fact[FACT_SPF_DOMAIN]);
    if (known(&fact[FACT_SPF_IDENTITY]))
        buf_printf(page->out, " (%s)", word_of(e, FACT_SPF_IDENTITY));
    say(page, ", by ", &fact[FACT_SPF_MECHANISM]);
    say(page, ": ", &fact[FACT_SPF_PROBLEM]);
    if (known(&fact[FACT_SPF_HELO]))
        buf_printf(page->out, "; HELO %s", word_of(e, FACT_SPF_HELO));
    page_end(page);
    if (known(&fact[FACT_SPF_EXPLANATION]))
        page_row(page, "they say", fact[FACT_SPF_EXPLANATION].text);
}

static const struct value *field(const struct value *signature, enum field_index index)
{
    return &signature->fields[index];
}

static void say_signature(struct page *page, const struct value *signature)
{
    const struct value *bits = field(signature, signature_bits);
    const struct value *aligned = field(signature, signature_aligned);
    const struct value *whole = field(signature, signature_whole_body);
    const struct record_type *record = fact_info(FACT_DKIM)->type.element->record;
    buf_cstr(page->out,
             word(&record->fields[signature_result].type, field(signature, signature_result)));
    say(page, " for ", field(signature, signature_domain));
    say(page, ", selector ", field(signature, signature_selector));
    say(page, ", ", field(signature, signature_algorithm));
    if (known(bits) && bits->number > 0)
        buf_printf(page->out, " %g bits", bits->number);
    buf_cstr(page->out, known(aligned) && aligned->truth ? ", aligned" : "");
    buf_cstr(page->out, known(whole) && !whole->truth ? ", not the whole body" : "");
    say(page, ": ", field(signature, signature_reason));
}

static void say_dkim(struct page *page, const struct trial *e)
{
    const struct value *dkim = &e->facts.fact[FACT_DKIM];
    size_t count = known(dkim) ? dkim->list.count : 0;
    if (count == 0)
        page_row(page, "DKIM", slice_of(word_of(e, FACT_DKIM_RESULT)));
    for (size_t i = 0; i < count && i < SIGNATURES_MAX; i++) {
        page_label(page, i ? "" : "DKIM");
        if (known(&dkim->list.items[i]))
            say_signature(page, &dkim->list.items[i]);
        page_end(page);
    }
}

static void say_dmarc(struct page *page, const struct trial *e)
{
    const struct value *fact = e->facts.fact;
    page_label(page, "DMARC");
    buf_cstr(page->out, word_of(e, FACT_DMARC_RESULT));
    say(page, " for ", &fact[FACT_DMARC_DOMAIN]);
    if (known(&fact[FACT_DMARC_POLICY]))
        buf_printf(page->out, ", asks for %s", word_of(e, FACT_DMARC_POLICY));
    say(page, " at ", &fact[FACT_DMARC_RECORD_DOMAIN]);
    say(page, ": ", &fact[FACT_DMARC_REASON]);
    page_end(page);
}

static void say_arc(struct page *page, const struct trial *e)
{
    const struct value *sealers = &e->facts.fact[FACT_ARC_SEALERS];
    page_label(page, "ARC");
    buf_cstr(page->out, word_of(e, FACT_ARC_RESULT));
    for (size_t i = 0; known(sealers) && i < sealers->list.count; i++)
        say(page, i ? ", " : ", sealed by ", &sealers->list.items[i]);
    say(page, ": ", &e->facts.fact[FACT_ARC_REASON]);
    page_end(page);
}

/* ---- names and lists ---- */

static const char *choose(const struct value *value, const char *yes, const char *no,
                          const char *unknown)
{
    if (!known(value))
        return value->state == VALUE_ABSENT ? no : unknown;
    return value->truth ? yes : no;
}

static void say_client(struct page *page, const struct trial *e)
{
    const struct value *fact = e->facts.fact;
    const struct value *name = &fact[FACT_CLIENT_PTR];
    page_label(page, "client");
    if (known(name)) {
        terminal_text(page->out, name->text, 0);
        buf_cstr(page->out, choose(&fact[FACT_CLIENT_FCRDNS], ", confirmed", ", not confirmed",
                                   ", perhaps confirmed"));
    } else {
        buf_cstr(page->out, name->state == VALUE_ABSENT ? "has no name" : "name unknown");
    }
    buf_printf(
        page->out, "; HELO %s, %s",
        choose(&fact[FACT_HELO_RESOLVES], "resolves", "does not resolve", "resolves perhaps"),
        choose(&fact[FACT_HELO_FITS], "fits", "does not fit", "fits perhaps"));
    page_end(page);
}

/* Nothing to say when none lists. `lists` NULL: which ones is not known. */
static void say_lists(struct page *page, const char *label, const struct value *score,
                      const struct value *lists)
{
    size_t count = lists && known(lists) ? lists->list.count : 0;
    if (known(score) && score->number == 0 && count == 0)
        return;
    page_label(page, label);
    if (known(score))
        buf_printf(page->out, "score %g", score->number);
    else
        buf_cstr(page->out, "unknown");
    for (size_t i = 0; i < count; i++)
        say(page, i ? ", " : ": ", &lists->list.items[i]);
    page_end(page);
}

void report_sender(struct page *page, const struct trial *e)
{
    if (!e->dns) {
        page_row(page, "sender",
                 SLICE("no DNS given (--dns, --live): SPF, DKIM, DMARC, ARC, names "
                       "and lists are unknown"));
        return;
    }
    const struct value *fact = e->facts.fact;
    say_spf(page, e);
    if (e->message >= 0) {
        say_dkim(page, e);
        say_dmarc(page, e);
        say_arc(page, e);
    }
    say_client(page, e);
    say_lists(page, "lists", &fact[FACT_DNSBL_SCORE], &fact[FACT_DNSBL_LISTS]);
    if (e->message >= 0)
        say_lists(page, "domain lists", &fact[FACT_DOMAINS_SCORE], &fact[FACT_DOMAINS_LISTS]);
    else
        say_lists(page, "domain lists", &fact[FACT_DOMAINS_SENDER_SCORE], NULL);
}
