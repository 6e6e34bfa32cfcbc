/* LIST (RFC 9051 section 6.3.9, with RFC 5258, 5819, 6154) and LSUB. All folders are looked at for each pattern, once:
 * there are at most some two hundred, and what all patterns together may take up is bounded. A name that is subscribed
 * though no mailbox has it (RFC 3501 section 6.3.6) is among them where subscribed ones are asked for, its number 0. */
#include "serve/imap_command.h"
#include "serve/imap_name.h"
#include "wire/imap_mailbox.h"
#include "wire/imap_write.h"

enum { PATTERNS_MAX = 64, PATTERN_OCTETS = 1024 /* of all of them; each costs a look at each octet of each name */ };
enum { SELECT_SUBSCRIBED = 1, SELECT_REMOTE = 2, SELECT_RECURSIVE = 4, SELECT_SPECIAL = 8 };
enum { RETURN_SUBSCRIBED = 1, RETURN_CHILDREN = 2, RETURN_SPECIAL = 4 };

struct match {
    bool itself;
    uint32_t above; /* levels above it: imap_pattern_match_above() */
};
struct listing {
    struct str patterns[PATTERNS_MAX];
    size_t patterns_n, octets;
    struct match *match;          /* of each folder */
    unsigned select, ret, status; /* status: items of STATUS, 0: none */
    bool lsub;
    struct str was; /* OLDNAME */
};

struct option {
    struct str name;
    unsigned bit;
};
static const struct option selects[] = {
    { STR("SUBSCRIBED"), SELECT_SUBSCRIBED },
    { STR("REMOTE"), SELECT_REMOTE },
    { STR("RECURSIVEMATCH"), SELECT_RECURSIVE },
    { STR("SPECIAL-USE"), SELECT_SPECIAL },
};
static const struct option returns[] = {
    { STR("SUBSCRIBED"), RETURN_SUBSCRIBED },
    { STR("CHILDREN"), RETURN_CHILDREN },
    { STR("SPECIAL-USE"), RETURN_SPECIAL },
};

/* ---- reading ---- */

static bool read_option(struct imap_token *t, const struct option *v, size_t n, unsigned *out)
{
    struct str name;
    if (!imap_token_atom(t, &name))
        return false;
    for (size_t i = 0; i < n; i++)
        if (str_eq_nocase(v[i].name, name)) {
            *out |= v[i].bit;
            return true;
        }
    return false;
}

static bool read_selection(struct imap_token *t, struct listing *l)
{
    if (imap_token_peek(t) != '(')
        return true;
    if (!imap_token_open(t))
        return false;
    if (imap_token_peek(t) == ')')
        return imap_token_close(t) && imap_token_sp(t);
    do {
        if (!read_option(t, selects, COUNT(selects), &l->select))
            return false;
    } while (imap_token_more(t));
    /* RFC 5258 section 3.1: it modifies another one */
    bool alone = l->select & SELECT_RECURSIVE && !(l->select & (SELECT_SUBSCRIBED | SELECT_SPECIAL));
    return !alone && imap_token_sp(t);
}

static bool read_return(struct imap_session *s, struct listing *l)
{
    struct imap_token *t = &s->cmd->in;
    if (!imap_more(t))
        return !t->failed;
    if (!imap_token_sp(t) || !imap_token_try(t, S("RETURN")) || !imap_token_sp(t) || !imap_token_open(t))
        return false;
    if (imap_token_peek(t) == ')')
        return imap_token_close(t) && imap_token_end(t);
    do {
        bool good = imap_token_try(t, S("STATUS")) ? imap_token_sp(t) && imap_status_read(s, &l->status)
                                                   : read_option(t, returns, COUNT(returns), &l->ret);
        if (!good)
            return false;
    } while (imap_token_more(t));
    return imap_token_end(t);
}

static bool add_pattern(struct imap_session *s, struct listing *l, struct str ref, struct str pattern)
{
    AUTO_BUF struct buf text = { .max = LIMIT_IMAP_LINE }, inner = { .max = LIMIT_IMAP_LINE };
    buf_put(&text, ref);
    buf_put(&text, pattern);
    if (l->patterns_n == PATTERNS_MAX)
        return false;
    if (imap_pattern_read(&inner, buf_str(&text), imap_utf8(s)) != OK)
        return true; /* no name can match it */
    l->octets += inner.n;
    if (l->octets > PATTERN_OCTETS) {
        s->cmd->in.full = true;
        return false;
    }
    struct str kept = arena_dup(&s->cmd->arena, buf_str(&inner));
    l->patterns[l->patterns_n++] = kept;
    return kept.p != NULL;
}

