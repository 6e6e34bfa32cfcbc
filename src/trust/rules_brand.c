/* A brand is its name as readers see it, in lower case, the label of its domain, and the labels of its further ones.
 * Short and everyday names (chase, apple, ups) are not here, or only as phrases: a rule that is wrong about a person
 * costs more than one that misses a thief. */
#include "trust/rules_brand.h"
#include <ctype.h>

static const struct brand {
    struct str name, label;
    struct str also; /* blanks around each */
} brands[] = {
    { STR("paypal"), STR("paypal"), STR("") },
    { STR("amazon"), STR("amazon"), STR(" amazonses amazonaws audible primevideo ") },
    { STR("apple id"), STR("apple"), STR(" icloud ") },
    { STR("apple support"), STR("apple"), STR(" icloud ") },
    { STR("icloud"), STR("icloud"), STR(" apple ") },
    { STR("microsoft"), STR("microsoft"),
      STR(" microsoftonline microsoftstore office365 office outlook live hotmail linkedin github xbox azure ") },
    { STR("office 365"), STR("office365"), STR(" microsoft office outlook ") },
    { STR("onedrive"), STR("onedrive"), STR(" microsoft live ") },
    { STR("sharepoint"), STR("sharepoint"), STR(" microsoft ") },
    { STR("netflix"), STR("netflix"), STR("") },
    { STR("google"), STR("google"), STR(" youtube gmail googlemail android firebase ") },
    { STR("facebook"), STR("facebook"), STR(" facebookmail meta fb ") },
    { STR("instagram"), STR("instagram"), STR(" facebook facebookmail meta ") },
    { STR("whatsapp"), STR("whatsapp"), STR(" facebook meta ") },
    { STR("linkedin"), STR("linkedin"), STR("") },
    { STR("spotify"), STR("spotify"), STR("") },
    { STR("ebay"), STR("ebay"), STR(" ebayinc ") },
    { STR("dropbox"), STR("dropbox"), STR(" dropboxmail ") },
    { STR("docusign"), STR("docusign"), STR("") },
    { STR("coinbase"), STR("coinbase"), STR("") },
    { STR("binance"), STR("binance"), STR("") },
    { STR("metamask"), STR("metamask"), STR(" consensys ") },
    { STR("fedex"), STR("fedex"), STR("") },
    { STR("usps"), STR("usps"), STR("") },
    { STR("dhl"), STR("dhl"), STR(" deutschepost dpdhl ") },
    { STR("royal mail"), STR("royalmail"), STR("") },
    { STR("wells fargo"), STR("wellsfargo"), STR("") },
    { STR("bank of america"), STR("bankofamerica"), STR(" bofa ") },
    { STR("citibank"), STR("citibank"), STR(" citi ") },
    { STR("barclays"), STR("barclays"), STR(" barclaycard ") },
    { STR("hsbc"), STR("hsbc"), STR("") },
    { STR("santander"), STR("santander"), STR("") },
    { STR("western union"), STR("westernunion"), STR("") },
    { STR("moneygram"), STR("moneygram"), STR("") },
    { STR("commerzbank"), STR("commerzbank"), STR(" comdirect ") },
    { STR("deutsche bank"), STR("deutsche-bank"), STR(" db deutschebank ") },
    { STR("bnp paribas"), STR("bnpparibas"), STR(" hellobank ") },
    { STR("mcafee"), STR("mcafee"), STR("") },
    { STR("norton"), STR("norton"), STR(" lifelock gen symantec ") },
    { STR("geek squad"), STR("geeksquad"), STR(" bestbuy ") },
};
static const struct str lures[] = { STR("login"),  STR("secure"),  STR("verify"), STR("account"), STR("support"),
                                    STR("update"), STR("billing"), STR("signin"), STR("confirm"), STR("service") };

static struct str label_of(struct str org)
{
    size_t dot = str_chr(org, '.');
    return str_sub(org, 0, dot == STR_NONE ? org.n : dot);
}

static bool is_word_at(struct str text, size_t at, size_t n)
{
    bool before = at == 0 || !isalnum((unsigned char)text.p[at - 1]);
    return before && (at + n == text.n || !isalnum((unsigned char)text.p[at + n]));
}

/* ---- claimed ---- */
static bool may_use(const struct brand *b, struct str org)
{
    struct str rest = b->also, word, label = label_of(org);
    if (str_eq_nocase(label, b->label))
        return true;
    while ((word = str_word(str_trim(rest), &rest)).n > 0)
        if (str_eq_nocase(label, word))
            return true;
    return false;
}

bool brand_claimed(struct str text, struct str org)
{
    for (size_t i = 0; i < COUNT(brands); i++) {
        size_t at = str_find_nocase(text, brands[i].name);
        if (at != STR_NONE && is_word_at(text, at, brands[i].name.n) && !may_use(&brands[i], org))
            return true;
    }
    return false;
}

/* ---- mimicked ---- */
enum { SKELETON_MAX = 64, SKELETON_MIN = 5 };

/* What it looks like at a glance: "rn" is an m, a digit the letter that it resembles. */
static struct str skeleton(struct str s, char out[SKELETON_MAX])
{
    static const struct {
        char from, to;
    } same[] = { { '0', 'o' }, { '1', 'l' }, { 'i', 'l' }, { '3', 'e' }, { '5', 's' }, { '4', 'a' }, { '8', 'b' } };
    size_t n = 0;
    for (size_t i = 0; i < s.n && n < SKELETON_MAX; i++) {
        char c = char_lower(s.p[i]);
        bool pair = i + 1 < s.n;
        if (pair && c == 'r' && s.p[i + 1] == 'n')
            c = 'm', i++;
        else if (pair && c == 'v' && s.p[i + 1] == 'v')
            c = 'w', i++;
        for (size_t k = 0; k < COUNT(same); k++)
            c = c == same[k].from ? same[k].to : c;
        out[n++] = c;
    }
    return str_of(out, n);
}

static bool is_twin(struct str label)
{
    char mine[SKELETON_MAX], theirs[SKELETON_MAX];
    struct str s = skeleton(label, mine);
    for (size_t i = 0; i < COUNT(brands); i++)
        if (brands[i].label.n >= SKELETON_MIN && label.n + 2 >= brands[i].label.n && label.n <= brands[i].label.n + 2 &&
            !str_eq_nocase(label, brands[i].label) && str_eq(s, skeleton(brands[i].label, theirs)))
            return true;
    return false;
}

static bool is_brand(struct str label)
{
    for (size_t i = 0; i < COUNT(brands); i++)
        if (brands[i].label.n >= SKELETON_MIN && str_eq_nocase(label, brands[i].label))
            return true;
    return false;
}

static bool is_lure(struct str word)
{
    for (size_t i = 0; i < COUNT(lures); i++)
        if (str_eq_nocase(word, lures[i]))
            return true;
    return false;
}

bool brand_mimicked(struct str org)
{
    struct str rest = label_of(org);
    bool twin = is_twin(rest), brand = false, lure = false;
    while (rest.n > 0) {
        struct str word = str_cut(rest, '-', &rest);
        twin |= is_twin(word);
        brand |= is_brand(word);
        lure |= is_lure(word);
    }
    return twin || (brand && lure);
}

/* ---- below ---- */
bool brand_below(struct str host, struct str org)
{
    struct str rest = str_sub(host, 0, host.n > org.n ? host.n - org.n - 1 : 0);
    while (rest.n > 0) {
        struct str label = str_cut(rest, '.', &rest);
        if (is_brand(label) && (str_eq(label_of(rest), S("com")) || str_eq(label_of(rest), S("net"))))
            return true;
    }
    return false;
}
