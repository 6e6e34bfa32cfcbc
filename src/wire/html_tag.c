/* Sorted by name; first[] knows where each letter begins. */
#include "wire/html_tag.h"

static const struct html_tag tags[] = {
    { "a", TAG_LINK },
    { "address", TAG_BLOCK },
    { "area", TAG_LINK | TAG_VOID },
    { "article", TAG_BLOCK },
    { "aside", TAG_BLOCK },
    { "b", TAG_BOLD },
    { "base", TAG_VOID },
    { "basefont", TAG_VOID },
    { "bgsound", TAG_VOID },
    { "big", TAG_BIG },
    { "blockquote", TAG_BLOCK | TAG_PARA },
    { "body", TAG_BLOCK },
    { "br", TAG_BREAK | TAG_VOID },
    { "caption", TAG_BLOCK },
    { "center", TAG_BLOCK },
    { "code", TAG_MONO },
    { "col", TAG_VOID },
    { "datalist", TAG_HIDE },
    { "dd", TAG_BLOCK | TAG_ITEM },
    { "details", TAG_BLOCK },
    { "dir", TAG_BLOCK },
    { "div", TAG_BLOCK },
    { "dl", TAG_BLOCK | TAG_PARA | TAG_LIST },
    { "dt", TAG_BLOCK | TAG_ITEM },
    { "embed", TAG_VOID },
    { "fieldset", TAG_BLOCK },
    { "figcaption", TAG_BLOCK },
    { "figure", TAG_BLOCK | TAG_PARA },
    { "font", TAG_FONT },
    { "footer", TAG_BLOCK },
    { "form", TAG_BLOCK },
    { "frameset", TAG_BLOCK },
    { "h1", TAG_BLOCK | TAG_PARA | TAG_BOLD | TAG_BIG },
    { "h2", TAG_BLOCK | TAG_PARA | TAG_BOLD | TAG_BIG },
    { "h3", TAG_BLOCK | TAG_PARA | TAG_BOLD },
    { "h4", TAG_BLOCK | TAG_PARA | TAG_BOLD },
    { "h5", TAG_BLOCK | TAG_PARA | TAG_BOLD },
    { "h6", TAG_BLOCK | TAG_PARA | TAG_BOLD },
    { "header", TAG_BLOCK },
    { "hgroup", TAG_BLOCK },
    { "hr", TAG_BLOCK | TAG_PARA | TAG_VOID },
    { "html", TAG_BLOCK },
    { "iframe", TAG_RAW },
    { "img", TAG_IMAGE | TAG_VOID },
    { "input", TAG_INPUT | TAG_VOID },
    { "kbd", TAG_MONO },
    { "legend", TAG_BLOCK },
    { "li", TAG_BLOCK | TAG_ITEM },
    { "link", TAG_VOID },
    { "main", TAG_BLOCK },
    { "math", TAG_HIDE },
    { "menu", TAG_BLOCK },
    { "meta", TAG_VOID },
    { "nav", TAG_BLOCK },
    { "noembed", TAG_RAW },
    { "noframes", TAG_RAW },
    { "ol", TAG_BLOCK | TAG_PARA | TAG_LIST },
    { "optgroup", TAG_BLOCK },
    { "option", TAG_BLOCK },
    { "p", TAG_BLOCK | TAG_PARA | TAG_P },
    { "param", TAG_VOID },
    { "plaintext", TAG_RAW },
    { "pre", TAG_BLOCK | TAG_PARA | TAG_PRE | TAG_MONO },
    { "samp", TAG_MONO },
    { "script", TAG_RAW },
    { "search", TAG_BLOCK },
    { "section", TAG_BLOCK },
    { "source", TAG_VOID },
    { "strong", TAG_BOLD },
    { "style", TAG_RAW },
    { "summary", TAG_BLOCK },
    { "svg", TAG_HIDE },
    { "table", TAG_BLOCK | TAG_TABLE },
    { "tbody", TAG_BLOCK },
    { "td", TAG_CELL },
    { "template", TAG_HIDE },
    { "textarea", TAG_RAW },
    { "tfoot", TAG_BLOCK },
    { "th", TAG_CELL | TAG_BOLD },
    { "thead", TAG_BLOCK },
    { "title", TAG_RAW },
    { "tr", TAG_BLOCK | TAG_ROW },
    { "track", TAG_VOID },
    { "tt", TAG_MONO },
    { "ul", TAG_BLOCK | TAG_PARA | TAG_LIST },
    { "wbr", TAG_VOID },
    { "xmp", TAG_RAW | TAG_BLOCK | TAG_PARA | TAG_PRE },
};
static const struct html_tag unknown = { "", 0 };

/* Where the tags of each letter begin; one more for the end. */
static const unsigned char first[27] = { 0,  5,  13, 17, 24, 25, 32, 32, 42, 45, 45, 46, 49, 53,
                                         56, 59, 63, 63, 63, 72, 84, 85, 85, 86, 87, 87, 87 };

/* Their first letters are the same, and so are their lengths. */
static bool is_name(const char *tag, struct str name)
{
    size_t i = 1;
    while (i < name.n && tag[i] == char_lower(name.p[i]))
        i++;
    return i == name.n;
}

const struct html_tag *html_tag_find(struct str name)
{
    unsigned letter = name.n > 0 ? (unsigned)(char_lower(name.p[0]) - 'a') : 26;
    if (letter >= 26 || name.n >= sizeof tags[0].name)
        return &unknown;
    for (unsigned i = first[letter]; i < first[letter + 1]; i++)
        if (tags[i].name[name.n] == 0 && is_name(tags[i].name, name))
            return &tags[i];
    return &unknown;
}
