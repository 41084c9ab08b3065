/* SPDX-License-Identifier: ISC */
#include "console/dkim/dkim_options.h"

#include "console/check_options.h"
#include "console/command.h"

#include <getopt.h>
#include <string.h>

static const struct option known[] = {{"config", required_argument, NULL, 'c'},
                                      {"json", no_argument, NULL, 'j'},
                                      {"selector", required_argument, NULL, 's'},
                                      {"folder", required_argument, NULL, 'f'},
                                      {"algorithm", required_argument, NULL, 'a'},
                                      {"bits", required_argument, NULL, 'b'},
                                      {"resolver", required_argument, NULL, 'r'},
                                      {"message", required_argument, NULL, 'm'},
                                      {NULL, 0, NULL, 0}};

static bool read_algorithm(const char *word, struct dkim_options *out)
{
    bool both = strcmp(word, "both") == 0, ed25519 = strcmp(word, "ed25519") == 0;
    out->has_algorithm = !both;
    out->algorithm = ed25519 ? DKIM_ED25519_SHA256 : DKIM_RSA_SHA256;
    return both || ed25519 || strcmp(word, "rsa") == 0;
}

static bool read_bits(const char *word, struct dkim_options *out)
{
    uint64_t bits;
    if (!slice_to_u64(slice_of(word), DKIM_RSA_BITS_MAX, &bits) || bits < DKIM_RSA_BITS_MIN)
        return false;
    out->bits = (unsigned)bits;
    return true;
}

static bool take(struct dkim_options *out, int letter)
{
    switch (letter) {
    case 'c':
        out->config = optarg;
        return true;
    case 'j':
        return out->json = true;
    case 's':
        out->selector = optarg;
        return true;
    case 'f':
        out->folder = optarg;
        return true;
    case 'm':
        out->message = optarg;
        return true;
    case 'a':
        return read_algorithm(optarg, out);
    case 'b':
        return read_bits(optarg, out);
    default:
        return check_options_resolver(optarg, &out->resolver);
    }
}

bool dkim_options_read(int argc, char *argv[], const char *letters, struct dkim_options *out)
{
    *out = (struct dkim_options){.bits = DKIM_RSA_BITS_MIN};
    for (int c; (c = getopt_long(argc, argv, "c:j", known, NULL)) != -1;)
        if (c == '?' || !strchr(letters, c) || !take(out, c))
            return false;
    if (optind < argc)
        out->domain = argv[optind++];
    return optind == argc;
}

bool dkim_options_open(const struct dkim_options *options, struct configuration *configuration)
{
    const char *path = options->config ? options->config : configuration_standard();
    if (path)
        return configuration_open(path, configuration);
    command_error("dkim", "there is no configuration; name one with --config");
    return false;
}
