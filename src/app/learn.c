/* Both commands walk a corpus with a learner in hand. A corpus has no inboxes: each message counts as a source of its
 * own, save copies. */
#include "app/learn.h"
#include "app/corpus.h"
#include "app/shipped.h"
#include "base/rand.h"
#include "base/secret.h"
#include "core/understand.h"
#include "io/file.h"
#include "trust/model_file.h"
#include "trust/prior.h"
#include "trust/repeats.h"
#include "trust/rules.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { EXIT_USAGE = 2, ARENA_MAX = 64 << 20, PATH_N = 4096 };

struct job {
    const struct config *config;
    const char *model, *prior, *out;   /* out: a prior to be made */
    bool online, index, writes, rules; /* rules: their scores are added */
    bool named;                        /* anything, be there mail in it or not */
    struct corpus corpus;
    struct learner *learner;
    struct prior taught; /* by somebody else, long ago */
    struct repeats repeats;
    uint64_t source;
    size_t unread;
    char model_path[PATH_N];
    int lock;
};

/* ---- arguments ---- */
static const char *value_of(char **args, int n, int *i) { return *i + 1 < n ? args[++*i] : NULL; }

static void say_passed(const char *path, const char *why)
{
    fprintf(stderr, "mayfly: %s: %s: passed over\n", path, why);
}

static enum err add_path(struct job *j, const char *path, enum corpus_label label)
{
    enum err e = corpus_add(&j->corpus, path, label);
    if (e != OK)
        fprintf(stderr, "mayfly: %.*s: %s\n", STR_FMT(j->corpus.at), j->corpus.why);
    return e;
}

static enum err add_index(struct job *j, const char *path)
{
    enum err e = path == NULL ? ERR_GONE : corpus_add_index(&j->corpus, path);
    j->index = true;
    if (path == NULL)
        fprintf(stderr, "mayfly: --index goes before a file\n");
    else if (e != OK && str_eq(j->corpus.at, str_c(path)))
        fprintf(stderr, "mayfly: the index %s: %s\n", path, j->corpus.why);
    else if (e != OK)
        fprintf(stderr, "mayfly: the index %s: %.*s: %s\n", path, STR_FMT(j->corpus.at), j->corpus.why);
    return e;
}

/* What teaches says what it is. */
static bool is_labelled(const struct job *j)
{
    for (size_t i = 0; i < corpus_n(&j->corpus) && j->writes; i++)
        if (corpus_at(&j->corpus, i)->label == CORPUS_UNKNOWN) {
            fprintf(stderr, "mayfly: is it ham or spam? --ham or --spam goes before the paths\n");
            return false;
        }
    return true;
}

/* False: not as the usage has it, or something named is not there. What was named may have no mail in it. */
static bool args_read(struct job *j, char **args, int n)
{
    enum corpus_label label = CORPUS_UNKNOWN;
    for (int i = 0; i < n; i++) {
        struct str word = str_c(args[i]);
        enum err e = OK;
        if (str_eq(word, S("--ham")) || str_eq(word, S("--spam")))
            label = str_eq(word, S("--ham")) ? CORPUS_HAM : CORPUS_SPAM;
        else if (str_eq(word, S("--model")))
            e = (j->model = value_of(args, n, &i)) == NULL ? ERR_BAD : OK;
        else if (str_eq(word, S("--prior")))
            e = (*(j->writes ? &j->out : &j->prior) = value_of(args, n, &i)) == NULL ? ERR_BAD : OK;
        else if (str_eq(word, S("--index")))
            e = add_index(j, value_of(args, n, &i));
        else if (str_eq(word, S("--online")) && !j->writes)
            j->online = true;
        else if (str_eq(word, S("--rules")) && !j->writes)
            j->rules = true;
        else if (str_starts(word, S("--")))
            e = ERR_BAD;
        else
            e = add_path(j, args[i], label);
        if (e != OK)
            return false;
        j->named |= j->index || !str_starts(word, S("--"));
    }
    return j->named && (j->model == NULL || j->out == NULL) && is_labelled(j);
}

/* ---- the learner ---- */
static enum err choose_model(struct job *j)
{
    int n = j->model != NULL
                ? snprintf(j->model_path, PATH_N, "%s", j->model)
                : snprintf(j->model_path, PATH_N, "%.*s/learner/model", STR_FMT(j->config->server_data_dir));
    return n > 0 && n < PATH_N ? OK : ERR_IO;
}

