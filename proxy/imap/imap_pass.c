/* SPDX-License-Identifier: ISC */
#include "base/clock.h"
#include "common/imap_capabilities.h"
#include "proxy/imap/imap_session.h"

enum {
    AT_ONCE = 16 * 1024, /* octets that are passed on */
    LEAST_RATE = 1024    /* octets a second, of a response that has come for a while */
};

void imap_out_of_step(struct imap_session *s, const char *why)
{
    reader_upstream_out_of_step(s->reader.upstream, why);
}

/* What else is in hand goes out with it. */
static bool goes_on(const struct imap_session *s)
{
    return s->reader.upstream && s->reader.upstream->in_hand &&
           stream_text_pending(s->reader.base.stream) < AT_ONCE;
}

void imap_hold_back(struct imap_session *s)
{
    if (goes_on(s))
        return;
    stream_flush(s->reader.base.stream);
    if (!stream_output_pending(s->reader.base.stream) || !s->reader.upstream)
        return;
    reader_upstream_pause(s->reader.upstream);
    stream_notify_drained(s->reader.base.stream);
    if (s->reader.base.state != SESSION_BUSY)
        return;
    stream_deadline(s->reader.base.stream, s->reader.base.proxy->config->settings.timeouts_data);
    s->reader.base.wait.resume = session_end;
}

/* One that waits for a verdict has a deadline of its own. */
void imap_pass_taken(struct imap_session *s)
{
    if (s->held)
        stream_flush(s->reader.base.stream);
    else
        imap_hold_back(s);
}

void imap_does_take(struct imap_session *s)
{
    if (s->reader.base.wait.resume != session_end)
        return;
    s->reader.base.wait.resume = NULL;
    stream_deadline(s->reader.base.stream, 0);
}

void imap_pass_drained(struct imap_session *s)
{
    imap_does_take(s);
    s->out.began = clock_ms();
    s->out.came = 0;
    if (s->reader.upstream)
        reader_upstream_resume(s->reader.upstream);
}

/* ---- lines that are rewritten ---- */

/* What is true of us as well, and that we say when something takes long. */
static void say_capabilities(struct imap_session *s, struct slice list)
{
    struct slice word, rest = list;
    while (imap_capability(&rest, &word))
        if (imap_is_relayed_capability(word)) {
            session_text(&s->reader.base, word);
            session_text(&s->reader.base, SLICE(" "));
        }
    session_text(&s->reader.base, SLICE("INPROGRESS"));
}

static void say_without_code(struct imap_session *s, const struct imap_response *response,
                             struct slice line, struct slice capabilities)
{
    struct session *base = &s->reader.base;
    session_text(base, slice_sub(line, 0, (size_t)(response->code.ptr - line.ptr)));
    if (capabilities.len) {
        session_text(base, SLICE("[CAPABILITY "));
        say_capabilities(s, capabilities);
        session_text(base, SLICE("]"));
    }
    size_t behind = (size_t)(response->code.ptr + response->code.len - line.ptr);
    struct slice text = slice_from(line, behind);
    session_text(base, capabilities.len ? text : slice_trim(text));
    session_text(base, SLICE("\r\n"));
}

void imap_pass_line(struct imap_session *s, const struct imap_response *response, struct slice line)
{
    struct slice list;
    if (response->kind == IMAP_RESPONSE_UNTAGGED &&
        slice_ieq(response->name, SLICE("CAPABILITY"))) {
        session_text(&s->reader.base, SLICE("* CAPABILITY "));
        say_capabilities(s, response->rest);
        session_text(&s->reader.base, SLICE("\r\n"));
    } else if (response->code.len && !imap_is_relayed_code(response->code)) {
        bool lists = imap_code_lists_capabilities(response->code, &list);
        say_without_code(s, response, line, lists ? list : SLICE(""));
    } else {
        imap_say(s, line);
    }
}

/* ---- what it is about ---- */

static struct slice without_end(struct slice line)
{
    while (line.len && (line.ptr[line.len - 1] == '\n' || line.ptr[line.len - 1] == '\r'))
        line.len--;
    return line;
}

