/* Base64, hex, UTF-8, quoted-printable and friends: encodings as total functions over views. Decoders write at most
 * what they say and never past *n. */
#pragma once
#include "base/buf.h"
#include "base/err.h"

size_t text_hex(char *out, struct str in); /* writes 2 * in.n lower-case digits, returns that */
[[nodiscard]] enum err text_unhex(struct str in, uint8_t *out, size_t out_n); /* exact length, either case */
void text_base64(struct buf *out, struct str in);                             /* RFC 4648 section 4, padded */
void text_base64url(struct buf *out, struct str in);                          /* section 5, unpadded */
/* Strict: canonical alphabet, right padding (none for url). ERR_BAD otherwise. */
[[nodiscard]] enum err text_unbase64(struct buf *out, struct str in);
[[nodiscard]] enum err text_unbase64url(struct buf *out, struct str in);
size_t utf8_ascii(struct str s); /* how many bytes at the front are ASCII */
bool utf8_valid(struct str s);   /* RFC 3629: no surrogates, no overlongs, at most U+10FFFF */
/* Decodes one code point at s.p; returns its length 1..4, or 0 when s is empty, ill-formed or cut. */
size_t utf8_next(struct str s, uint32_t *cp);
/* Where utf8_next() answers 0: the length of the maximal ill-formed subpart, at least 1 (0 when s is empty). */
size_t utf8_ill_formed(struct str s);
void utf8_put(struct buf *out, uint32_t cp); /* U+FFFD for what is no code point */
/* Copies s, every ill-formed sequence becoming U+FFFD (one per maximal subpart, as WHATWG does). */
void utf8_scrub(struct buf *out, struct str s);
/* The longest prefix of at most n bytes that does not cut a code point. */
struct str utf8_cut(struct str s, size_t n);
/* JSON string with quotes, RFC 8259; ill-formed UTF-8 becomes U+FFFD; also escapes < > & and U+2028/9. */
void text_json(struct buf *out, struct str s);
/* HTML text and double-quoted attribute values: & < > " ' escaped. */
void text_html(struct buf *out, struct str s);
/* RFC 3339 in UTC with ms when not zero: 2026-11-22T04:05:06Z */
void text_rfc3339(struct buf *out, int64_t ms);
[[nodiscard]] enum err text_rfc3339_parse(struct str in, int64_t *ms);
/* application/x-www-form-urlencoded and URI percent decoding; '+' becomes a space only when plus is true. */
[[nodiscard]] enum err text_percent_decode(struct buf *out, struct str in, bool plus);
