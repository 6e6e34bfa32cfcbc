/* What a mail program says about junk: a move or a copy to or from Junk, and the keywords $Junk and $NotJunk that are
 * in use beside it (IANA's registry of IMAP keywords). */
#include "core/lesson.h"
#include "serve/imap_client.h"

static void teach(struct imap_client *c, const struct msg_id *id, bool spam)
{
    struct mail_at at = imap_client_at(c);
    lesson_give(&at, c->of->o.teacher, c->of->o.said, &c->c.peer, id, spam);
}

/* What leaves Junk for Trash is no less junk. */
void imap_client_teach_moved(struct imap_client *c, const struct store_gone *from, const struct store_row *now,
                             size_t n)
{
    for (size_t i = 0; i < MIN(n, (size_t)TEACHER_A_DAY); i++) {
        bool was = from[i].folder == FOLDER_JUNK, is = now[i].folder == FOLDER_JUNK;
        if (was != is && now[i].folder != FOLDER_TRASH)
            teach(c, &now[i].id, is);
    }
}

/* Whether one of the flags is that keyword. */
static bool has_keyword(const struct imap_client *c, uint32_t flags, struct str name)
{
    for (uint32_t bit = 1; bit != 0; bit <<= 1)
        if (flags & bit && str_eq_nocase(keyword_name(c->o, bit), name))
            return true;
    return false;
}

void imap_client_teach_flagged(struct imap_client *c, const struct store_flag *r)
{
    bool spam = has_keyword(c, r->set, S("$Junk")), ham = has_keyword(c, r->set, S("$NotJunk"));
    for (size_t i = 0; spam != ham && i < MIN(r->rows_n, (size_t)TEACHER_A_DAY); i++)
        if (r->how[i] == FLAGGED_CHANGED)
            teach(c, &r->rows[i].id, spam);
}
