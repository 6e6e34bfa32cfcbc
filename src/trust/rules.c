/* The weights are logits: about half of what SpamAssassin's set of 2002 says (the logarithm of how much more often a
 * rule holds for junk), since rules go together; at most 1.5, less where mail has changed since, and set by hand for
 * what that set does not have. No rule alone puts a mail into Junk but those that an honest sender has no way to meet.
 */
#include "trust/rules.h"
#include "trust/rules_part.h"

static const struct rule {
    struct str name;
    double score;
    bool (*hits)(const struct facts *f);
    struct str reason;
    bool form; /* carelessness, as of scripts and of devices that send mail: may lean, never decide */
} rules[] = {
    { STR("AWAITED"), -1.0, rule_awaited, STR("It brings a code, or a link of its author's own to confirm with") },

    { STR("DATE_MISSING"), 0.6, rule_date_missing, STR("It has no date"), true },
    { STR("DATE_BROKEN"), 0.6, rule_date_broken, STR("Its date cannot be read"), true },
    { STR("DATE_AHEAD"), 1.5, rule_date_ahead, STR("Its date lies hours ahead of when it came") },
    { STR("DATE_BEHIND"), 0.6, rule_date_behind, STR("It is dated more than a week before it came") },
    { STR("ID_MISSING"), 0.5, rule_id_missing, STR("It has no Message-ID"), true },
    { STR("ID_BROKEN"), 1.0, rule_id_broken, STR("Its Message-ID is none"), true },
    { STR("RECEIVED_ODD"), 0.3, rule_received_odd, STR("Its trace of servers does not add up"), true },
    { STR("TO_MISSING"), 0.6, rule_to_missing, STR("It is addressed to nobody"), true },
    { STR("HEADER_BROKEN"), 1.0, rule_header_broken, STR("Its header is not well-formed"), true },

    { STR("SUBJECT_MISSING"), 0.3, rule_subject_missing, STR("It has no subject"), true },
    { STR("SUBJECT_CAPITALS"), 1.2, rule_subject_capitals, STR("The subject is written in capitals only") },
    { STR("SUBJECT_SHOUTS"), 0.8, rule_subject_shouts, STR("The subject shouts") },
    { STR("SUBJECT_GAP"), 1.5, rule_subject_gap, STR("The subject has a tail behind a wide gap") },
    { STR("SUBJECT_NAMES_BOX"), 1.0, rule_subject_names_box, STR("The subject has the name of the address in it") },

    { STR("FROM_TWICE"), 3.0, rule_from_twice, STR("It has more than one From") },
    { STR("FROM_SEVERAL"), 1.5, rule_from_several, STR("It is from several authors at once") },
    { STR("FROM_UNNAMED"), 1.0, rule_from_unnamed, STR("Its author has no valid address"), true },
    { STR("FROM_IS_TO"), 1.0, rule_from_is_to, STR("It claims to be from the address it was sent to") },
    { STR("REPLY_ELSEWHERE"), 1.0, rule_reply_elsewhere, STR("Answers go to another domain than its author's") },
    { STR("REPLY_FREE_MAIL"), 1.5, rule_reply_free, STR("Answers go to a free mail address that is not its author's") },
    { STR("NAME_OTHER_ADDRESS"), 1.8, rule_name_other_address,
      STR("The author's name shows another mail address than the real one") },
    { STR("NAME_OTHER_DOMAIN"), 0.6, rule_name_other_domain,
      STR("The author's name shows another domain than the real one") },
    { STR("NAME_BRAND"), 1.2, rule_name_brand, STR("The author's name is a well-known one, the address is not") },
    { STR("FROM_LOOKALIKE"), 2.5, rule_from_lookalike, STR("The author's domain looks like a well-known one") },
    { STR("FROM_MIXED"), 1.5, rule_from_mixed, STR("The author's domain mixes alphabets that look alike") },

    { STR("LINK_TEXT"), 1.0, rule_link_text, STR("A link shows another site than the one it leads to") },
    { STR("LINK_ADDRESS"), 1.5, rule_link_address, STR("A link leads to a number instead of a name") },
    { STR("LINK_USER"), 2.0, rule_link_user, STR("A link has another site's name before the real one") },
    { STR("LINK_SHORTENER"), 0.5, rule_link_shortener, STR("A link hides where it leads behind a shortener") },
    { STR("LINK_CHEAP"), 0.7, rule_link_cheap, STR("A link leads to a kind of domain that is mostly used for junk") },
    { STR("LINK_PORT"), 1.0, rule_link_port, STR("A link leads to an unusual port") },
    { STR("LINK_MIXED"), 1.5, rule_link_mixed, STR("A link's domain mixes alphabets that look alike") },
    { STR("LINK_LOOKALIKE"), 2.5, rule_link_lookalike, STR("A link's domain looks like a well-known one") },
    { STR("LINK_BELOW"), 2.5, rule_link_below, STR("A link has a well-known domain before the real one") },
    { STR("LINK_RUNS"), 1.0, rule_link_runs, STR("A link would run a script") },
    { STR("LINKS_MANY"), 0.4, rule_links_many, STR("It links to many different sites") },

    { STR("LINKS_ELSEWHERE"), 0.4, rule_links_elsewhere,
      STR("All its links lead to one site that is not its author's") },
    { STR("IMAGE_MOSTLY"), 0.8, rule_image_mostly, STR("It has few words beside an image and a link") },
    { STR("HTML_BARE"), 0.4, rule_html_bare, STR("Its page is only part of one"), true },
    { STR("VERSION_MISSING"), 1.0, rule_version_missing, STR("It has a page, but does not say that it is MIME"), true },
    { STR("HTML_ONLY"), 0.7, rule_html_only, STR("It has no plain text") },
    { STR("HIDDEN_TEXT"), 1.0, rule_hidden_text, STR("Much of its text is hidden from its reader") },
    { STR("IMAGE_ONLY"), 1.5, rule_image_only, STR("It is an image and a link") },
    { STR("SHORT_LINK"), 0.5, rule_short_link, STR("It is hardly more than a link") },
    { STR("PAGE_DIFFERS"), 0.8, rule_page_differs, STR("Its plain text and its page say different things") },
    { STR("PAGE_FORM"), 0.6, rule_page_form, STR("It has a form to fill in") },
    { STR("CHARSET_WRONG"), 0.5, rule_charset_wrong, STR("Its text is in no character set that it names"), true },
    { STR("BASE64_PLAIN"), 1.0, rule_base64_plain, STR("Plain text is wrapped up so that it cannot be read as it is") },
    { STR("STRUCTURE_BROKEN"), 0.8, rule_structure_broken, STR("Its parts are not put together as they should be"),
      true },

    { STR("MIXED_WORDS"), 1.5, rule_mixed_words, STR("Words mix alphabets that look alike") },
    { STR("SPLIT_WORDS"), 1.0, rule_split_words, STR("Words are split by characters that nobody sees") },
    { STR("STYLED_WORDS"), 0.8, rule_styled_words, STR("The subject is written in characters meant for formulas") },

    { STR("FILE_DISGUISED"), 3.0, rule_file_disguised, STR("An attachment that runs has a harmless name") },
    { STR("FILE_RUNS"), 2.0, rule_file_runs, STR("An attachment can run something when it is opened") },
    { STR("FILE_PACKED"), 1.5, rule_file_packed, STR("An attached archive or mail holds a program") },
    { STR("FILE_UNSEEN"), 0.6, rule_file_unseen,
      STR("An attached archive is encrypted, or could be read only in part") },
    { STR("FILE_UNREAD"), 0.6, rule_file_unread, STR("Not all of its files could be looked at") },
    { STR("FILE_CLOSED"), 0.2, rule_file_closed,
      STR("An attachment is or holds an archive or a mail that was not looked into") },
    { STR("FILE_PAGE"), 0.4, rule_file_page, STR("An attachment is a page that can run scripts") },
};

#define FORM_MAX 1.0 /* of all those together */

void rules_run(const struct content *c, struct symbols *out)
{
    struct facts f;
    double form = FORM_MAX;
    facts_of(c, &f);
    for (size_t i = 0; i < COUNT(rules); i++) {
        if (!rules[i].hits(&f))
            continue;
        double score = rules[i].form && rules[i].score > form ? form : rules[i].score;
        form -= rules[i].form ? score : 0;
        symbols_add(out, rules[i].name, score, rules[i].reason);
    }
}