/* "ref pattern" or, extended, "ref (pattern pattern)". *root: an empty pattern asks for the separator. */
static bool read_patterns(struct imap_session *s, struct listing *l, bool *root)
{
    struct imap_token *t = &s->cmd->in;
    struct str ref, pattern;
    *root = false;
    if (!imap_token_astring(t, &ref) || !imap_token_sp(t))
        return false;
    bool many = !l->lsub && imap_token_peek(t) == '(';
    if (many && !imap_token_open(t))
        return false;
    do {
        if (!imap_token_list_mailbox(t, &pattern) || !add_pattern(s, l, ref, pattern))
            return false;
        *root |= str_empty(pattern);
    } while (many && imap_token_more(t));
    *root &= !many;
    return !t->failed;
}

/* ---- answering ---- */

static const char *use_of(const struct folder *f)
{
    switch (f->at.no) {
    case FOLDER_JUNK:
        return "\\Junk";
    case FOLDER_SENT:
        return "\\Sent";
    case FOLDER_DRAFTS:
        return "\\Drafts";
    case FOLDER_TRASH:
        return "\\Trash";
    default:
        return f->at.archive ? "\\Archive" : NULL;
    }
}

static struct match match(const struct listing *l, struct str name)
{
    struct match m = { false };
    for (size_t i = 0; i < l->patterns_n && !m.itself; i++)
        m.itself = imap_pattern_match_above(l->patterns[i], name, &m.above);
    return m;
}

static bool selected(const struct listing *l, const struct folder *f)
{
    return (!(l->select & SELECT_SUBSCRIBED) || f->at.subscribed) &&
           (!(l->select & SELECT_SPECIAL) || use_of(f) != NULL);
}

static bool has_children(const struct imap_answer *a, struct str name)
{
    for (size_t i = 0; i < a->folders_n; i++)
        if (a->folders[i].at.no != 0 && imap_name_within(a->folders[i].name, name))
            return true;
    return false;
}

/* Below it lies something that is selected but not listed itself: RFC 5258 section 3.5; for LSUB, RFC 3501 6.3.9. */
static bool leads_to_selected(const struct listing *l, const struct imap_answer *a, const struct folder *f)
{
    for (size_t i = 0; i < a->folders_n; i++) {
        const struct folder *other = &a->folders[i];
        if (imap_name_within(other->name, f->name) && selected(l, other) && !l->match[i].itself)
            return true;
    }
    return false;
}

static void put_attribute(struct buf *out, const char **gap, const char *name)
{
    buf_puts(out, *gap);
    buf_puts(out, name);
    *gap = " ";
}

static void put(struct imap_session *s, const struct listing *l, const struct imap_answer *a, const struct folder *f,
                bool itself, bool leads)
{
    struct buf *out = s->out;
    const char *gap = "", *use = use_of(f);
    buf_puts(out, l->lsub ? "* LSUB (" : "* LIST (");
    if (l->lsub && !itself)
        put_attribute(out, &gap, "\\NoSelect");
    if (!l->lsub && f->at.subscribed && (l->ret & RETURN_SUBSCRIBED || l->select & SELECT_SUBSCRIBED))
        put_attribute(out, &gap, "\\Subscribed");
    if (!l->lsub && f->at.no == 0)
        put_attribute(out, &gap, "\\NonExistent");
    if (!l->lsub)
        put_attribute(out, &gap, has_children(a, f->name) ? "\\HasChildren" : "\\HasNoChildren");
    if (!l->lsub && use != NULL)
        put_attribute(out, &gap, use);
    buf_puts(out, ") \"/\" ");
    imap_mailbox_put(out, f->name, imap_utf8(s));
    if (leads && l->select & SELECT_RECURSIVE)
        buf_puts(out, l->select & SELECT_SUBSCRIBED ? " (\"CHILDINFO\" (\"SUBSCRIBED\"))"
                                                    : " (\"CHILDINFO\" (\"SPECIAL-USE\"))");
    if (l->was.n > 0) {
        buf_puts(out, " (\"OLDNAME\" (");
        imap_mailbox_put(out, l->was, imap_utf8(s));
        buf_puts(out, "))");
    }
    buf_puts(out, "\r\n");
    if (l->status != 0 && itself && f->at.no != 0)
        imap_status_put(s, f, l->status);
}

