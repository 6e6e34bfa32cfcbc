/* Attachments that run something when they are opened, by their first bytes and their names. */
#include "trust/rules_part.h"

static bool any(const struct facts *f, bool (*test)(const struct content_file *file))
{
    for (size_t i = 0; i < f->c->files_n; i++)
        if (test(&f->c->files[i]))
            return true;
    return false;
}

/* By its content or by its name: a browser believes the name. */
static bool is_page(const struct content_file *f)
{
    static const struct str ends[] = {
        STR(".html"), STR(".htm"), STR(".xhtml"), STR(".shtml"), STR(".svg"), STR(".mht")
    };
    for (size_t i = 0; i < COUNT(ends); i++)
        if (str_ends_nocase(f->name, ends[i]))
            return true;
    return str_eq(f->type, S("text/html")) || str_eq(f->type, S("application/xhtml+xml")) ||
           str_eq(f->type, S("image/svg+xml"));
}
static bool is_disguised(const struct content_file *f) { return f->disguised; }
static bool is_page_to_open(const struct content_file *f) { return f->dangerous && is_page(f) && !f->disguised; }
static bool runs(const struct content_file *f)
{
    return f->dangerous && !is_page(f) && !f->disguised && !f->packed && !f->unseen && !f->closed;
}
static bool is_packed(const struct content_file *f) { return f->packed; }
static bool is_unseen(const struct content_file *f) { return f->unseen; }
static bool is_closed(const struct content_file *f) { return f->closed; }

bool rule_file_disguised(const struct facts *f) { return any(f, is_disguised); }
bool rule_file_runs(const struct facts *f) { return any(f, runs); }
bool rule_file_page(const struct facts *f) { return any(f, is_page_to_open); }
bool rule_file_packed(const struct facts *f) { return any(f, is_packed); }
bool rule_file_unseen(const struct facts *f) { return any(f, is_unseen); }
bool rule_file_closed(const struct facts *f) { return any(f, is_closed); }
bool rule_file_unread(const struct facts *f) { return MIME_IS_CUT(f->c->tree); }
