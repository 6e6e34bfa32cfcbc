/* The form holds all there is of a mail, so nothing is lost when it is refused: it comes again with the reason on top.
 * Files cannot be added without JavaScript; those of a mail that is passed on go along. */
#include "serve/lite_write.h"
#include "base/rand.h"
#include "core/reply.h"
#include "core/send.h"
#include "core/understand.h"
#include "serve/writing.h"
#include <string.h>

enum { UNDO_S = 30, ONCE_N = 16, SHOWN_ARENA = 4 * 1024 * 1024 };

/* What the form holds. files: numbers of attachments of that message, with commas. draft: which one goes on. once:
 * drawn when the form is made; posted twice as it is, it makes one mail (serve/once.h). plain: "1" where the draft has
 * formatting, which is lost. */
struct form {
    struct str to, cc, bcc, subject, text, answers, forwards, files, draft, once, plain;
};

void lite_put_answers(struct buf *b, struct http_req *r, const struct msg_id *id)
{
    static const struct {
        const char *as, *label;
    } ways[] = { { "reply", "Reply" }, { "reply_all", "Reply to all" }, { "forward", "Forward" } };
    if (!writing_may_send(r))
        return;
    for (size_t i = 0; i < COUNT(ways); i++) {
        lite_id_form(b, "write", lite_token_of(r), id);
        lite_hidden(b, "as", str_c(ways[i].as));
        lite_button(b, ways[i].label);
    }
}

void lite_put_write(struct buf *b, struct http_req *r)
{
    if (!writing_may_send(r))
        return;
    lite_simple(b, "write", lite_token_of(r), "Write a mail");
    lite_simple(b, "sent", lite_token_of(r), "What was sent");
}

/* ---- the form ---- */

static void field(struct buf *b, const char *label, const char *name, struct str value)
{
    buf_printf(b, "<label class=\"wide\">%s: <input name=\"%s\" autocomplete=\"off\" value=\"", label, name);
    text_html(b, value);
    buf_puts(b, "\"></label>\n");
}

static void put_once(struct buf *b, struct str once)
{
    uint8_t id[ONCE_N];
    char hex[2 * sizeof id];
    rand_bytes(id, sizeof id);
    lite_hidden(b, "once", once.n > 0 ? once : str_of(hex, text_hex(hex, str_of(id, sizeof id))));
}

static void show_form(struct http_req *r, int status, const char *wrong, const struct form *f)
{
    struct str token = lite_token_of(r);
    struct buf *b = lite_begin(r, status, "Write");
    if (wrong != NULL) {
        buf_puts(b, "<p class=\"bad\"><b>Not sent.</b> ");
        text_html(b, str_c(wrong));
        buf_puts(b, "</p>\n");
    }
    lite_line(b, "From", api_box(r)->address);
    buf_puts(b, "<form class=\"wide\" method=\"post\" action=\"/lite/send\">");
    lite_hidden(b, "token", token);
    lite_hidden(b, "answers", f->answers);
    lite_hidden(b, "forwards", f->forwards);
    lite_hidden(b, "files", f->files);
    lite_hidden(b, "draft", f->draft);
    lite_hidden(b, "plain", f->plain);
    put_once(b, f->once);
    field(b, "To", "to", f->to);
    field(b, "Cc", "cc", f->cc);
    if (f->bcc.n > 0)
        field(b, "Bcc", "bcc", f->bcc);
    field(b, "Subject", "subject", f->subject);
    buf_puts(b, "<label class=\"wide\">Text: <textarea name=\"text\" rows=\"16\">\n"); /* the first line end is eaten */
    text_html(b, f->text);
    buf_puts(b, "</textarea></label>\n");
    if (f->files.n > 0)
        buf_puts(b, "<p>The attachments of the mail go along.</p>\n");
    if (f->plain.n > 0)
        buf_puts(b, "<p>The draft has formatting. From here it goes as plain text, without it.</p>\n");
    lite_button(b, "Send");
    lite_simple(b, "inbox", token, "Back to the inbox");
    lite_end(r, b);
}

