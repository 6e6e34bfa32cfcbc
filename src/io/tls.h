/* TLS contexts on OpenSSL 3: 1.2 and newer, SSL_MODE_RELEASE_BUFFERS, no session cache, no tickets, no renegotiation
 * (research: 14.3 KB a connection is the floor). Certificates can be swapped while serving (SIGHUP). */
#pragma once
#include "base/err.h"
#include "base/str.h"
#include "wire/tlsa.h"

struct tls;
struct ssl_st;
[[nodiscard]] enum err tls_new(const char *cert_pem_path, const char *key_pem_path, struct tls **out);
/* The first thing that keeps two files from being a pair. */
enum tls_pair { TLS_PAIR_GOOD, TLS_PAIR_NO_CERT, TLS_PAIR_NO_KEY, TLS_PAIR_APART };
enum tls_pair tls_pair_look(const char *cert_pem_path, const char *key_pem_path);
/* Loads the pair again; on failure the old one stays in use. Any thread. */
[[nodiscard]] enum err tls_reload(struct tls *t, const char *cert_pem_path, const char *key_pem_path);
void tls_free(struct tls *t);
struct ssl_st *tls_accept_state(struct tls *t); /* a fresh server-side SSL, or NULL; for conn.c */
/* The client side. TLS_ANY_PEER encrypts without asking to whom (opportunistic, RFC 7435); TLS_KNOWN_PEER verifies the
 * chain and the host's name; TLS_TOLD_PEER likewise, but only tells (tls_fault()); TLS_DANE_PEER what TLSA records say
 * (RFC 7672), and no authority of ours. ca_file: NULL for the system's. Freed by tls_free(). */
enum tls_peer { TLS_ANY_PEER, TLS_KNOWN_PEER, TLS_TOLD_PEER, TLS_DANE_PEER };
[[nodiscard]] enum err tls_client_new(enum tls_peer peer, const char *ca_file, struct tls **out);
/* What was wrong with the certificate that the server showed, as far as the context looks. */
enum tls_fault { TLS_FAULTLESS, TLS_FAULT_HOST, TLS_FAULT_EXPIRED, TLS_FAULT_UNTRUSTED };
enum tls_fault tls_fault(const struct ssl_st *ssl);
struct ssl_st *tls_connect_state(struct tls *t, const char *host); /* a fresh client-side SSL, or NULL; for conn.c */
/* For TLS_DANE_PEER: host is where the records are, named to the server; a certificate under a DANE-TA record must be
 * for it or for domain, whose mail it is. NULL also when no record can be used. */
struct tls_dane {
    const char *host, *domain;
    const struct tlsa *v;
    size_t n;
};
struct ssl_st *tls_connect_dane(struct tls *t, const struct tls_dane *d);
/* A self-signed P-256 pair for hostname, valid 825 days, written with mode 0600 next to each other. */
[[nodiscard]] enum err tls_self_signed(const char *hostname, const char *cert_pem_path, const char *key_pem_path);
