#include "trust/teacher.h"
#include "base/crypto.h"
#include "base/map.h"
#include "trust/model_file.h"
#include "trust/repeats.h"
#include "wire/addr.h"
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define LEAST_SHOWN 0.3 /* logits: less is no reason for anything */

enum { ARENA_MAX = 24 << 20, DAY_MS = 24 * 3600 * 1000 };

struct undo {
    struct box_id box;
    struct msg_id id;
    bool spam;
    int64_t at_ms;
    struct learner_change *change; /* NULL: empty */
};
struct teacher {
    struct teacher_opts o;
    struct learner *learner;
    struct prior prior;
    struct corrections *corrections;
    int lock_fd;
    uint64_t saved;       /* learner_changes() of what is written down */
    pthread_mutex_t lock; /* of what follows */
    int64_t day;
    struct map boxes, networks; /* lessons of this day, as pointers; by box, and by network */
    struct repeats repeats;
    struct undo undo[TEACHER_UNDO_MAX];
    size_t undo_next;
};

/* ---- start and end ---- */
static enum err open_learner(struct teacher *t)
{
    uint8_t key[LEARNER_KEY_N];
    enum err e = model_file_lock(t->o.model, key, &t->lock_fd);
    if (e == OK)
        e = learner_new(key, false, &t->learner);
    if (e == OK)
        e = model_file_read(t->o.model, t->learner);
    return e == ERR_GONE ? OK : e;
}

enum err teacher_new(const struct teacher_opts *o, struct teacher **out)
{
    struct teacher *t = calloc(1, sizeof *t);
    struct prior prior = o->prior;
    if (t == NULL) {
        prior_close(&prior);
        return ERR_IO;
    }
    t->o = *o;
    t->prior = prior;
    t->lock_fd = -1;
    pthread_mutex_init(&t->lock, NULL);
    map_init(&t->boxes, TEACHER_BOXES_MAX);
    map_init(&t->networks, TEACHER_BOXES_MAX);
    enum err e = corrections_new(&t->corrections);
    if (e == OK)
        e = open_learner(t);
    if (e != OK) {
        teacher_free(t);
        return e;
    }
    *out = t;
    return OK;
}

void teacher_free(struct teacher *t)
{
    if (t == NULL)
        return;
    for (size_t i = 0; i < TEACHER_UNDO_MAX; i++)
        learner_change_free(t->undo[i].change);
    map_fini(&t->boxes);
    map_fini(&t->networks);
    corrections_free(t->corrections);
    learner_free(t->learner);
    prior_close(&t->prior);
    util_close_fd(&t->lock_fd);
    pthread_mutex_destroy(&t->lock);
    free(t);
}

/* ---- judging ---- */
/* Towards junk only as far as there is experience of both kinds: few labels lose ham. */
static double bounded(double score, struct learner_labels n)
{
    double share = fmin((double)MIN(n.ham, n.spam) / TEACHER_ENOUGH, 1);
    double most = TEACHER_SCORE_NEW + share * (TEACHER_SCORE_MAX - TEACHER_SCORE_NEW);
    return fmin(fmax(score, -TEACHER_SCORE_MAX), most);
}

static const struct learned_words prior_words = {
    .junk = STR("It is like junk that others have had"),
    .neither = STR("It is neither clearly like junk nor like honest mail that others have had"),
    .wanted = STR("It is like honest mail that others have had"),
};
static const struct learned_words learner_words = {
    .junk = STR("It is like what this server's readers call junk"),
    .neither = STR("What this server's readers say of such mail is not clear"),
    .wanted = STR("It is like what this server's readers want"),
};

static void add_leaning(struct symbols *out, double score)
{
    if (fabs(score) >= LEAST_SHOWN)
        symbols_add_learned(out, S("PRIOR"), score, &prior_words);
}

enum err teacher_judge(struct teacher *t, struct arena *a, const struct mime_tree *tree, struct str msg,
                       struct symbols *out)
{
    struct features f;
    struct learner_labels n = learner_labels(t->learner);
    bool taught = n.ham + n.spam > 0;
    if (!taught && t->prior.weights == NULL)
        return OK;
    enum err e = feature_make(a, tree, msg, t->o.host, &f);
    if (e != OK)
        return e;
    if (taught)
        symbols_add_learned(out, S("LEARNED"), bounded(learner_score(t->learner, &f), n), &learner_words);
    if (t->prior.weights != NULL)
        add_leaning(out, prior_score(&t->prior, &f, n));
    return OK;
}