static void put_people(struct buf *out, const struct draft_people *p)
{
    for (size_t i = 0; i < p->n; i++) {
        buf_puts(out, i > 0 ? ", " : "");
        if (p->v[i].name.n > 0) {
            buf_putc(out, '"');
            for (size_t k = 0; k < p->v[i].name.n; k++)
                if (p->v[i].name.p[k] != '"' && p->v[i].name.p[k] != '\\')
                    buf_putc(out, p->v[i].name.p[k]);
            buf_puts(out, "\" <");
        }
        buf_put(out, p->v[i].address);
        buf_puts(out, p->v[i].name.n > 0 ? ">" : "");
    }
}

static void put_files(struct buf *out, const struct mail *m)
{
    AUTO_JSON struct json_in j = { 0 };
    const struct json *list = NULL;
    if (api_env(&j, m->head.env))
        json_get_array(&j, j.root, "attachments", LIMIT_MIME_PARTS, &list);
    for (size_t i = 0, n = 0; i < json_len(list) && n < DRAFT_FILES_MAX; i++) {
        bool within = false;
        json_get_bool(&j, json_at(list, i), "inline", &within);
        if (within)
            continue;
        buf_printf(out, "%s%zu", out->n > 0 ? "," : "", i);
        n++;
    }
}

/* A blank line for what is to be written; then whose words follow. One's own go on as they are. */
static void put_text(struct buf *out, enum reply_as as, const struct mail *m, const struct reply *x)
{
    if (as == REPLY_EDIT) {
        buf_put(out, x->text);
        return;
    }
    struct str from = x->from.n == 0            ? S("Somebody")
                      : x->from.v[0].name.n > 0 ? x->from.v[0].name
                                                : x->from.v[0].address;
    AUTO_BUF struct buf when = { .max = 40 };
    text_rfc3339(&when, m->head.row.received_ms);
    buf_puts(out, "\n\n");
    if (as == REPLY_FORWARD)
        buf_puts(out, "---------- Forwarded mail ----------\nFrom: ");
    else
        buf_printf(out, "On %.*s, ", STR_FMT(str_sub(buf_str(&when), 0, 10)));
    buf_put(out, from);
    buf_puts(out, as == REPLY_FORWARD ? "\n\n" : " wrote:\n");
    buf_put(out, x->text);
}

static void on_mail(void *ctx, enum err e, const struct mail *m)
{
    struct http_req *r = ctx;
    enum reply_as as = *(enum reply_as *)r->user;
    AUTO_ARENA struct arena a = { .max = 16 * 1024 * 1024, .secret = true };
    AUTO_BUF struct buf to = { .max = 1 << 20 }, cc = { .max = 1 << 20 }, bcc = { .max = 1 << 20 };
    AUTO_BUF struct buf files = { .max = 1024 };
    AUTO_BUF struct buf text = { .max = 8 << 20, .secret = true };
    char hex[MSG_ID_N * 2];
    struct reply x;
    api_done(r);
    if (e == OK)
        e = reply_make(as, m->header, m->text, api_box(r)->address, &a, &x);
    if (e != OK) {
        lite_failed(r, e, NULL);
        return;
    }
    struct str id = str_of(hex, text_hex(hex, msg_id_str(&m->head.row.id)));
    put_people(&to, &x.to);
    put_people(&cc, &x.cc);
    put_people(&bcc, &x.bcc);
    put_text(&text, as, m, &x);
    bool answers = as != REPLY_FORWARD && as != REPLY_EDIT;
    if (!answers)
        put_files(&files, m);
    const struct form f = { .to = buf_str(&to),
                            .cc = buf_str(&cc),
                            .bcc = buf_str(&bcc),
                            .subject = x.subject,
                            .text = buf_str(&text),
                            .answers = answers ? id : S(""),
                            .forwards = answers ? S("") : id,
                            .files = buf_str(&files),
                            .draft = as == REPLY_EDIT ? id : S(""),
                            .plain = as == REPLY_EDIT && m->has_html ? S("1") : S("") };
    show_form(r, 200, NULL, &f);
}