/* The folder of the default model is made by whoever comes first. */
static enum err make_folders(const struct job *j)
{
    char folder[PATH_N];
    if (j->model != NULL)
        return OK;
    snprintf(folder, sizeof folder, "%.*s", STR_FMT(j->config->server_data_dir));
    enum err e = file_make_dir(folder);
    snprintf(folder, sizeof folder, "%.*s/learner", STR_FMT(j->config->server_data_dir));
    return e == OK ? file_make_dir(folder) : e;
}

static enum err open_local(struct job *j)
{
    uint8_t key[LEARNER_KEY_N] = { 0 };
    enum err e = choose_model(j);
    if (e == OK && j->writes)
        e = make_folders(j);
    if (e == OK)
        e = j->writes ? model_file_lock(j->model_path, key, &j->lock) : model_file_key(j->model_path, key);
    if (e != OK && (e != ERR_GONE || (!j->online && j->model != NULL)))
        return e;
    e = learner_new(key, false, &j->learner);
    if (e == OK)
        e = model_file_read(j->model_path, j->learner);
    return e == ERR_GONE ? OK : e;
}

/* Whatever else was there would be lost. */
static enum err open_out(struct job *j)
{
    enum err e = model_file_look(j->out);
    return e == OK || e == ERR_GONE ? learner_new(NULL, true, &j->learner) : e;
}

/* errno is what the last call left that failed, 0 where none did. */
static const char *why_of(enum err e)
{
    return e == ERR_FULL               ? "no space left on the disk"
           : e == ERR_IO && errno != 0 ? strerrordesc_np(errno)
                                       : model_file_why(e);
}

static enum err complain_of(const char *what, struct str path, enum err e, const char *why)
{
    if (e != OK)
        fprintf(stderr, "mayfly: %s %.*s: %s\n", what, STR_FMT(path), why);
    return e;
}

static enum err complain(const char *what, struct str path, enum err e)
{
    return complain_of(what, path, e, why_of(e));
}

/* The key is looked for first: is it that, or the model? */
static const char *model_why(const struct job *j, enum err e)
{
    uint8_t key[LEARNER_KEY_N];
    const char *why = why_of(e);
    enum err model = model_file_look(j->model_path), its_key = model_file_key(j->model_path, key);
    secret_wipe(key, sizeof key);
    if (model == OK && its_key == ERR_GONE)
        return "its key, the file of that name with .key behind it, is not there";
    if (model == OK && its_key == ERR_BAD)
        return "its key, the file of that name with .key behind it, is damaged";
    return model == ERR_BAD && its_key == ERR_GONE ? model_file_why(ERR_BAD) : why;
}

/* The model last: it may be made, and a command that is refused leaves nothing behind. */
static enum err open_learner(struct job *j)
{
    struct str prior = j->prior != NULL ? str_c(j->prior) : j->config->trust_prior;
    enum err e = rand_start();
    errno = 0;
    if (e == OK && j->out != NULL)
        return complain("the prior", str_c(j->out), open_out(j));
    if (e == OK)
        e = complain("the prior", prior, shipped_open(prior, &j->taught));
    if (e != OK)
        return e;
    errno = 0;
    e = open_local(j); /* it chooses the path */
    return e == OK ? OK : complain_of("the model", str_c(j->model_path), e, model_why(j, e));
}

/* ---- each message ---- */
static enum err teach(struct job *j, const struct features *f, enum corpus_label label)
{
    uint64_t source = repeats_source(&j->repeats, f, ++j->source);
    struct learner_lesson lesson = { .spam = label == CORPUS_SPAM, .source = source };
    lesson.offset = prior_score(&j->taught, f, learner_labels(j->learner));
    return label == CORPUS_UNKNOWN ? OK : learner_train(j->learner, f, &lesson);
}

static double score(struct job *j, const struct features *f)
{
    return learner_score(j->learner, f) + prior_score(&j->taught, f, learner_labels(j->learner));
}

/* As a server adds them up for a sender that nobody was asked about; what cannot be read has none. */
static double by_rules(struct str raw)
{
    AUTO_ARENA struct arena a = { .max = UNDERSTAND_ARENA };
    AUTO_BUF struct buf json = { .max = SUMMARY_MAX * 4 };
    struct mime_tree tree;
    struct content c;
    struct symbols found = { 0 };
    const char *why;
    if (understand(&a, raw, &tree, &c, &json, &why) == OK)
        rules_run(&c, &found);
    return symbols_score(&found);
}

static void print_score(const struct corpus_item *it, double score)
{
    struct str label = corpus_label_name(it->label);
    printf("%s", it->path.p);
    if (it->part)
        printf(":%llu", (unsigned long long)it->at);
    printf(" %.*s %.5f\n", STR_FMT(label), score);
}

