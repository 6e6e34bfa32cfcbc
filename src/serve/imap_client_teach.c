/* What a mail program says about junk: a move or a copy to or from Junk, and the keywords $Junk and $NotJunk that are
 * in use beside it (IANA's registry of IMAP keywords): set, it is said; removed, it is not said any more. */
#include "core/lesson.h"
#include "serve/imap_client.h"

static void teach(struct imap_client *c, const struct msg_id *id, bool spam, bool back)
{
    struct mail_at at = imap_client_at(c);
    lesson_give(&at, c->of->o.teacher, c->of->o.said, &c->c.peer, id, (struct lesson_word){ spam, back });
}

/* What leaves Junk for Trash is no less junk. */
void imap_client_teach_moved(struct imap_client *c, const struct store_gone *from, const struct store_row *now,
                             size_t n)
{
    for (size_t i = 0; i < MIN(n, (size_t)TEACHER_A_DAY); i++) {
        bool was = from[i].folder == FOLDER_JUNK, is = now[i].folder == FOLDER_JUNK;
        if (was != is && now[i].folder != FOLDER_TRASH)
            teach(c, &now[i].id, is, false);
    }
}

static uint32_t keyword_bit(const struct imap_client *c, struct str name)
{
    for (uint32_t bit = 1; bit != 0; bit <<= 1)
        if (str_eq_nocase(keyword_name(c->o, bit), name))
            return bit;
    return 0;
}

void imap_client_teach_flagged(struct imap_client *c, const struct store_flag *r)
{
    uint32_t junk = keyword_bit(c, S("$Junk")), not_junk = keyword_bit(c, S("$NotJunk"));
    for (size_t i = 0; i < MIN(r->rows_n, (size_t)TEACHER_A_DAY); i++) {
        uint32_t set = r->rows[i].flags & ~r->was[i], cleared = r->was[i] & ~r->rows[i].flags;
        bool spam = set & junk, ham = set & not_junk, no_spam = cleared & junk, no_ham = cleared & not_junk;
        if (spam != ham)
            teach(c, &r->rows[i].id, spam, false);
        else if (!spam && no_spam != no_ham)
            teach(c, &r->rows[i].id, no_spam, true);
    }
}
