/* A certificate for trying things out, and for mail servers, most of which ask for encryption and not for a name. */
#include "io/file.h"
#include "io/tls.h"
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <string.h>

enum { DAYS = 825, CN_MAX = 64 }; /* the most that Apple's clients take; ub-common-name of RFC 5280 */

static bool add_name(GENERAL_NAMES *names, int type, ASN1_STRING *value)
{
    GENERAL_NAME *name = GENERAL_NAME_new();
    if (!name || !value) {
        GENERAL_NAME_free(name);
        ASN1_STRING_free(value);
        return false;
    }
    GENERAL_NAME_set0_value(name, type, value);
    return sk_GENERAL_NAME_push(names, name) > 0;
}

static ASN1_STRING *dns(const char *host)
{
    ASN1_IA5STRING *s = ASN1_IA5STRING_new();
    if (s && !ASN1_STRING_set(s, host, -1)) {
        ASN1_STRING_free(s);
        s = NULL;
    }
    return s;
}

/* A name under localhost is tried out from the same machine, by any of its names. */
static bool add_alt_names(X509 *x, const char *host)
{
    GENERAL_NAMES *names = GENERAL_NAMES_new();
    bool ok = names && add_name(names, GEN_DNS, dns(host));
    if (ok && (str_eq(str_c(host), S("localhost")) || str_ends(str_c(host), S(".localhost"))))
        ok = add_name(names, GEN_DNS, dns("localhost")) && add_name(names, GEN_IPADD, a2i_IPADDRESS("127.0.0.1")) &&
             add_name(names, GEN_IPADD, a2i_IPADDRESS("::1"));
    ok = ok && X509_add1_ext_i2d(x, NID_subject_alt_name, names, 0, 0) == 1;
    GENERAL_NAMES_free(names);
    return ok;
}

static bool add_extension(X509 *x, int nid, const char *value)
{
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
    bool ok = e && X509_add_ext(x, e, -1) == 1;
    X509_EXTENSION_free(e);
    return ok;
}

static bool set_serial(X509 *x)
{
    unsigned char raw[16];
    if (RAND_bytes(raw, sizeof raw) != 1)
        return false;
    raw[0] &= 0x7f; /* positive: RFC 5280 section 4.1.2.2 */
    BIGNUM *n = BN_bin2bn(raw, sizeof raw, NULL);
    bool ok = n && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x));
    BN_free(n);
    return ok;
}

static bool set_subject(X509 *x, const char *host)
{
    X509_NAME *name = X509_get_subject_name(x);
    const char *cn = strlen(host) <= CN_MAX ? host : "mayfly";
    return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)cn, -1, -1, 0) == 1 &&
           X509_set_issuer_name(x, name) == 1;
}

static X509 *certificate(EVP_PKEY *key, const char *host)
{
    X509 *x = X509_new();
    bool ok = x && X509_set_version(x, X509_VERSION_3) == 1 && set_serial(x) && set_subject(x, host) &&
              X509_gmtime_adj(X509_getm_notBefore(x), -3600) && /* clocks differ */
              X509_gmtime_adj(X509_getm_notAfter(x), (long)DAYS * 86400) && X509_set_pubkey(x, key) == 1 &&
              add_extension(x, NID_basic_constraints, "critical,CA:FALSE") &&
              add_extension(x, NID_key_usage, "critical,digitalSignature") &&
              add_extension(x, NID_ext_key_usage, "serverAuth") && add_alt_names(x, host) &&
              X509_sign(x, key, EVP_sha256()) > 0;
    if (ok)
        return x;
    X509_free(x);
    return NULL;
}

static enum err save_bio(BIO *bio, bool written, const char *path)
{
    char *p = NULL;
    long n = BIO_get_mem_data(bio, &p);
    return written && n > 0 ? file_save(path, str_of(p, (size_t)n)) : ERR_IO;
}

static enum err save_pair(EVP_PKEY *key, X509 *x, const char *cert_path, const char *key_path)
{
    BIO *bio = BIO_new(BIO_s_secmem());
    enum err e =
        bio ? save_bio(bio, PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1, key_path) : ERR_IO;
    BIO_free(bio);
    bio = e == OK ? BIO_new(BIO_s_mem()) : NULL;
    if (bio)
        e = save_bio(bio, PEM_write_bio_X509(bio, x) == 1, cert_path);
    else
        e = ERR_IO;
    BIO_free(bio);
    return e;
}

enum err tls_self_signed(const char *hostname, const char *cert_pem_path, const char *key_pem_path)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *x = key ? certificate(key, hostname) : NULL;
    enum err e = x ? save_pair(key, x, cert_pem_path, key_pem_path) : ERR_IO;
    X509_free(x);
    EVP_PKEY_free(key);
    return e;
}