/* Of the first that cannot be read. */
static const char *unread_why(const struct corpus_item *it)
{
    AUTO_FD int fd = open(it->path.p, O_RDONLY | O_CLOEXEC);
    return fd < 0                       ? strerrordesc_np(errno)
           : it->n > CORPUS_MESSAGE_MAX ? "larger than 64 MiB"
                                        : "no message that can be read";
}

static enum err each(struct job *j, const struct corpus_item *it)
{
    AUTO_BUF struct buf raw = { .max = CORPUS_MESSAGE_MAX };
    AUTO_ARENA struct arena a = { .max = ARENA_MAX };
    struct mime_tree tree;
    struct features f;
    enum err e = corpus_read(it, &raw);
    if (e == OK)
        e = mime_parse(&a, buf_str(&raw), &tree);
    if (e == OK)
        e = feature_make(&a, &tree, buf_str(&raw), S(""), &f);
    bool read = e == OK;
    if (!read && j->unread == 0)
        fprintf(stderr, "mayfly: %s: %s\n", it->path.p, unread_why(it));
    j->unread += !read;
    if (!j->writes)
        print_score(it, (read ? score(j, &f) : 0) + (j->rules ? by_rules(buf_str(&raw)) : 0));
    return read && (j->writes || j->online) ? teach(j, &f, it->label) : OK;
}

static enum err all(struct job *j)
{
    enum err e = OK;
    if (!j->index && j->writes)
        corpus_shuffle(&j->corpus);
    for (size_t i = 0; i < corpus_n(&j->corpus) && e == OK; i++)
        e = each(j, corpus_at(&j->corpus, i));
    return e;
}

/* Root teaches for the server, which has to read it. */
static void give_to_server(const struct job *j)
{
    static const char *const ends[] = { "", ".steps", ".key" };
    char path[PATH_N + 8];
    struct stat s;
    snprintf(path, sizeof path, "%.*s", STR_FMT(j->config->server_data_dir));
    if (j->out != NULL || j->model != NULL || geteuid() != 0 || stat(path, &s) != 0)
        return;
    for (size_t i = 0; i < COUNT(ends); i++) {
        snprintf(path, sizeof path, "%s%s", j->model_path, ends[i]);
        if (lchown(path, s.st_uid, s.st_gid) != 0 && errno != ENOENT)
            fprintf(stderr, "mayfly: %s: cannot be given to the server's user\n", path);
    }
    snprintf(path, sizeof path, "%.*s/learner", STR_FMT(j->config->server_data_dir));
    (void)!lchown(path, s.st_uid, s.st_gid);
}

static enum err write_down(struct job *j)
{
    struct learner_labels n = learner_labels(j->learner);
    const char *path = j->out != NULL ? j->out : j->model_path;
    errno = 0;
    enum err e = model_file_write(path, j->learner);
    if (e == OK)
        give_to_server(j);
    if (e == OK)
        printf("%s: %u ham and %u spam learned in all\n", path, n.ham, n.spam);
    else
        fprintf(stderr, "mayfly: %s: %s\n", path, why_of(e));
    return e;
}

static int run(struct job *j, char **args, int n, const char *usage)
{
    corpus_init(&j->corpus);
    j->corpus.passed = say_passed;
    j->lock = -1;
    bool good = args_read(j, args, n);
    bool empty = good && corpus_n(&j->corpus) == 0;
    if (!good)
        fprintf(stderr, "usage: mayfly %s\n", usage);
    if (empty)
        fprintf(stderr, "mayfly: no message is in what was named%s\n", j->writes ? ": nothing to learn from" : "");
    enum err e = good && !empty ? open_learner(j) : ERR_BAD;
    if (e == OK)
        e = all(j);
    if (e == OK && j->writes)
        e = write_down(j);
    if (j->unread > 0)
        fprintf(stderr, "mayfly: %zu messages cannot be read\n", j->unread);
    util_close_fd(&j->lock);
    learner_free(j->learner);
    prior_close(&j->taught);
    corpus_fini(&j->corpus);
    return !good ? EXIT_USAGE : e == OK ? 0 : 1;
}

static int run_job(const struct config *c, bool writes, char **args, int n, const char *usage)
{
    struct job *j = calloc(1, sizeof *j);
    if (j == NULL)
        return 1;
    j->config = c;
    j->writes = writes;
    int code = run(j, args, n, usage);
    free(j);
    return code;
}

int learn_run(const struct config *c, char **args, int n) { return run_job(c, true, args, n, "learn " LEARN_USAGE); }

int classify_run(const struct config *c, char **args, int n)
{
    return run_job(c, false, args, n, "classify " CLASSIFY_USAGE);
}