enum correction teacher_said(struct teacher *t, const struct box_id *box, struct str author)
{
    struct correction_author a = correction_author(box, author);
    return author.n > 0 ? corrections_get(t->corrections, &a) : CORRECTION_NONE;
}

void teacher_recall(struct teacher *t, const struct teacher_word *word)
{
    corrections_set(t->corrections, &word->author, word->what);
}

void teacher_add_said(enum correction said, bool proven, struct symbols *out)
{
    switch (said) {
    case CORRECTION_NONE:
        return;
    case CORRECTION_HAM:
        symbols_add(out, S("READER_WANTS"), proven ? -TEACHER_CORRECTED : -TEACHER_UNPROVEN,
                    S("The reader said that this sender's mail is no junk"));
        return;
    case CORRECTION_SPAM:
        symbols_add(out, S("READER_REFUSES"), TEACHER_CORRECTED, S("The reader said that this sender's mail is junk"));
        return;
    }
}

/* ---- being taught ---- */
static void new_day(struct teacher *t, int64_t now_ms)
{
    if (now_ms / DAY_MS == t->day)
        return;
    t->day = now_ms / DAY_MS;
    map_fini(&t->boxes);
    map_fini(&t->networks);
    map_init(&t->boxes, TEACHER_BOXES_MAX);
    map_init(&t->networks, TEACHER_BOXES_MAX);
}

static uintptr_t lessons_of(const struct teacher *t, const struct teacher_reader *who)
{
    return (uintptr_t)map_get(&t->networks, str_of(who->network, sizeof who->network));
}

/* One more lesson from this reader, if box and network have some left. */
static bool allowed(struct teacher *t, const struct teacher_reader *who)
{
    struct str box = str_of(&who->box, sizeof who->box), network = str_of(who->network, sizeof who->network);
    uintptr_t of_box = (uintptr_t)map_get(&t->boxes, box), of_network = lessons_of(t, who);
    return of_box < TEACHER_A_DAY && of_network < TEACHER_NETWORK_A_DAY &&
           map_set(&t->boxes, box, (void *)(of_box + 1)) && map_set(&t->networks, network, (void *)(of_network + 1));
}

static struct undo *find_undo(struct teacher *t, const struct box_id *box, const struct msg_id *id)
{
    for (size_t i = 0; i < TEACHER_UNDO_MAX; i++) {
        struct undo *u = &t->undo[i];
        if (u->change != NULL && memcmp(&u->box, box, sizeof *box) == 0 && memcmp(&u->id, id, sizeof *id) == 0)
            return u;
    }
    return NULL;
}

static void forget(struct undo *u)
{
    learner_change_free(u->change);
    *u = (struct undo){ 0 };
}

static void forget_old(struct teacher *t, int64_t now_ms)
{
    for (size_t i = 0; i < TEACHER_UNDO_MAX; i++)
        if (t->undo[i].change != NULL && now_ms - t->undo[i].at_ms > TEACHER_UNDO_MS)
            forget(&t->undo[i]);
}

/* Distinct networks and days are distinct sources (learner.h). */
static uint64_t source_of(const struct teacher_reader *who, int64_t day)
{
    uint8_t hash[HASH_N], when[8];
    put_be64(when, (uint64_t)day);
    CRYPTO_HASH(hash, S(""), S("source"), str_of(who->network, sizeof who->network), str_of(when, sizeof when));
    return get_be64(hash);
}

static void learn(struct teacher *t, const struct teacher_reader *who, const struct undo *what,
                  const struct features *f)
{
    struct undo *u = &t->undo[t->undo_next];
    struct learner_lesson lesson = { .spam = what->spam, .change = &u->change };
    t->undo_next = (t->undo_next + 1) % TEACHER_UNDO_MAX;
    forget(u);
    *u = *what;
    lesson.no_bias = lessons_of(t, who) > TEACHER_BIAS_A_DAY;
    lesson.offset = prior_score(&t->prior, f, learner_labels(t->learner));
    lesson.source = repeats_source(&t->repeats, f, source_of(who, t->day));
    if (learner_train(t->learner, f, &lesson) != OK)
        *u = (struct undo){ 0 };
}

