/* Mailbox names as they stand in commands, and the folders they are names of. */
#include "serve/imap_name.h"
#include "wire/imap_mailbox.h"

static_assert((int)LIMIT_IMAP_LEVELS == (int)FOLDER_LEVELS_MAX && (int)LIMIT_IMAP_MAILBOX == (int)FOLDER_NAME_MAX,
              "what there is can be named");

bool imap_name_read(struct imap_session *s, struct str *out)
{
    AUTO_BUF struct buf name = { .max = 4 * LIMIT_IMAP_MAILBOX };
    struct str in;
    if (!imap_token_astring(&s->cmd->in, &in)) {
        imap_bad(s);
        return false;
    }
    if (imap_mailbox_read(&name, in, imap_utf8(s)) != OK) {
        imap_reply(s, "NO [CANNOT] that is no name for a mailbox");
        return false;
    }
    *out = arena_dup(&s->cmd->arena, buf_str(&name));
    if (out->p == NULL)
        imap_reply(s, "NO [LIMIT] out of memory");
    return out->p != NULL;
}

const struct folder *imap_folder_find(const struct imap_answer *a, struct str name)
{
    for (size_t i = 0; i < a->folders_n; i++)
        if (str_eq(a->folders[i].name, name))
            return &a->folders[i];
    return NULL;
}

bool imap_name_within(struct str name, struct str parent)
{
    return name.n > parent.n && name.p[parent.n] == IMAP_SEPARATOR && str_starts(name, parent);
}

void imap_put_mailboxid(struct imap_session *s, struct buf *out, uint32_t no)
{
    buf_printf(out, "MAILBOXID (F%u-%u)", s->rules->ops->uidvalidity(s), no);
}
