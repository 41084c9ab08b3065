/* SPDX-License-Identifier: ISC */
#include "proxy/imap/imap_told.h"

#include "common/imap_capabilities.h"
#include "policy/server_profile.h"
#include "proxy/imap/imap_response.h"
#include "proxy/login/sasl_mechanism.h"

/* ---- what it can do ---- */

static bool cut_prefix(struct slice word, struct slice prefix, struct slice *rest)
{
    *rest = slice_from(word, prefix.len);
    return slice_istarts(word, prefix);
}

void imap_login_offer(struct slice list, struct imap_login_offer *out)
{
    struct slice word, name;
    *out = (struct imap_login_offer){.mechanisms = 1U << MECHANISM_USER};
    while (imap_capability(&list, &word)) {
        if (cut_prefix(word, SLICE("AUTH="), &name))
            sasl_offered(name, &out->mechanisms, &out->plus);
        else if (slice_ieq(word, SLICE("SASL-IR")))
            out->initial = true;
        else if (slice_ieq(word, SLICE("LOGINDISABLED")))
            out->mechanisms &= ~(1U << MECHANISM_USER);
    }
}

/* ---- a refusal ---- */

static bool is_code(struct slice code, const char *name)
{
    struct slice text = slice_of(name);
    return code.len >= text.len + 2 && slice_ieq(slice_sub(code, 1, 1 + text.len), text) &&
           (code.ptr[1 + text.len] == ']' || code.ptr[1 + text.len] == ' ');
}

/* RFC 5530 3. Who says BAD has not understood us, which is no matter of a password. */
static enum imap_told refusal(const struct imap_response *response, enum server_profile profile)
{
    if (is_code(response->code, "AUTHENTICATIONFAILED"))
        return IMAP_TOLD_NO;
    if (is_code(response->code, "AUTHORIZATIONFAILED") || is_code(response->code, "EXPIRED"))
        return IMAP_TOLD_NOT_SO;
    bool ours = is_code(response->code, "PRIVACYREQUIRED") || is_code(response->code, "INUSE") ||
                is_code(response->code, "CONTACTADMIN");
    if (ours || response->status == IMAP_BAD || profile_puts_off(profile, response->rest))
        return IMAP_TOLD_LATER;
    return IMAP_TOLD_NO;
}

/* ---- a line ---- */

static void read_untagged(const struct imap_response *response, struct imap_answer *out)
{
    if (response->status == IMAP_BYE)
        out->told = IMAP_TOLD_GOODBYE;
    else if (slice_ieq(response->name, SLICE("CAPABILITY")) && !response->numbered)
        *out = (struct imap_answer){IMAP_TOLD_CAPABILITIES, response->rest};
    else
        out->told = IMAP_TOLD_NOTHING;
}

/* Behind the tag and a blank. */
static struct slice words_of(const struct imap_response *response)
{
    const char *end = response->rest.ptr + response->rest.len;
    return (struct slice){response->name.ptr, (size_t)(end - response->name.ptr)};
}

static void read_tagged(const struct imap_response *response, struct slice tag,
                        enum server_profile profile, struct imap_answer *out)
{
    if (!slice_eq(response->tag, tag) || response->status > IMAP_BAD)
        return;
    out->told = response->status == IMAP_OK ? IMAP_TOLD_YES : refusal(response, profile);
    out->text = words_of(response);
}

size_t imap_told(struct slice bytes, struct slice tag, enum server_profile profile,
                 struct imap_answer *out)
{
    struct imap_text line;
    struct imap_response response;
    int found = imap_text(bytes, true, &line);
    *out = (struct imap_answer){IMAP_TOLD_NONSENSE, {bytes.ptr, 0}};
    if (found == 0 && bytes.len < IMAP_TOLD_MAX)
        return 0;
    if (found != 1 || line.literal || line.text.len > IMAP_TOLD_MAX)
        return bytes.len;
    imap_response(line.text, &response);
    if (response.kind == IMAP_RESPONSE_CONTINUE)
        *out = (struct imap_answer){IMAP_TOLD_ASKS, response.rest};
    else if (response.kind == IMAP_RESPONSE_UNTAGGED && slice_starts(line.text, SLICE("*")))
        read_untagged(&response, out);
    else if (response.kind == IMAP_RESPONSE_TAGGED)
        read_tagged(&response, tag, profile, out);
    return line.text.len;
}