static void show_filled(struct http_req *r, const struct msg_id *id, enum reply_as as)
{
    struct api *a = api_of(r);
    enum reply_as *keep = arena_new(&r->arena, enum reply_as);
    if (keep == NULL) {
        lite_failed(r, ERR_IO, NULL);
        return;
    }
    *keep = as;
    r->user = keep;
    api_wait_mail(r, mail_get(a->o.store, a->o.loop, api_box(r), id, true, on_mail, r));
}

void lite_go_on(struct http_req *r, const struct msg_id *draft) { show_filled(r, draft, REPLY_EDIT); }

static void begin(struct http_req *r)
{
    static const struct form empty;
    struct str word = { 0 };
    struct msg_id id;
    enum reply_as as;
    if (!writing_may_send(r))
        lite_sorry(r, 403, send_refusal_of(SEND_OFF).text);
    else if (!http_form(r, S("as"), &word) || !reply_as_of(word, &as) || as == REPLY_EDIT)
        show_form(r, 200, NULL, &empty);
    else if (lite_msg_of(r, &id))
        show_filled(r, &id, as);
}
void lite_write(struct http_req *r) { lite_enter(r, begin); }

/* ---- sent ---- */

static void read_form(struct http_req *r, struct arena *a, struct form *f)
{
    http_form_long(r, a, S("to"), &f->to);
    http_form_long(r, a, S("cc"), &f->cc);
    http_form_long(r, a, S("bcc"), &f->bcc);
    http_form_long(r, a, S("subject"), &f->subject);
    http_form_long(r, a, S("text"), &f->text);
    http_form_long(r, a, S("answers"), &f->answers);
    http_form_long(r, a, S("forwards"), &f->forwards);
    http_form_long(r, a, S("files"), &f->files);
    http_form_long(r, a, S("draft"), &f->draft);
    http_form_long(r, a, S("once"), &f->once);
    http_form_long(r, a, S("plain"), &f->plain);
}

static void sorry(struct http_req *r, int status, const char *code, const char *detail, int64_t retry_ms)
{
    AUTO_ARENA struct arena a = { .max = SHOWN_ARENA, .secret = true };
    AUTO_BUF struct buf wrong = { .max = 1024 };
    struct form f = { 0 };
    (void)retry_ms;
    read_form(r, &a, &f);
    bool no_draft = str_eq(str_c(code), str_c(WRITING_WANTS_DRAFT.code));
    bool no_files = str_eq(str_c(code), str_c(WRITING_WANTS_FILE.code)) || (no_draft && str_eq(f.draft, f.forwards));
    buf_puts(&wrong, detail);
    if (no_files && f.files.n > 0)
        buf_puts(&wrong, " Sent once more, it goes without attachments.");
    buf_putc(&wrong, '\0');
    if (no_draft) /* sent once more, it goes as a mail of its own */
        f.draft = S("");
    if (no_files)
        f.files = S("");
    show_form(r, status, wrong.failed ? detail : wrong.p, &f);
}

static void read_files(struct draft *d, struct arena *a, const struct form *f)
{
    struct msg_id id;
    if (f->files.n == 0 || text_unhex(f->forwards, id.b, sizeof id.b) != OK)
        return;
    d->files = arena_array(a, DRAFT_FILES_MAX, sizeof *d->files);
    for (struct str rest = f->files; d->files != NULL && rest.n > 0 && d->files_n < DRAFT_FILES_MAX;) {
        uint32_t n;
        if (str_to_u32(str_cut(rest, ',', &rest), &n))
            d->files[d->files_n++] = (struct draft_file){ .stored = true, .message = id, .n = n };
    }
}

