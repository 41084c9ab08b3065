/* SPDX-License-Identifier: ISC */
#include "proxy/login/sasl_mechanism.h"
#include "tests/harness/unit.h"

#include <stdlib.h>
#include <string.h>

static struct credentials who;

static void begin(void)
{
    memset(&who, 0, sizeof who);
}

EACH_TEST(begin, NULL);

static enum sasl_read read_as(const char *mechanism, unsigned n, struct slice response)
{
    return sasl_mechanism(slice_of(mechanism))->read(n, response, &who);
}

TEST(test_mechanisms_have_names_in_any_case)
{
    assert_int_equal(sasl_mechanism(SLICE("xoauth2"))->id, MECHANISM_XOAUTH2);
    assert_int_equal(sasl_mechanism(SLICE("SCRAM-SHA-256"))->id, MECHANISM_SCRAM_SHA_256);
    assert_null(sasl_mechanism(SLICE("SCRAM-SHA-256-PLUS")));
    assert_null(sasl_mechanism(SLICE("USER")));
    assert_null(sasl_mechanism(SLICE("CRAM-MD5")));
    assert_null(sasl_mechanism(SLICE("")));
    for (int i = 0; i < MECHANISMS; i++)
        assert_int_equal(sasl_mechanism_of((enum login_mechanism)i)->id, i);
}

TEST(test_xoauth2_names_its_user)
{
    assert_int_equal(read_as("XOAUTH2", 1, SLICE("user=joe@example.com\1auth=Bearer ya29.x\1\1")),
                     SASL_NAMES_USER);
    assert_string_equal(who.user, "joe@example.com");
    assert_int_equal(read_as("XOAUTH2", 2, SLICE("")), SASL_NAMES_NOBODY);
}

TEST(test_oauthbearer_names_its_user_or_nobody)
{
    assert_int_equal(
        read_as("OAUTHBEARER", 1, SLICE("n,a=j=2Coe=3D@example.com,\1host=x\1auth=Bearer y\1\1")),
        SASL_NAMES_USER);
    assert_string_equal(who.user, "j,oe=@example.com");
    assert_int_equal(read_as("OAUTHBEARER", 1, SLICE("n,,\1auth=Bearer y\1\1")), SASL_NAMES_NOBODY);
    assert_int_equal(read_as("OAUTHBEARER", 2, SLICE("\1")), SASL_NAMES_NOBODY);
}

TEST(test_scram_names_its_user_and_for_whom_he_acts)
{
    assert_int_equal(read_as("SCRAM-SHA-1", 1, SLICE("n,,n=joe,r=fyko")), SASL_NAMES_USER);
    assert_string_equal(who.user, "joe");
    assert_string_equal(who.acting_for, "");
    assert_int_equal(read_as("SCRAM-SHA-256", 1, SLICE("y,a=ann,n=joe,r=fyko")), SASL_NAMES_USER);
    assert_string_equal(who.acting_for, "ann");
    assert_int_equal(read_as("SCRAM-SHA-256", 2, SLICE("c=biws,r=fyko3rfc,p=v0X8")),
                     SASL_NAMES_NOBODY);
}

TEST(test_gssapi_says_nothing)
{
    assert_int_equal(read_as("GSSAPI", 1, SLICE("`\x82")), SASL_NAMES_NOBODY);
    assert_int_equal(read_as("GSSAPI", 2, SLICE("")), SASL_NAMES_NOBODY);
}