void imap_list_put_changed(struct imap_session *s, const struct imap_answer *a, const struct folder *f, struct str was)
{
    const struct listing l = { .ret = RETURN_SUBSCRIBED, .was = was };
    put(s, &l, a, f, true, false);
}

void imap_list_put_gone(struct imap_session *s, const struct imap_answer *a, struct str name)
{
    buf_puts(s->out,
             has_children(a, name) ? "* LIST (\\NonExistent \\HasChildren) \"/\" " : "* LIST (\\NonExistent) \"/\" ");
    imap_mailbox_put(s->out, name, imap_utf8(s));
    buf_puts(s->out, "\r\n");
}

void imap_list_put_plain(struct imap_session *s, const struct folder *f)
{
    buf_puts(s->out, "* LIST () \"/\" ");
    imap_mailbox_put(s->out, f->name, imap_utf8(s));
    buf_puts(s->out, "\r\n");
}

static enum err match_all(struct imap_session *s, struct listing *l, const struct imap_answer *a)
{
    l->match = a->err == OK ? arena_array(&s->cmd->arena, a->folders_n + 1, sizeof *l->match) : NULL;
    if (l->match == NULL)
        return a->err != OK ? a->err : ERR_IO;
    for (size_t i = 0; i < a->folders_n; i++)
        l->match[i] = match(l, a->folders[i].name);
    return OK;
}

static bool leads(const struct listing *l) { return l->lsub || l->select & SELECT_RECURSIVE; }

static bool is_unlisted(const struct listing *l, const struct imap_answer *a, size_t i)
{
    return a->folders[i].at.no == 0 && !l->match[i].itself && selected(l, &a->folders[i]);
}

/* Another one before has had it listed, or it is a name in its own right. */
static bool is_known(const struct listing *l, const struct imap_answer *a, size_t i, struct str above)
{
    for (size_t k = 0; k < i; k++)
        if (is_unlisted(l, a, k) && imap_name_within(a->folders[k].name, above))
            return true;
    return imap_folder_find(a, above) != NULL;
}

/* What leads to a name that no mailbox has may be no mailbox either. */
static void put_above(struct imap_session *s, const struct listing *l, const struct imap_answer *a, size_t i)
{
    struct str name = a->folders[i].name;
    uint32_t level = 1;
    for (size_t n = 0; n < name.n; n++) {
        const struct folder above = { .name = str_sub(name, 0, n) };
        if (name.p[n] != IMAP_SEPARATOR)
            continue;
        if (l->match[i].above & level && !is_known(l, a, i, above.name))
            put(s, l, a, &above, false, true);
        level <<= 1;
    }
}

static void on_folders(struct imap_session *s, const struct imap_answer *a)
{
    struct listing *l = s->cmd->state;
    enum err e = match_all(s, l, a);
    for (size_t i = 0; e == OK && i < a->folders_n; i++) {
        const struct folder *f = &a->folders[i];
        bool itself = l->match[i].itself && selected(l, f);
        bool to_others = l->match[i].itself && leads(l) && leads_to_selected(l, a, f);
        if (itself || to_others)
            put(s, l, a, f, itself, to_others);
        else if (leads(l) && is_unlisted(l, a, i))
            put_above(s, l, a, i);
    }
    if (e == OK)
        imap_reply(s, "OK that is all");
    else
        imap_fail(s, e);
}

static void run(struct imap_session *s, bool lsub)
{
    struct listing *l = imap_state(s, sizeof *l);
    bool root;
    if (l == NULL)
        return;
    l->lsub = lsub;
    l->select = lsub ? SELECT_SUBSCRIBED : 0;
    bool good = (lsub || read_selection(&s->cmd->in, l)) && read_patterns(s, l, &root) &&
                (lsub ? imap_token_end(&s->cmd->in) : read_return(s, l));
    if (!good) {
        imap_bad(s);
    } else if (root) {
        imap_untagged(s, "%s (\\Noselect) \"/\" \"\"", lsub ? "LSUB" : "LIST");
        imap_reply(s, "OK that is all");
    } else if (l->select & SELECT_SUBSCRIBED) {
        imap_ask(s, on_folders)->folders_vacant(s);
    } else {
        imap_ask(s, on_folders)->folders(s);
    }
}

void imap_run_list(struct imap_session *s) { run(s, false); }
void imap_run_lsub(struct imap_session *s) { run(s, true); }