/* NULL, or what is wrong. */
static const char *fill(struct writing *w, const struct form *f)
{
    struct draft *d = &w->draft;
    struct str wrong;
    if (!draft_people_add(&d->to, &w->arena, f->to, &wrong) || !draft_people_add(&d->cc, &w->arena, f->cc, &wrong) ||
        !draft_people_add(&d->bcc, &w->arena, f->bcc, &wrong))
        return "One of the addresses is none that mail can be sent to.";
    if (d->to.n + d->cc.n + d->bcc.n == 0)
        return "Say who it is for.";
    d->subject = draft_line(&w->arena, utf8_cut(f->subject, DRAFT_SUBJECT_MAX));
    d->text = f->text;
    d->replies = text_unhex(f->answers, d->in_reply_to.b, sizeof d->in_reply_to.b) == OK;
    read_files(d, &w->arena, f);
    w->goes_on = text_unhex(f->draft, w->old.b, sizeof w->old.b) == OK;
    w->undo_ms = UNDO_S * 1000;
    return NULL;
}

static void put_undo(struct buf *b, struct http_req *r, const struct send_result *x)
{
    int64_t left_ms = x->undo_until_ms - api_now_ms(api_of(r));
    if (left_ms <= 0)
        return;
    buf_printf(b, "<p>The mail leaves in %d seconds. Until then it can be taken back.</p>\n",
               (int)((left_ms + 999) / 1000));
    lite_id_form(b, "back", lite_token_of(r), &x->id.msg);
    lite_button(b, "Take it back");
}

static void is_sent(struct http_req *r, const struct send_result *x)
{
    struct buf *b = lite_begin(r, 200, "On its way");
    put_undo(b, r, x);
    lite_simple(b, "sent", lite_token_of(r), "What became of it");
    lite_simple(b, "inbox", lite_token_of(r), "Back to the inbox");
    lite_end(r, b);
}

/* What became of it since is not known here: it may have left, or been taken back. */
static void is_again(struct http_req *r, bool done)
{
    struct buf *b = lite_begin(r, done ? 200 : 409, done ? "Sent already" : "Being sent");
    buf_puts(b, "<p>This form was sent before; no second mail was made of it.</p>\n");
    lite_simple(b, "sent", lite_token_of(r), "What became of it");
    lite_simple(b, "inbox", lite_token_of(r), "Back to the inbox");
    lite_end(r, b);
}

/* A form is posted once, whatever a second click or a reload do; changed, it is another mail. False: answered. */
static bool is_first(struct http_req *r, struct once_hold *hold)
{
    struct api *a = api_of(r);
    AUTO_BUF struct buf answer = { .max = ONCE_ANSWER_MAX };
    uint8_t key[HASH_N];
    struct str id = { 0 };
    if (!http_form(r, S("once"), &id) || id.n == 0)
        return true;
    CRYPTO_HASH(key, S(""), S("lite send"), r->body);
    enum once_is is = once_begin(api_once(a->o.shared), &api_box(r)->box.id, str_of(key, HASH_N),
                                 loop_now_ms(a->o.loop), hold, &answer);
    if (is == ONCE_NEW)
        return true;
    if (is == ONCE_FULL)
        sorry(r, 503, "busy", "Too much mail is on its way. Try again in a moment.", 0);
    else
        is_again(r, is == ONCE_DONE);
    return false;
}

static void on_written(struct http_req *r, struct writing *w) { writing_send(r, w, is_sent); }

static void send_it(struct http_req *r)
{
    struct once_hold hold = { 0 };
    struct form f = { 0 };
    if (!is_first(r, &hold))
        return;
    struct writing *w = writing_new(r, sorry);
    if (w == NULL) {
        once_drop(&hold);
        return;
    }
    w->once = hold;
    read_form(r, &w->arena, &f);
    const char *wrong = fill(w, &f);
    if (wrong == NULL) {
        writing_go(w, on_written);
    } else {
        writing_free(w);
        sorry(r, 422, "bad_value", wrong, 0);
    }
}
void lite_send(struct http_req *r) { lite_enter(r, send_it); }
