/* SPDX-License-Identifier: ISC */
#include "base/stream_internal.h"

#include <openssl/err.h>

const char *stream_tls_reason(void)
{
    unsigned long code = ERR_peek_last_error();
    const char *text = code ? ERR_reason_error_string(code) : NULL;
    return text ? text : "connection broken";
}

void stream_handshake(struct stream *s)
{
    if (s->failed_later) {
        stream_end(s, STREAM_FAILED);
        return;
    }
    ERR_clear_error();
    int n = SSL_do_handshake(s->ssl);
    if (n == 1) {
        s->wire = WIRE_SECURE;
        s->may_hold_bytes = true;
        stream_want_write(s, false);
        stream_start_reading(s);
        if (stream_tell(s, STREAM_SECURED) && !s->paused && s->wire == WIRE_SECURE)
            event_active(s->readable, EV_READ, 1);
        return;
    }
    switch (SSL_get_error(s->ssl, n)) {
    case SSL_ERROR_WANT_READ:
        stream_want_write(s, false);
        stream_start_reading(s);
        break;
    case SSL_ERROR_WANT_WRITE:
        stream_want_write(s, true);
        break;
    default:
        stream_set_error(s, "TLS handshake", stream_tls_reason());
        stream_end(s, STREAM_FAILED);
    }
}

static void cleanse_plaintext(struct stream *s)
{
    if (s->ssl && s->secret)
        SSL_set_options(s->ssl, SSL_OP_CLEANSE_PLAINTEXT);
    else if (s->ssl)
        SSL_clear_options(s->ssl, SSL_OP_CLEANSE_PLAINTEXT);
}

size_t stream_secure(struct stream *s, SSL *ssl)
{
    size_t thrown_away = buf_len(&s->in);
    buf_release(&s->in);
    stream_flush(s); /* the "220 go ahead" leaves in plaintext, or not at all */
    if (stream_output_pending(s)) {
        stream_set_error(s, "STARTTLS", "the peer does not read");
        s->failed_later = true;
    }
    SSL_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                          SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_set_fd(ssl, s->fd);
    s->ssl = ssl;
    cleanse_plaintext(s);
    s->wire = WIRE_HANDSHAKE;
    s->paused = false;
    stream_start_reading(s);
    event_active(s->writable, EV_WRITE, 1);
    return thrown_away;
}

/* What the buffer holds may still be secret afterwards. */
void stream_reads_secrets(struct stream *s, bool secret)
{
    s->secret = secret;
    s->in.wipes |= secret;
    cleanse_plaintext(s);
}

void stream_writes_secrets(struct stream *s)
{
    s->out.wipes = true;
}