static void teach(struct teacher *t, const struct teacher_reader *who, const struct undo *what,
                  const struct features *f)
{
    pthread_mutex_lock(&t->lock);
    new_day(t, what->at_ms);
    forget_old(t, what->at_ms);
    struct undo *u = find_undo(t, &what->box, &what->id);
    if (u != NULL && u->spam != what->spam) {
        learner_take_back(t->learner, u->change);
        *u = (struct undo){ 0 };
    } else if (u == NULL && allowed(t, who)) {
        learn(t, who, what, f);
    }
    pthread_mutex_unlock(&t->lock);
}

static void unteach(struct teacher *t, const struct undo *what)
{
    pthread_mutex_lock(&t->lock);
    forget_old(t, what->at_ms);
    struct undo *u = find_undo(t, &what->box, &what->id);
    if (u != NULL && u->spam == what->spam) {
        learner_take_back(t->learner, u->change);
        *u = (struct undo){ 0 };
    }
    pthread_mutex_unlock(&t->lock);
}

static struct str author_of(struct arena *a, struct str head)
{
    struct addr_list from;
    if (addr_list_parse(a, header_find(head, S("From")), &from) != OK)
        return (struct str){ NULL, 0 };
    const struct addr_item *first = addr_list_first(&from);
    return first == NULL ? (struct str){ NULL, 0 } : first->text;
}

/* The same again stands, the opposite takes it back. */
static enum correction after(enum correction before, enum correction now)
{
    return before == CORRECTION_NONE || before == now ? now : CORRECTION_NONE;
}

bool teacher_told(struct teacher *t, const struct teacher_reader *who, const struct msg_id *id, struct str msg,
                  bool spam, int64_t now_ms, struct teacher_word *word)
{
    AUTO_ARENA struct arena a = { .max = ARENA_MAX, .secret = true };
    const struct box_id *box = &who->box;
    struct undo what = { .box = *box, .id = *id, .spam = spam, .at_ms = now_ms };
    struct mime_tree tree;
    struct features f;
    msg = str_sub(msg, 0, TEACHER_MESSAGE_MAX);
    if (mime_parse(&a, msg, &tree) != OK)
        return false;
    struct str author = author_of(&a, mime_head(&tree.v[0], msg));
    if (author.n > 0) {
        word->author = correction_author(box, author);
        word->what = after(teacher_said(t, box, author), spam ? CORRECTION_SPAM : CORRECTION_HAM);
        teacher_recall(t, word);
    }
    if (t->o.learns && feature_make(&a, &tree, msg, t->o.host, &f) == OK)
        teach(t, who, &what, &f);
    return author.n > 0;
}

bool teacher_untold(struct teacher *t, const struct teacher_reader *who, const struct msg_id *id, struct str msg,
                    bool spam, int64_t now_ms, struct teacher_word *word)
{
    AUTO_ARENA struct arena a = { .max = ARENA_MAX, .secret = true };
    struct undo what = { .box = who->box, .id = *id, .spam = spam, .at_ms = now_ms };
    struct mime_tree tree;
    unteach(t, &what);
    msg = str_sub(msg, 0, TEACHER_MESSAGE_MAX);
    if (mime_parse(&a, msg, &tree) != OK)
        return false;
    struct str author = author_of(&a, mime_head(&tree.v[0], msg));
    if (teacher_said(t, &who->box, author) != (spam ? CORRECTION_SPAM : CORRECTION_HAM))
        return false;
    *word = (struct teacher_word){ .author = correction_author(&who->box, author), .what = CORRECTION_NONE };
    teacher_recall(t, word);
    return true;
}

/* ---- writing down ---- */
enum err teacher_save(struct teacher *t, int64_t now_ms)
{
    pthread_mutex_lock(&t->lock);
    forget_old(t, now_ms);
    pthread_mutex_unlock(&t->lock);
    uint64_t changes = learner_changes(t->learner);
    if (changes == t->saved)
        return OK;
    enum err e = model_file_write(t->o.model, t->learner);
    if (e == OK)
        t->saved = changes;
    return e;
}

struct learner_labels teacher_labels(struct teacher *t) { return learner_labels(t->learner); }
