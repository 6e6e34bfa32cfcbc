/* The rules, a function each: is it so? What each of them means stands in its row in rules.c. */
#pragma once
#include "trust/rules_facts.h"

/* rules_head.c */
bool rule_awaited(const struct facts *f);
bool rule_date_missing(const struct facts *f);
bool rule_date_broken(const struct facts *f);
bool rule_date_ahead(const struct facts *f);
bool rule_date_behind(const struct facts *f);
bool rule_id_missing(const struct facts *f);
bool rule_id_broken(const struct facts *f);
bool rule_received_odd(const struct facts *f);
bool rule_to_missing(const struct facts *f);
bool rule_header_broken(const struct facts *f);

/* rules_subject.c */
bool rule_subject_missing(const struct facts *f);
bool rule_subject_capitals(const struct facts *f);
bool rule_subject_shouts(const struct facts *f);
bool rule_subject_gap(const struct facts *f);
bool rule_subject_names_box(const struct facts *f);

/* rules_from.c */
bool rule_from_twice(const struct facts *f);
bool rule_from_several(const struct facts *f);
bool rule_from_unnamed(const struct facts *f);
bool rule_from_is_to(const struct facts *f);
bool rule_reply_elsewhere(const struct facts *f);
bool rule_reply_free(const struct facts *f);
bool rule_name_other_address(const struct facts *f);
bool rule_name_other_domain(const struct facts *f);
bool rule_name_brand(const struct facts *f);
bool rule_from_lookalike(const struct facts *f);
bool rule_from_mixed(const struct facts *f);

/* rules_link.c */
bool rule_link_text(const struct facts *f);
bool rule_link_address(const struct facts *f);
bool rule_link_user(const struct facts *f);
bool rule_link_shortener(const struct facts *f);
bool rule_link_cheap(const struct facts *f);
bool rule_link_port(const struct facts *f);
bool rule_link_mixed(const struct facts *f);
bool rule_link_lookalike(const struct facts *f);
bool rule_link_below(const struct facts *f);
bool rule_link_runs(const struct facts *f);
bool rule_links_many(const struct facts *f);
bool rule_links_elsewhere(const struct facts *f);

/* rules_body.c */
bool rule_html_only(const struct facts *f);
bool rule_hidden_text(const struct facts *f);
bool rule_image_only(const struct facts *f);
bool rule_short_link(const struct facts *f);
bool rule_image_mostly(const struct facts *f);
bool rule_html_bare(const struct facts *f);
bool rule_version_missing(const struct facts *f);
bool rule_page_differs(const struct facts *f);
bool rule_page_form(const struct facts *f);
bool rule_charset_wrong(const struct facts *f);
bool rule_base64_plain(const struct facts *f);
bool rule_structure_broken(const struct facts *f);

/* rules_script.c */
bool rule_mixed_words(const struct facts *f);
bool rule_split_words(const struct facts *f);
bool rule_styled_words(const struct facts *f);

/* rules_file.c */
bool rule_file_disguised(const struct facts *f);
bool rule_file_runs(const struct facts *f);
bool rule_file_page(const struct facts *f);
bool rule_file_packed(const struct facts *f);
bool rule_file_unseen(const struct facts *f);
bool rule_file_closed(const struct facts *f);
bool rule_file_unread(const struct facts *f);
