#include "core/folder_name.h"
#include "base/text.h"
#include "store/store.h"

static const struct str fixed[FOLDER_FIXED + 1] = { [FOLDER_INBOX] = STR("INBOX"),
                                                    [FOLDER_JUNK] = STR("Junk"),
                                                    [FOLDER_SENT] = STR("Sent"),
                                                    [FOLDER_DRAFTS] = STR("Drafts"),
                                                    [FOLDER_TRASH] = STR("Trash") };

const char *folder_fixed_name(uint32_t no) { return no <= FOLDER_FIXED ? fixed[no].p : NULL; }

uint32_t folder_fixed_no(struct str name)
{
    if (str_eq_nocase(name, fixed[FOLDER_INBOX]))
        return FOLDER_INBOX;
    for (uint32_t no = FOLDER_INBOX + 1; no <= FOLDER_FIXED; no++)
        if (str_eq(name, fixed[no]))
            return no;
    return 0;
}

static bool octet_ok(char c) { return (unsigned char)c >= ' ' && c != 0x7f; }

bool folder_name_ok(struct str name)
{
    bool level = false; /* something stands in this one */
    size_t levels = 1;
    if (name.n > FOLDER_NAME_MAX || !utf8_valid(name))
        return false;
    for (size_t i = 0; i < name.n; i++) {
        if (!octet_ok(name.p[i]) || (name.p[i] == '/' && !level))
            return false;
        level = name.p[i] != '/';
        levels += !level;
    }
    return level && levels <= FOLDER_LEVELS_MAX;
}

struct str folder_name_canon(struct arena *a, struct str name)
{
    struct str rest, first;
    if (name.n > 1 && name.p[name.n - 1] == '/')
        name = str_sub(name, 0, name.n - 1);
    first = str_cut(name, '/', &rest);
    if (!str_eq_nocase(first, fixed[FOLDER_INBOX]))
        return arena_dup(a, name);
    return arena_printf(a, "INBOX%.*s", STR_FMT(str_from(name, first.n)));
}

bool folder_name_below(struct str name, struct str above)
{
    return name.n > above.n && str_starts(name, above) && name.p[above.n] == '/';
}
