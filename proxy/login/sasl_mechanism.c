/* SPDX-License-Identifier: ISC */
#include "proxy/login/sasl_mechanism.h"

#include "proxy/login/gssapi.h"
#include "proxy/login/ntlm.h"

#include <string.h>

static enum sasl_read named(struct credentials *who, struct slice user)
{
    return credentials_user(who, user) ? SASL_NAMES_USER : SASL_MALFORMED;
}

/* "user=NAME^Aauth=Bearer TOKEN^A^A"; what comes behind is the answer to an error. */
static enum sasl_read read_xoauth2(unsigned n, struct slice response, struct credentials *who)
{
    struct slice user, rest;
    if (n > 1)
        return SASL_NAMES_NOBODY;
    if (!slice_cut(response, '\1', &user, &rest) || !slice_istarts(user, SLICE("user=")))
        return SASL_MALFORMED;
    return named(who, slice_from(user, strlen("user=")));
}

/* ---- GS2: "n,a=NAME," before the rest (RFC 5801 4) ---- */

/* "=2C" and "=3D" stand for ',' and '='. */
static bool read_saslname(struct slice text, char room[static LOGIN_USER_MAX + 1],
                          struct slice *out)
{
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        struct slice code = slice_sub(text, i + 1, i + 3);
        if (len == LOGIN_USER_MAX)
            return false;
        if (c == '=' && slice_ieq(code, SLICE("2C")))
            c = ',';
        else if (c == '=' && !slice_ieq(code, SLICE("3D")))
            return false;
        i += text.ptr[i] == '=' ? 2 : 0;
        room[len++] = c;
    }
    *out = (struct slice){room, len};
    return true;
}

/* "p=..." binds to TLS, which ends here. */
static bool read_gs2(struct slice response, struct slice *authzid, struct slice *rest)
{
    struct slice flag;
    return slice_cut(response, ',', &flag, &response) &&
           (slice_eq(flag, SLICE("n")) || slice_eq(flag, SLICE("y"))) &&
           slice_cut(response, ',', authzid, rest) &&
           (authzid->len == 0 || slice_starts(*authzid, SLICE("a=")));
}

static enum sasl_read named_by_gs2(struct credentials *who, struct slice name)
{
    char room[LOGIN_USER_MAX + 1];
    struct slice user;
    return read_saslname(name, room, &user) ? named(who, user) : SASL_MALFORMED;
}

/* RFC 7628 3.1 */
static enum sasl_read read_oauthbearer(unsigned n, struct slice response, struct credentials *who)
{
    struct slice name, rest;
    if (n > 1)
        return SASL_NAMES_NOBODY;
    if (!read_gs2(response, &name, &rest))
        return SASL_MALFORMED;
    return name.len ? named_by_gs2(who, slice_from(name, 2)) : SASL_NAMES_NOBODY;
}

/* RFC 5802 7: "n=NAME,r=NONCE". Who he acts for is the mailbox that is opened. */
static enum sasl_read read_scram(unsigned n, struct slice response, struct credentials *who)
{
    char room[LOGIN_USER_MAX + 1];
    struct slice authzid, rest, name, acting_for = {room, 0};
    if (n > 1)
        return SASL_NAMES_NOBODY;
    if (!read_gs2(response, &authzid, &rest) || !slice_cut(rest, ',', &name, &rest) ||
        !slice_starts(name, SLICE("n=")) ||
        !read_saslname(slice_from(authzid, 2), room, &acting_for))
        return SASL_MALFORMED;
    if (acting_for.len && !credentials_acting_for(who, acting_for))
        return SASL_MALFORMED;
    return named_by_gs2(who, slice_from(name, 2));
}

/* [MS-NLMP]: NEGOTIATE, then AUTHENTICATE, which names the user. */
static enum sasl_read read_ntlm(unsigned n, struct slice response, struct credentials *who)
{
    char room[LOGIN_USER_MAX + 1];
    struct slice user;
    if (n == 1)
        return ntlm_is_negotiate(response) ? SASL_NAMES_NOBODY : SASL_MALFORMED;
    if (n > 2 || !ntlm_user(response, room, sizeof room, &user))
        return SASL_MALFORMED;
    return user.len ? named(who, user) : SASL_MALFORMED;
}

/* RFC 4752: a ticket, for the server's eyes alone. */
static enum sasl_read read_gssapi(unsigned n, struct slice response, struct credentials *who)
{
    (void)who;
    return n > 1 && gssapi_wants_layer(response) ? SASL_WANTS_LAYER : SASL_NAMES_NOBODY;
}

static const struct sasl_mechanism mechanisms[] = {
    {.id = MECHANISM_USER, .fact = "user"},
    {.id = MECHANISM_PLAIN, .fact = "plain"},
    {.id = MECHANISM_LOGIN, .fact = "login"},
    {MECHANISM_XOAUTH2, "xoauth2", read_xoauth2, .proof = 1},
    {MECHANISM_OAUTHBEARER, "oauthbearer", read_oauthbearer, .proof = 1},
    {MECHANISM_SCRAM_SHA_1, "scram-sha-1", read_scram, .proof = 2, .not_beside_plus = true},
    {MECHANISM_SCRAM_SHA_256, "scram-sha-256", read_scram, .proof = 2, .not_beside_plus = true},
    {MECHANISM_NTLM, "ntlm", read_ntlm, .proof = 2},
    {MECHANISM_GSSAPI, "gssapi", read_gssapi, .proof = 1},
};

const struct sasl_mechanism *sasl_mechanism_of(enum login_mechanism id)
{
    return &mechanisms[id];
}

const struct sasl_mechanism *sasl_mechanism(struct slice name)
{
    for (size_t i = 0; i < sizeof mechanisms / sizeof *mechanisms; i++)
        if (mechanisms[i].id != MECHANISM_USER &&
            slice_ieq(name, slice_of(mechanism_name(mechanisms[i].id))))
            return &mechanisms[i];
    return NULL;
}

void sasl_offered(struct slice name, unsigned *offered, unsigned *plus)
{
    static const struct slice suffix = SLICE("-PLUS");
    bool binds = slice_iends(name, suffix);
    const struct sasl_mechanism *mechanism =
        sasl_mechanism(slice_sub(name, 0, name.len - (binds ? suffix.len : 0)));
    if (mechanism)
        *(binds ? plus : offered) |= 1U << mechanism->id;
}