/* Responses that we know to hold nothing of a message; what has no name cannot be read, and passes. */
static bool is_relayed(const struct imap_response *response)
{
    static const struct slice names[] = {
        SLICE("OK"),         SLICE("NO"),         SLICE("BAD"),      SLICE("BYE"),
        SLICE("CAPABILITY"), SLICE("LIST"),       SLICE("LSUB"),     SLICE("XLIST"),
        SLICE("STATUS"),     SLICE("FLAGS"),      SLICE("SEARCH"),   SLICE("SORT"),
        SLICE("THREAD"),     SLICE("ESEARCH"),    SLICE("EXISTS"),   SLICE("RECENT"),
        SLICE("FETCH"),      SLICE("EXPUNGE"),    SLICE("VANISHED"), SLICE("NAMESPACE"),
        SLICE("QUOTA"),      SLICE("ACL"),        SLICE("ENABLED"),  SLICE("ID"),
        SLICE("QUOTAROOT"),  SLICE("LISTRIGHTS"), SLICE("MYRIGHTS"), SLICE("METADATA")};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (slice_ieq(response->name, names[i]))
            return true;
    return response->name.len == 0 && (!response->code.len || imap_is_relayed_code(response->code));
}

/* ---- taken ---- */

static void take_tagged(struct imap_session *s, const struct imap_response *response,
                        struct slice line)
{
    if (!s->exchange || !slice_eq(response->tag, slice_of(s->expected)) ||
        response->status >= IMAP_BYE)
        imap_out_of_step(s, "a response to a command that nobody gave");
    else if (s->message.iov_len)
        imap_out_of_step(s, "it answers before it has heard all");
    else
        s->exchange->done(s, response, line);
}

/* "CAPABILITY completed.": Exchange 2003 says the end of a command twice. */
static bool is_said_twice(const struct imap_session *s, const struct imap_response *response)
{
    return s->out.ended && response->status == IMAP_STATUSES &&
           !slice_eq(response->tag, slice_of(s->expected));
}

static void take_continuation(struct imap_session *s, struct slice line)
{
    if (s->exchange && s->exchange->go_ahead)
        s->exchange->go_ahead(s, line);
    else
        imap_out_of_step(s, "it asks where nothing is to be asked");
}

/* Who says so may not hang up, and says it again and again. */
static void take_bye(struct imap_session *s, const struct imap_response *response,
                     struct slice line)
{
    imap_pass_line(s, response, line);
    if (s->reader.base.leaving)
        return;
    reader_upstream_free(&s->reader.upstream);
    s->reader.base.leaving = true; /* it has been said */
    imap_lose_server(s, "it said BYE");
}

static void take_untagged(struct imap_session *s, const struct imap_response *response,
                          struct slice line)
{
    if (response->status == IMAP_BYE && reader_is_logged_in(&s->reader))
        take_bye(s, response, line);
    else if (response->status == IMAP_BYE)
        imap_out_of_step(s, "it said BYE");
    else if (response->name.len == 0 && imap_may_hold_content(line))
        imap_out_of_step(s, "content stands where nobody can read it");
    else if (s->exchange && s->exchange->untagged && s->exchange->untagged(s, response))
        return;
    else if (is_relayed(response) && reader_is_logged_in(&s->reader))
        imap_pass_line(s, response, line);
}

static size_t pass(struct imap_session *s, struct slice octets, uint64_t most)
{
    struct slice passed = slice_sub(octets, 0, most < AT_ONCE ? (size_t)most : AT_ONCE);
    session_text(&s->reader.base, passed);
    imap_hold_back(s);
    return passed.len;
}

/* A line that was framed passes, and the literal behind it. */
static void begin_line(struct imap_session *s, const struct imap_text *text)
{
    s->out.line = text->text.len;
    s->out.goes_on = text->literal;
    s->out.literal = text->literal ? text->octets : 0;
}

static size_t take_framed(struct imap_session *s, struct slice bytes)
{
    uint64_t *left = s->out.line ? &s->out.line : &s->out.literal;
    size_t passed = pass(s, bytes, *left);
    *left -= passed;
    return passed;
}

/* One that is longer than what is looked at at once, and has no literals, up to its end. */
static size_t take_long(struct imap_session *s, struct slice bytes)
{
    size_t passed = pass(s, bytes, slice_find(bytes, '\n') + 1);
    s->out.within_line = bytes.ptr[passed - 1] != '\n';
    return passed;
}

static void take_line(struct imap_session *s, const struct imap_response *response,
                      struct slice line)
{
    bool tagged = response->kind == IMAP_RESPONSE_TAGGED && !is_said_twice(s, response);
    s->out.ended = tagged;
    if (line.len > AT_ONCE) /* there is no room for it behind others */
        stream_flush(s->reader.base.stream);
    if (tagged)
        take_tagged(s, response, line);
    else if (response->kind == IMAP_RESPONSE_CONTINUE)
        take_continuation(s, line);
    else
        take_untagged(s, response, line);
    if (s->reader.upstream)
        imap_hold_back(s);
}

