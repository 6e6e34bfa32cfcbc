/* Its content comes first; the declared type counts where the content says less. */
#include "core/filetype.h"
#include "core/danger.h"
#include "core/magic.h"

/* Text is text whatever it is about: there the declared type says more, as long as it is text of some kind too. */
static bool says_more(struct str declared)
{
    static const struct str known[] = { STR("text/csv"),
                                        STR("text/css"),
                                        STR("text/markdown"),
                                        STR("application/json"),
                                        STR("text/rfc822-headers"),
                                        STR("message/delivery-status"),
                                        STR("text/enriched"),
                                        STR("text/x-patch"),
                                        STR("text/x-diff"),
                                        STR("application/xml"),
                                        STR("text/xml"),
                                        STR("application/pgp-signature"),
                                        STR("application/pgp-keys"),
                                        STR("message/rfc822") };
    for (size_t i = 0; i < COUNT(known); i++)
        if (str_eq_nocase(declared, known[i]))
            return true;
    return false;
}

struct filetype filetype_of(struct str bytes, struct str filename, struct str declared)
{
    struct str type = magic_type(bytes);
    if (type.n == 0 || (str_eq(type, S("text/plain")) && says_more(declared)))
        type = declared.n > 0 ? declared : S("application/octet-stream");
    return (struct filetype){ .content_type = type, .dangerous = danger_of_file(filename, type, bytes) };
}