TEST(test_what_names_nobody_where_somebody_is_due_is_malformed)
{
    static const struct {
        const char *mechanism;
        struct slice response;
    } bad[] = {
        {"XOAUTH2", {"", 0}},
        {"XOAUTH2", {"user=", 5}},
        {"XOAUTH2", {"user=\1auth=Bearer x\1\1", 21}},
        {"XOAUTH2", {"user=a\r\nQUIT\1auth=Bearer x\1\1", 28}},
        {"XOAUTH2", {"auth=Bearer x\1user=a\1\1", 22}},
        {"OAUTHBEARER", {"", 0}},
        {"OAUTHBEARER", {"n", 1}},
        {"OAUTHBEARER", {"n,b=joe,\1", 9}},
        {"OAUTHBEARER", {"n,a=,\1", 6}},
        {"OAUTHBEARER", {"n,a=jo=2,\1", 10}},
        {"OAUTHBEARER", {"n,a=jo=4A,\1", 11}},
        {"SCRAM-SHA-1", {"n,,joe,r=x", 10}},
        {"SCRAM-SHA-1", {"n,,n=,r=x", 9}},
        {"SCRAM-SHA-1", {"n,,n=joe", 8}},
        {"SCRAM-SHA-1", {"p=tls-unique,,n=joe,r=x", 23}}, /* bound to a TLS that ends here */
        {"SCRAM-SHA-1", {"n,a=\n,n=joe,r=x", 15}},
        {"NTLM", {"NTLMSSP\0\3\0\0\0", 12}},
        {"NTLM", {"", 0}},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(read_as(bad[i].mechanism, 1, bad[i].response), SASL_MALFORMED);
}

TEST(test_names_have_bounds)
{
    char text[LOGIN_USER_MAX + 8] = "n,a=";
    memset(text + 4, 'x', LOGIN_USER_MAX);
    text[4 + LOGIN_USER_MAX] = ',';
    assert_int_equal(read_as("OAUTHBEARER", 1, (struct slice){text, LOGIN_USER_MAX + 5}),
                     SASL_NAMES_USER);
    text[4 + LOGIN_USER_MAX] = 'x';
    text[5 + LOGIN_USER_MAX] = ',';
    assert_int_equal(read_as("OAUTHBEARER", 1, (struct slice){text, LOGIN_USER_MAX + 6}),
                     SASL_MALFORMED);
}

/* ---- NTLM ---- */

static char message[512];

static void put(size_t at, size_t octets, size_t number)
{
    for (size_t i = 0; i < octets; i++)
        message[at + i] = (char)(number >> 8 * i & 0xff);
}

/* An AUTHENTICATE_MESSAGE with these names behind its header. */
static struct slice authenticate(struct slice domain, struct slice user, unsigned flags)
{
    memset(message, 0, sizeof message);
    memcpy(message, "NTLMSSP\0\3\0\0\0", 12);
    put(28, 2, domain.len);
    put(32, 4, 64);
    put(36, 2, user.len);
    put(40, 4, 64 + domain.len);
    put(60, 4, flags);
    memcpy(message + 64, domain.ptr, domain.len);
    memcpy(message + 64 + domain.len, user.ptr, user.len);
    return (struct slice){message, 64 + domain.len + user.len};
}

#define WIDE(text) ((struct slice){(const char *)u"" text, sizeof u"" text - 2})

static void check_user(struct slice authenticated, const char *expected)
{
    begin();
    assert_int_equal(read_as("NTLM", 2, authenticated), SASL_NAMES_USER);
    assert_string_equal(who.user, expected);
}

TEST(test_ntlm_names_its_user_in_the_second_message)
{
    assert_int_equal(read_as("NTLM", 1, (struct slice){"NTLMSSP\0\1\0\0\0\7\x82\10\xa2", 16}),
                     SASL_NAMES_NOBODY);
    check_user(authenticate(WIDE("CORP"), WIDE("joe"), 1), "CORP\\joe");
    check_user(authenticate(WIDE(""), WIDE("joe@example.com"), 1), "joe@example.com");
    check_user(authenticate(SLICE("CORP"), SLICE("JOE"), 2), "CORP\\JOE");
    check_user(authenticate(WIDE("M\u00fcnchen"), WIDE("\u4e2d\U0001f600"), 1),
               "M\xc3\xbcnchen\\\xe4\xb8\xad\xf0\x9f\x98\x80");
    assert_int_equal(read_as("NTLM", 3, authenticate(WIDE(""), WIDE("joe"), 1)), SASL_MALFORMED);
}

TEST(test_ntlm_messages_that_point_out_of_themselves_are_malformed)
{
    struct slice good = authenticate(WIDE("CORP"), WIDE("joe"), 1);
    for (size_t len = 0; len < good.len; len++)
        assert_int_equal(read_as("NTLM", 2, slice_sub(good, 0, len)), SASL_MALFORMED);
    put(40, 4, 0xffffffff);
    assert_int_equal(read_as("NTLM", 2, good), SASL_MALFORMED);
    authenticate(WIDE("CORP"), WIDE("joe"), 1);
    put(28, 2, 0xffff);
    assert_int_equal(read_as("NTLM", 2, good), SASL_MALFORMED);
    /* half a character, halves of a pair alone or in the wrong order, a control, nobody */
    static const struct slice bad[] = {
        {"j\0o", 3},        {"\x3d\xd8", 2}, {"\0\xde\x3d\xd8", 4},
        {"\x3d\xd8j\0", 4}, {"\n\0", 2},     {"", 0},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(read_as("NTLM", 2, authenticate(WIDE(""), bad[i], 1)), SASL_MALFORMED);
}

/* ---- GSSAPI's security layers; the tokens are MIT Kerberos's ---- */

static enum sasl_read read_gssapi_token(const char *hex)
{
    size_t len = strlen(hex) / 2;
    for (size_t i = 0; i < len; i++) {
        char digits[] = {hex[2 * i], hex[2 * i + 1], '\0'};
        message[i] = (char)strtoul(digits, NULL, 16);
    }
    return read_as("GSSAPI", 2, (struct slice){message, len});
}

TEST(test_gssapi_without_a_layer_is_in_order)
{
    static const char *const tokens[] = {
        "050404ff000c0000000000002c40ae9a010000001e7876d0d9e4f8bd5efb8af3", /* AES */
        "050404ff00100000000000000f5a0184010000006a6f657178073d61305842dcc196e202d453a4",
        "050404ff000c000c000000002c40ae9a1e7876d0d9e4f8bd5efb8af301000000", /* rotated */
        "603006092a864886f71201020202011100fffffffffb5b7ab827ceaca23df61bd826e8df42cffcddecbf9e5d"
        "100100000001", /* RC4 */
        "603f06092a864886f71201020202010400ffffffff5100368e7a1c59591afda6415ed55bbb1c37649ce37f17"
        "1bcaede20a5cc23461d6d01a480100000004040404", /* DES3 */
        "603506092a864886f71201020202006f",           /* not yet its last message */
        "",
    };
    for (size_t i = 0; i < sizeof tokens / sizeof *tokens; i++)
        assert_int_equal(read_gssapi_token(tokens[i]), SASL_NAMES_NOBODY);
}

TEST(test_gssapi_with_a_layer_or_with_what_cannot_be_read_is_told)
{
    static const char *const tokens[] = {
        "050404ff000c0000000000002c40ae9c02001000017e728886facacbec46564e",
        "050404ff000c000c000000002c40ae9c017e728886facacbec46564e04001000",
        "603006092a864886f71201020202011100ffffffff6d8258352ae7edd2d643eb86327e661f271095d4fce478"
        "8a0200100001",
        "603f06092a864886f71201020202010400fffffffffb27b62ca516fdfbc72bfa8ece028eb18ef733a522b37d"
        "6c04268b4ab8146654bde0b0e00200100004040404",
        /* sealed */
        "050406ff00000000000000002c40ae9b5ac743e14fefaca0d696244f7a114a83653a72ca0fa303ed9e2373b9"
        "cd26afd1ce39a421aba805bde7cea2b2d580b188",
        "603006092a864886f712010202020111001000ffffabd294352e8006c555137e6aac85d48e6052af9dfcbd9d"
        "eec7ad98590a",
        /* cut off */
        "0504",
        "050404ff000c0000000000002c40ae9a",
        "603006092a864886f7120102020201",
    };
    for (size_t i = 0; i < sizeof tokens / sizeof *tokens; i++)
        assert_int_equal(read_gssapi_token(tokens[i]), SASL_WANTS_LAYER);
}