/* The first line; `whole`: all of it is there. */
static size_t take_first(struct imap_session *s, const struct imap_text *text, bool whole)
{
    struct imap_response response;
    imap_response(text->text, &response);
    bool passes = response.kind == IMAP_RESPONSE_UNTAGGED && is_relayed(&response) &&
                  reader_is_logged_in(&s->reader) && response.code.len == 0;
    bool has_literals = imap_may_have_literals(&response);
    if (whole && !text->literal && (text->text.len <= AT_ONCE || !passes)) {
        size_t used = text->text.len;
        take_line(s, &response, without_end(text->text));
        return used;
    }
    if (!passes || (whole ? text->literal && !has_literals : has_literals) ||
        imap_may_hold_content(text->text)) {
        imap_out_of_step(s, "a literal, or a line, that cannot be placed");
        return text->text.len;
    }
    if (!whole)
        return take_long(s, text->text);
    begin_line(s, text);
    return take_framed(s, text->text);
}

static size_t not_placed(struct imap_session *s, struct slice bytes)
{
    imap_out_of_step(s, "a literal, or a line, that cannot be placed");
    return bytes.len;
}

/* A line of a response that has a literal. */
static size_t take_one(struct imap_session *s, struct slice bytes, bool first)
{
    struct imap_text text;
    int found = imap_text(bytes, first, &text);
    if (found == 0 && bytes.len < IMAP_INPUT_MAX)
        return 0;
    if (found != 1)
        return not_placed(s, bytes);
    begin_line(s, &text);
    return take_framed(s, bytes);
}

size_t imap_pass_as_it_comes(struct imap_session *s, struct slice bytes)
{
    return take_one(s, bytes, true);
}

static bool is_fetch(struct slice bytes, struct imap_response *response)
{
    imap_response(bytes, response);
    return response->kind == IMAP_RESPONSE_UNTAGGED && slice_ieq(response->name, SLICE("FETCH"));
}

static size_t take(struct imap_session *s, struct slice bytes)
{
    struct imap_response response;
    struct imap_text text;
    if (s->reader.base.state == SESSION_CLOSING)
        return bytes.len;
    if (s->held)
        return imap_held_take(s, bytes);
    if (s->out.line || s->out.literal)
        return take_framed(s, bytes);
    if (s->out.within_line)
        return take_long(s, bytes);
    if (s->out.goes_on)
        return take_one(s, bytes, false);
    int found = imap_text(bytes, true, &text);
    if (found == 0 && bytes.len < IMAP_INPUT_MAX)
        return 0;
    if (found == -1)
        return not_placed(s, bytes);
    if (reader_is_logged_in(&s->reader) && is_fetch(bytes, &response))
        return imap_held_begin(s, &response, bytes);
    if (found == 0)
        text = (struct imap_text){.text = bytes};
    return take_first(s, &text, found);
}

/* A server may think for long, but not in the middle of what it says. */
static void be_patient(struct imap_session *s, bool within)
{
    const struct settings *settings = &s->reader.base.proxy->config->settings;
    bool awaited = s->exchange && !s->idle;
    if (within == s->out.within)
        return;
    s->out.within = within;
    s->out.began = clock_ms();
    s->out.came = 0;
    reader_upstream_expect(s->reader.upstream, within    ? settings->timeouts_response
                                               : awaited ? settings->timeouts_backend
                                                         : 0);
}

/* An octet now and then is no progress. `waiting`: octets of it that have come and were not taken. */
static bool drips(const struct imap_session *s, size_t waiting)
{
    int64_t patience = s->reader.base.proxy->config->settings.timeouts_response;
    int64_t late = s->out.within ? clock_ms() - s->out.began - patience : 0;
    return late > 0 && s->out.came + waiting < (uint64_t)late * LEAST_RATE / 1000;
}

size_t imap_take_response(struct imap_session *s, struct slice bytes)
{
    size_t used = take(s, bytes);
    if (!s->reader.upstream)
        return used;
    s->out.came += used;
    be_patient(s, used == 0 || s->out.line || s->out.goes_on || s->out.within_line ||
                      imap_held_comes(s));
    if (drips(s, bytes.len - used))
        imap_out_of_step(s, "a response comes too slowly");
    return used;
}
