/* SPDX-License-Identifier: ISC */
#include "parent/parent_expiry.h"

#include "base/log.h"
#include "parent/parent_certificate.h"

static size_t tell(const struct certificate *conf, const struct validity *validity,
                   const char *which, int64_t now)
{
    char words[CERTIFICATE_WORDS];
    if (!certificate_term(validity, now, words))
        return 0;
    log_at(LEVEL_WARNING, "", "certificate", field_text("name", conf->names[0]),
           field_text("chain", conf->chain_path), field_str("which", which),
           field_str("term", words));
    return 1;
}

size_t expiry_tell(const struct loaded *loaded, int64_t now)
{
    size_t told = 0;
    for (size_t i = 0; i < loaded->config->certificate_count; i++) {
        const struct certificate *conf = &loaded->config->certificates[i];
        struct certificate_study study;
        struct slice chain, key;
        const char *reason;
        if (!bundle_read(loaded->bundle, conf->chain_path, &chain, &reason) ||
            !bundle_read(loaded->bundle, conf->key_path, &key, &reason))
            continue;
        certificate_study(chain, key, &study);
        told += tell(conf, &study.first, "first", now);
        if (study.others.ends)
            told += tell(conf, &study.others, "behind the first", now);
    }
    return told;
}
