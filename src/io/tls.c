/* The context in use is replaced whole, under a lock that is held for a pointer only; connections keep the one they
 * began with. */
#include "io/tls.h"
#include "wire/ip.h"
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct tls {
    pthread_mutex_t lock;
    SSL_CTX *ctx;
    enum tls_peer peer; /* client side only */
};

/* An encrypted key would have OpenSSL ask on the terminal. */
static int no_passphrase(char *, int, int, void *) { return 0; }

/* RFC 7301: those who ask for protocols are on HTTP; nothing but HTTP/1.1 is spoken, others are let through as they
 * are. */
static int choose_alpn(SSL *, const unsigned char **out, unsigned char *out_n, const unsigned char *in, unsigned in_n,
                       void *)
{
    static const unsigned char ours[] = "\x08http/1.1";
    unsigned char *chosen;
    if (SSL_select_next_proto(&chosen, out_n, ours, sizeof ours - 1, in, in_n) != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_NOACK;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

/* TLS 1.2 with forward secrecy and AEAD (RFC 9325 section 4.2), all of 1.3. */
static SSL_CTX *context_new(const SSL_METHOD *method)
{
    SSL_CTX *ctx = SSL_CTX_new(method);
    if (!ctx)
        return NULL;
    SSL_CTX_set_mode(ctx,
                     SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(ctx, 0);
    SSL_CTX_set_default_passwd_cb(ctx, no_passphrase);
    if (SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) &&
        SSL_CTX_set_cipher_list(ctx, "ECDHE+AESGCM:ECDHE+CHACHA20") &&
        SSL_CTX_set1_groups_list(ctx, "X25519:P-256:P-384"))
        return ctx;
    SSL_CTX_free(ctx);
    return NULL;
}

/* A key of the certificate's kind is compared as it is loaded. */
static enum tls_pair pair_use(SSL_CTX *ctx, const char *cert, const char *key)
{
    if (SSL_CTX_use_certificate_chain_file(ctx, cert) != 1)
        return TLS_PAIR_NO_CERT;
    if (SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1)
        return ERR_GET_REASON(ERR_peek_last_error()) == X509_R_KEY_VALUES_MISMATCH ? TLS_PAIR_APART : TLS_PAIR_NO_KEY;
    return SSL_CTX_check_private_key(ctx) == 1 ? TLS_PAIR_GOOD : TLS_PAIR_APART;
}

static enum err server_context(const char *cert, const char *key, SSL_CTX **out)
{
    SSL_CTX *ctx = context_new(TLS_server_method());
    if (!ctx)
        return ERR_IO;
    SSL_CTX_set_alpn_select_cb(ctx, choose_alpn, NULL);
    enum tls_pair pair = pair_use(ctx, cert, key);
    ERR_clear_error();
    if (pair != TLS_PAIR_GOOD) {
        SSL_CTX_free(ctx);
        return ERR_BAD;
    }
    *out = ctx;
    return OK;
}

enum tls_pair tls_pair_look(const char *cert_pem_path, const char *key_pem_path)
{
    SSL_CTX *ctx = context_new(TLS_server_method());
    enum tls_pair pair = ctx ? pair_use(ctx, cert_pem_path, key_pem_path) : TLS_PAIR_GOOD; /* no fault of theirs */
    ERR_clear_error();
    SSL_CTX_free(ctx);
    return pair;
}

static enum err tls_wrap(SSL_CTX *ctx, enum tls_peer peer, struct tls **out)
{
    struct tls *t = calloc(1, sizeof *t);
    if (!t) {
        SSL_CTX_free(ctx);
        return ERR_IO;
    }
    pthread_mutex_init(&t->lock, NULL);
    t->ctx = ctx;
    t->peer = peer;
    *out = t;
    return OK;
}

enum err tls_new(const char *cert_pem_path, const char *key_pem_path, struct tls **out)
{
    SSL_CTX *ctx;
    enum err e = server_context(cert_pem_path, key_pem_path, &ctx);
    return e == OK ? tls_wrap(ctx, TLS_ANY_PEER, out) : e;
}

enum err tls_reload(struct tls *t, const char *cert_pem_path, const char *key_pem_path)
{
    SSL_CTX *fresh, *old;
    enum err e = server_context(cert_pem_path, key_pem_path, &fresh);
    if (e != OK)
        return e;
    pthread_mutex_lock(&t->lock);
    old = t->ctx;
    t->ctx = fresh;
    pthread_mutex_unlock(&t->lock);
    SSL_CTX_free(old);
    return OK;
}

enum err tls_client_new(enum tls_peer peer, const char *ca_file, struct tls **out)
{
    SSL_CTX *ctx = context_new(TLS_client_method());
    if (!ctx)
        return ERR_IO;
    int ok = peer == TLS_DANE_PEER ? SSL_CTX_dane_enable(ctx)
             : ca_file             ? SSL_CTX_load_verify_file(ctx, ca_file)
                                   : SSL_CTX_set_default_verify_paths(ctx);
    ERR_clear_error();
    SSL_CTX_set_verify(ctx, peer == TLS_ANY_PEER || peer == TLS_TOLD_PEER ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, NULL);
    if (ok == 1)
        return tls_wrap(ctx, peer, out);
    SSL_CTX_free(ctx);
    return ERR_BAD;
}

void tls_free(struct tls *t)
{
    if (!t)
        return;
    SSL_CTX_free(t->ctx);
    pthread_mutex_destroy(&t->lock);
    free(t);
}

static SSL *ssl_of(struct tls *t)
{
    pthread_mutex_lock(&t->lock);
    SSL_CTX *ctx = t->ctx;
    SSL_CTX_up_ref(ctx);
    pthread_mutex_unlock(&t->lock);
    SSL *ssl = SSL_new(ctx);
    SSL_CTX_free(ctx);
    return ssl;
}

SSL *tls_accept_state(struct tls *t)
{
    SSL *ssl = ssl_of(t);
    if (ssl)
        SSL_set_accept_state(ssl);
    return ssl;
}

/* RFC 6066 section 3: an address is no server name. */
static bool expect_host(SSL *ssl, const char *host, bool verify)
{
    struct ip ip;
    if (ip_parse(str_c(host), &ip) == OK)
        return !verify || X509_VERIFY_PARAM_set1_ip(SSL_get0_param(ssl), ip.b, ip_n(&ip)) == 1;
    return SSL_set_tlsext_host_name(ssl, host) == 1 && (!verify || SSL_set1_host(ssl, host) == 1);
}

SSL *tls_connect_state(struct tls *t, const char *host)
{
    SSL *ssl = ssl_of(t);
    if (!ssl)
        return NULL;
    SSL_set_connect_state(ssl);
    if (expect_host(ssl, host, t->peer != TLS_ANY_PEER))
        return ssl;
    SSL_free(ssl);
    return NULL;
}

enum tls_fault tls_fault(const SSL *ssl)
{
    switch (SSL_get_verify_result(ssl)) {
    case X509_V_OK:
        return TLS_FAULTLESS;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        return TLS_FAULT_HOST;
    case X509_V_ERR_CERT_HAS_EXPIRED:
        return TLS_FAULT_EXPIRED;
    }
    return TLS_FAULT_UNTRUSTED;
}

/* RFC 7672 section 3.1.1: with DANE-EE the record is all that counts, neither names nor dates do. */
static bool take_records(SSL *ssl, const struct tls_dane *d)
{
    size_t usable = 0;
    SSL_dane_set_flags(ssl, DANE_FLAG_NO_DANE_EE_NAMECHECKS);
    for (size_t i = 0; i < d->n; i++) {
        const struct tlsa *r = &d->v[i];
        usable +=
            SSL_dane_tlsa_add(ssl, r->usage, r->selector, r->match, (const unsigned char *)r->data.p, r->data.n) > 0;
    }
    ERR_clear_error();
    return usable > 0;
}

SSL *tls_connect_dane(struct tls *t, const struct tls_dane *d)
{
    SSL *ssl = ssl_of(t);
    if (!ssl)
        return NULL;
    SSL_set_connect_state(ssl);
    if (SSL_dane_enable(ssl, d->host) > 0 && SSL_set_tlsext_host_name(ssl, d->host) == 1 &&
        SSL_add1_host(ssl, d->domain) == 1 && take_records(ssl, d))
        return ssl;
    SSL_free(ssl);
    return NULL;
}
